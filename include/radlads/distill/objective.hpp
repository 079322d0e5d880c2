// SPDX-License-Identifier: Apache-2.0
#pragma once
// What objectives of all stages share: the loss they report and the cutting of a batch into smaller
// ones whose gradients add up.

#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
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

/// Sum of losses, in double, on the host.
template <class T, class B>
double sum_of(B& b, const tensor<T, 1, B>& losses) {
  double total = 0;
  for (const T each : to_host(b, losses)) total += static_cast<double>(each);
  return total;
}

}  // namespace radlads::distill
