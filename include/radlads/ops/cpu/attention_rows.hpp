// SPDX-License-Identifier: Apache-2.0
#pragma once
// What both forms of attention on the CPU share: the arguments, and the query rows that read one
// key/value head.

#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads::cpu_detail {

/// Inputs of attention. q: (B, T, H, N); k, v: (B, S, Hkv, N).
template <class T>
struct attention_inputs {
  real_t<T> scale;
  view<const T, 4> q, k, v;

  std::int64_t batches() const { return q.extent(0); }
  std::int64_t times() const { return q.extent(1); }
  std::int64_t keys() const { return k.extent(1); }
  std::int64_t kv_heads() const { return k.extent(2); }
  std::int64_t group() const { return q.extent(2) / k.extent(2); }
  std::int64_t width() const { return q.extent(3); }
  /// Number of keys that the query at time t sees.
  std::int64_t visible(std::int64_t t) const { return keys() - times() + t + 1; }
};

/// What attention's backward reads of the forward, and what it writes.
template <class T>
struct attention_gradients {
  view<const T, 4> y;
  view<const T, 3> log_sum;
  view<const T, 4> dy;
  view<T, 4> dq, dk, dv;
};

/// One query of a key/value head: rows run over time and, inside, over the query heads of its
/// group.
struct attention_row {
  std::int64_t batch, time, head;
};

template <class T>
attention_row row_of(const attention_inputs<T>& in, std::int64_t batch, std::int64_t kv_head,
                     std::int64_t row) {
  const std::int64_t group = in.group();
  return {batch, row / group, kv_head * group + row % group};
}

/// The tile of queries taken at a turn. Early tiles see few keys and late ones many: taken from
/// both ends, any range of turns costs about the same.
inline std::int64_t balanced_tile(std::int64_t turn, std::int64_t tiles) {
  return turn % 2 == 0 ? turn / 2 : tiles - 1 - turn / 2;
}

}  // namespace radlads::cpu_detail
