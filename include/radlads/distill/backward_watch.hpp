// SPDX-License-Identifier: Apache-2.0
#pragma once
// How an objective tells whoever sums gradients over ranks how far its backward pass is.

#include <cstdint>
#include <functional>
#include <utility>

namespace radlads::distill {

/// Held by an objective during a step. An objective that takes one, by watch(), has
/// for_each_by_finish(grads, f), which calls f(index, tensor) for gradients that are final when
/// finished(index) has been called in the last micro-batch.
class backward_watch {
 public:
  backward_watch(std::function<void(std::int64_t)> finished, std::function<void()> launched)
      : finished_(std::move(finished)), launched_(std::move(launched)) {}

  /// Called behind the work that makes these gradients final, in every micro-batch; while a graph
  /// is captured, and not when it runs.
  void finished(std::int64_t index) const { finished_(index); }
  /// Called when the work of the last micro-batch has been put on the backend.
  void launched() const { launched_(); }

 private:
  std::function<void(std::int64_t)> finished_;
  std::function<void()> launched_;
};

}  // namespace radlads::distill
