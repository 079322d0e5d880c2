// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the scan on the CPU keeps of one head between memory and cells: the tokens of a segment side
// by side, rows of state as lanes, and a token's input gradients before their lanes are
// summed.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"
#include "radlads/recurrence/state.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <array>
#include <cstdint>

namespace radlads::recurrence {

/// Lanes for heads of K keys, which tend to have as many channels. Wide heads get four
/// of the registers that Eigen was compiled for, so that one broadcast of an input serves four.
template <class T, int K>
inline constexpr int scan_lanes = K <= 8
                                      ? lane_width<T> / 2
                                      : (K <= 32 ? lane_width<T>
                                                 : 4 * std::max(16, EIGEN_MAX_STATIC_ALIGN_BYTES) /
                                                       int{sizeof(T)});

/// One token's inputs, x[input][j], out of a segment's (inputs, checkpoint_interval, K).
template <class T, int K>
struct token_inputs {
  const T* rows;
  RADLADS_INLINE const T* operator[](int input) const {
    return rows + input * checkpoint_interval * K;
  }
};

/// One head's rows of a (B, T, H, C) view from token `start` on, `step` elements apart. A view of
/// fewer heads than there are has one for as many neighbours.
template <class T>
struct head_rows {
  T* first;
  std::int64_t step;

  head_rows(const view<T, 4>& all, std::int64_t batch, std::int64_t head, std::int64_t heads,
            std::int64_t start)
      : first(all.row(batch, start, head * all.extent(2) / heads)), step(all.stride(1)) {}
  T* operator[](std::int64_t i) const { return first + i * step; }
};

/// Copies the inputs of tokens [start, start + count) of one head into (inputs,
/// checkpoint_interval, K), the decay's logarithm turned into a factor. Entries above the head's
/// own size are zero, their decay one: such rows of state stay zero. A segment at a time, so that
/// the loads, whose rows lie far apart, overlap.
template <class Cell, class T, int K>
void gather_segment(const std::array<view<const T, 4>, Cell::inputs>& inputs, std::int64_t batch,
                    std::int64_t head, std::int64_t start, std::int64_t count, T* to) {
  const std::int64_t heads = inputs[0].extent(2);
  for (int input = 0; input < Cell::inputs; ++input) {
    const view<const T, 4>& from = inputs[static_cast<std::size_t>(input)];
    const std::int64_t size = from.extent(3);
    const head_rows<const T> source(from, batch, head, heads, start);
    T* target = to + input * checkpoint_interval * K;
    for (std::int64_t i = 0; i < count; ++i, target += K) {
      if (size == K) {
        std::copy(source[i], source[i] + K, target);
      } else {
        std::fill(std::copy(source[i], source[i] + size, target), target + K, T(0));
      }
    }
  }
  using whole = Eigen::Array<T, Eigen::Dynamic, 1>;
  Eigen::Map<whole> decays(to + Cell::decay * checkpoint_interval * K, count * K);
  decays = decays.exp();
}

/// One head's (K, V) of a state (B, H, K, V), or null for an absent one.
template <class T>
T* head_state(const view<T, 4>& state, std::int64_t batch, std::int64_t head) {
  return state.empty() ? nullptr : state.row(batch, head, 0);
}

/// Which part of one head's (keys, V) state a row of lanes holds: K times W channels from `offset`.
/// Rows beyond the head's own keys and lanes beyond its channels are zero.
template <class T, int K, int W>
struct state_block {
  using lanes_t = lanes<T, W>;
  std::int64_t keys, V, offset;

  std::int64_t width() const { return std::min<std::int64_t>(W, V - offset); }
  /// A null pointer loads zeros.
  void load(const T* state, lanes_t* to) const {
    for (std::int64_t j = 0; j < K; ++j) {
      const bool is_zero = state == nullptr || j >= keys;
      to[j] = is_zero ? lanes_t(T(0)) : lanes_t::load(state + j * V + offset, width());
    }
  }
  void store(const lanes_t* from, T* state) const {
    for (std::int64_t j = 0; j < keys; ++j) from[j].store(state + j * V + offset, width());
  }
};

/// Lanes that are left when a sum goes to memory to be summed.
template <class T>
inline constexpr int partial_lanes = lane_width<T> / 2;

/// The sum of the lanes' halves, quarters, ... down to partial_lanes.
template <class T, int W>
RADLADS_INLINE lanes<T, partial_lanes<T>> fold(const lanes<T, W>& x) {
  if constexpr (W == partial_lanes<T>) {
    return x;
  } else {
    using half = typename lanes<T, W / 2>::array;
    return fold(
        lanes<T, W / 2>(half(x.value.template head<W / 2>() + x.value.template tail<W / 2>())));
  }
}

/// Takes a cell's input gradients, (inputs, K) partial sums over the channels of the lanes.
template <class T, int K>
struct partial_gradients {
  T* sums;
  template <int W>
  RADLADS_INLINE void add(int input, int j, const lanes<T, W>& value) {
    fold(value).store(sums + (input * K + j) * partial_lanes<T>);
  }
};

/// sums (Count, Lanes) -> totals (Count). Neighbours are added until one is left: compilers turn
/// these loops into whole vectors, which a sum of each row is not. `sums` is overwritten.
template <int Count, int Lanes, class T>
RADLADS_INLINE void sum_neighbours(T* sums, T* totals) {
  if constexpr (Lanes == 2) {
    for (int i = 0; i < Count; ++i) totals[i] = sums[2 * i] + sums[2 * i + 1];
  } else {
    constexpr int half = Count * Lanes / 2;
    alignas(64) T next[half];
    for (int i = 0; i < half; ++i) next[i] = sums[2 * i] + sums[2 * i + 1];
    sum_neighbours<Count, Lanes / 2>(next, totals);
  }
}

}  // namespace radlads::recurrence
