// SPDX-License-Identifier: Apache-2.0
#pragma once
// The vectors of one chunk in the scale that chunk_tile.cuh describes.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/cuda/bf16_tile.cuh"
#include "radlads/recurrence/cuda/chunk_form.cuh"

#include <cstdint>

namespace radlads::recurrence::chunkwise {

using mma::word;

inline constexpr float lowest_decay = -10.0f * log2_of_e;
__device__ inline float decay_of(float log_w) { return fmaxf(log_w * log2_of_e, lowest_decay); }

/// Factors of a thread's part of a chunk: rows 2r, 2r + 1, 8 + 2r, 9 + 2r with r = lane / 8 % 4,
/// columns 2 (8 warp + lane % 8) and the next. A token with one decay needs one column.
template <class Form>
struct chunk_factors {
  static constexpr int columns = has_token_decay<Form> ? 1 : 2;
  float g[columns][4];                                // g, to base 2
  float exp_g[columns][4], exp_g_before[columns][4];  // e^g of the row, and of the row before it
  float exp_neg_g[columns][4];

  /// From the decays of the rows; `start` and `last` get what the two halves do to the state.
  __device__ chunk_factors(const float (&w)[columns][4], float* start, float* last) {
    const int r = static_cast<int>(threadIdx.x) % 32 / 8;
    RADLADS_UNROLL_ROW
    for (int c = 0; c < columns; ++c) {
      float behind = w[c][0] + w[c][1],
            ahead = w[c][2] + w[c][3];  // sums over groups of rows, r and later or earlier
      const float own_behind = behind, own_ahead = ahead;
      RADLADS_UNROLL_ROW
      for (int step = 1; step < 4; step *= 2) {
        const float from_later = __shfl_down_sync(~0u, behind, 8 * step),
                    from_earlier = __shfl_up_sync(~0u, ahead, 8 * step);
        behind += r + step < 4 ? from_later : 0.0f;
        ahead += r >= step ? from_earlier : 0.0f;
      }
      RADLADS_UNROLL_ROW
      for (int i = c; i < 2; i += columns) {
        if (r == 0) start[i] = exp2_of(behind);
        if (r == 3) last[i] = exp2_of(ahead);
      }
      const float later = behind - own_behind;
      const float before[2] = {-behind, ahead - own_ahead};
      g[c][1] = -later;
      g[c][0] = -(later + w[c][1]);
      g[c][2] = before[1] + w[c][2];
      g[c][3] = ahead;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) {
        exp_g[c][i] = exp2_of(g[c][i]);
        exp_neg_g[c][i] = exp2_of(-g[c][i]);
        exp_g_before[c][i] = i % 2 == 0 ? exp2_of(before[i / 2]) : exp_g[c][i - 1];
      }
    }
  }
};

/// Scales a chunk: `high` gets q', k', a', b' (and, if IsSplit, `low_q` and `low`, of k', a', b',
/// what rounding lost), `sums`, if not null, g, and `start` and `last` the factors of its two
/// halves on the state; of a bonus, if IsSplit, what a token reads of itself goes to `extras`. Only
/// the sixteen columns of this warp are read and written.
template <int D, class Form, bool IsSplit>
__device__ inline void scale_chunk(const bf16* raw, chunk_extras<D, Form>& extras, bf16* high,
                                   bf16* low_q, bf16* low, float* sums, float* start, float* last) {
  constexpr int stride = sizes<D>::stride, tile = sizes<D>::tile;
  using factors = chunk_factors<Form>;
  constexpr int second = factors::columns - 1;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int r = lane / 8, column = 2 * (warp * 8 + lane % 8);
  const auto row_of = [&](int i) { return 2 * r + i % 2 + i / 2 * 8; };
  const auto read = [&](int which, int i) {
    return *reinterpret_cast<const word*>(raw + which * tile + row_of(i) * stride + column);
  };
  float w[factors::columns][4];
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    if constexpr (has_token_decay<Form>) {
      w[0][i] = decay_of(extras.token[0][row_of(i)]);
    } else {
      const word pair = read(in_w, i);
      w[0][i] = decay_of(mma::first_of(pair));
      w[1][i] = decay_of(mma::second_of(pair));
    }
  }
  const factors f(w, start + column, last + column);
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    const auto put = [&](scaled which, word pair, float first, float other) {
      const float x = mma::first_of(pair) * first, y = mma::second_of(pair) * other;
      const word rounded = bf16_pair(x, y);
      const int at = which * tile + row_of(i) * stride + column;
      *reinterpret_cast<word*>(high + at) = rounded;
      if constexpr (IsSplit) {
        bf16* rest = which == left_q ? low_q + at : low + at - tile;
        *reinterpret_cast<word*>(rest) = mma::rest_pair(rounded, x, y);
      }
    };
    const word q = read(in_r, i), k = read(in_k<Form>, i);
    const auto& exp_g = has_bonus<Form> ? f.exp_g_before : f.exp_g;
    put(left_q, q, exp_g[0][i], exp_g[second][i]);
    if constexpr (has_beta<Form>) {
      const float written = extras.token[beta<Form>][row_of(i)];
      put(right_k, k, written * f.exp_neg_g[0][i], written * f.exp_neg_g[second][i]);
      put(left_a, k, -f.exp_g[0][i], -f.exp_g[second][i]);
    } else {
      put(right_k, k, f.exp_neg_g[0][i], f.exp_neg_g[second][i]);
    }
    if constexpr (writes_twice<Form>) {
      put(left_a, read(in_a, i), f.exp_g_before[0][i], f.exp_g_before[1][i]);
      put(right_b, read(in_b, i), f.exp_neg_g[0][i], f.exp_neg_g[1][i]);
    }
    if constexpr (has_bonus<Form> && IsSplit) {
      float own = mma::first_of(q) * mma::first_of(k) * extras.bonus[column] +
                  mma::second_of(q) * mma::second_of(k) * extras.bonus[column + 1];
      RADLADS_UNROLL_ROW
      for (int bit = 1; bit < 8; bit *= 2) own += __shfl_xor_sync(~0u, own, bit);
      if (lane % 8 == 0) extras.own[warp][row_of(i)] = own;
    }
    if (sums != nullptr) {
      *reinterpret_cast<float2*>(sums + row_of(i) * stride + column) =
          float2{f.g[0][i], f.g[second][i]};
    }
  }
}

}  // namespace radlads::recurrence::chunkwise
