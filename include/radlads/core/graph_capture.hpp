// SPDX-License-Identifier: Apache-2.0
#pragma once
// Work that is done again and again on the same memory. A backend that can captures it once as a
// graph and then launches the graph, which needs no work of the host's; the others do it each time.

#include "radlads/core/error.hpp"

#include <cstdint>
#include <span>

namespace radlads {

/// Thrown by what no graph can hold: fresh memory, waiting, memory of the host, or a decision that
/// the next run may take otherwise.
class not_capturable : public error {
 public:
  using error::error;
};

/// Whether a backend is capturing a graph: what runs now is kept, not done.
template <class B>
bool is_capturing(const B& b) {
  if constexpr (requires { b.is_capturing(); }) {
    return b.is_capturing();
  } else {
    return false;
  }
}

/// One piece of work of backend B. cuda_backend's is in core/cuda/graph_capture.cuh.
template <class B>
class graph_capture {
 public:
  /// Does f(), on a backend that captures graphs sometimes without calling it. So f must only put
  /// work on the backend, on memory of tensors that live on and on numbers that `key` holds. Ids in
  /// that memory may change, and are not checked in a graph.
  template <class F>
  void run(B&, std::span<const std::int64_t>, F&& f) {
    f();
  }
};

}  // namespace radlads
