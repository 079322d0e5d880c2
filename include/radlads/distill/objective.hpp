// SPDX-License-Identifier: Apache-2.0
#pragma once
// What objectives of all stages share: the loss they report and the cutting of a batch into smaller
// ones whose gradients add up.

#include "radlads/core/error.hpp"
#include "radlads/core/graph_capture.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"
#include "radlads/distill/backward_watch.hpp"
#include "radlads/ops/embedding.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::distill {

/// Loss of one batch: the mean over its tokens, and by layer where the objective has layers.
struct batch_loss {
  double loss = 0;
  std::vector<double> layers;
};

/// Calls f(rows) for consecutive groups of at most `size` rows of ids (rows, tokens).
template <class Space, class F>
void for_each_micro_batch(const view<const std::int32_t, 2, Space>& ids, std::int64_t size, F&& f) {
  require(size > 0, "train: the micro-batch is ", size, " rows");
  for (std::int64_t first = 0; first < ids.extent(0); first += size) {
    view<const std::int32_t, 2, Space> part = ids;
    part.pointer += first * ids.stride(0);
    part.extents[0] = std::min(size, ids.extent(0) - first);
    f(part);
  }
}

/// Whether rows are the last of the rows of ids.
template <class Space>
bool are_last(const view<const std::int32_t, 2, Space>& rows,
              const view<const std::int32_t, 2, Space>& ids) {
  return rows.pointer + rows.extent(0) * ids.stride(0) ==
         ids.pointer + ids.extent(0) * ids.stride(0);
}

/// Who is told of the backward pass of an objective's micro-batches, if anybody is.
class watched {
 public:
  void watch(const backward_watch* watch) { watch_ = watch; }
  const backward_watch* get() const { return watch_; }

  void finished(std::int64_t index) const {
    if (watch_ != nullptr) watch_->finished(index);
  }
  void launched(bool is_last) const {
    if (watch_ != nullptr && is_last) watch_->launched();
  }

 private:
  const backward_watch* watch_ = nullptr;
};

/// Sum of losses, in double, on the host.
template <class T, class B>
double sum_of(B& b, const tensor<T, 1, B>& losses) {
  double total = 0;
  for (const T each : to_host(b, losses)) total += static_cast<double>(each);
  return total;
}

/// The memory of some tensor of a set, null when there is none.
template <class P>
const void* memory_of(P* set) {
  const void* found = nullptr;
  if (set != nullptr) {
    P::for_each(
        [&](const std::string&, auto& each) {
          if (!each.empty()) found = each.data();
        },
        *set);
  }
  return found;
}

/// The work of a micro-batch, captured where the backend can: for rows of one shape it is the same
/// from step to step, but for the ids, which are brought to one place.
template <class B>
class micro_batch_work {
 public:
  /// Calls work(ids) on the rows of ids, unless their graph does it. What else the work depends on
  /// is `scale`, which gradients there are, where `gradients` points to some of them or is null,
  /// and who watches. Throws when an id is not in the vocabulary.
  template <class F>
  void run(B& b, view_on<const std::int32_t, 2, B> ids, std::int64_t vocabulary, double scale,
           const void* gradients, F&& work, const watched& watch = {}) {
    ids_.resize(b, ids.sizes());
    for (std::int64_t row = 0; row < ids.extent(0); ++row) {
      b.copy(ids_.whole().row(row), ids.row(row),
             static_cast<std::size_t>(ids.extent(1)) * sizeof(std::int32_t));
    }
    ops::require_ids(b, view_on<const std::int32_t, 1, B>(ids_.flat()), vocabulary);
    const auto address = [](const void* pointer) {
      return static_cast<std::int64_t>(reinterpret_cast<std::uintptr_t>(pointer));
    };
    const std::int64_t key[] = {ids.extent(0), ids.extent(1), std::bit_cast<std::int64_t>(scale),
                                address(gradients), address(watch.get())};
    graph_.run(b, key, [&] { work(ids_.read()); });
  }

  const graph_capture<B>& graph() const { return graph_; }

 private:
  tensor<std::int32_t, 2, B> ids_;
  graph_capture<B> graph_;
};

}  // namespace radlads::distill
