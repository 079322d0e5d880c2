// SPDX-License-Identifier: Apache-2.0
#pragma once
// One chunk of sixteen tokens of a recurrence with a diagonal transition, or one of diagonal plus
// rank one, as both directions of the chunkwise form need it. With g_t the cumulative log decay
// from the middle of the chunk to token t, positive before the middle and negative after it:
//   q' = q e^g,  a' = a e^(g before t),  k' = k e^-g,  b' = b e^-g
//   Aqk = tril(q' k'^T),  Aqb = tril(q' b'^T),  Aak = tril_(a' k'^T),  Aab = tril_(a' b'^T)
//   M = (I - Aab)^-1
// The delta rule writes one vector, what is new of the value, with beta: a' = -k e^g,
// k' = beta k e^-g, and Aqk and Aak, which takes the place of Aab, are all there is.
// With a bonus a token is read before it is written: q' is scaled as a' is, and Aqk = tril_(q'
// k'^T) with r u k of each token on its diagonal. States are scaled alike: S' = S diag(e^g of the
// middle). Eight steps of log decay lie on each side of the middle, so e^(+-80) is the largest
// factor for decays down to e^-10 a step; stronger ones act as e^-10, which is below the rounding
// of the state.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/mma.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/cuda/bf16_tile.cuh"
#include "radlads/recurrence/cuda/chunk_form.cuh"
#include "radlads/recurrence/cuda/chunk_scale.cuh"

#include <cstdint>

namespace radlads::recurrence::chunkwise {

inline constexpr int score_stride = chunk + 8;
inline constexpr int score_tile = chunk * score_stride;

/// Starts copying sixteen rows; zeros behind the last token, which change nothing.
template <int D>
__device__ inline void load_rows(bf16* to, const bf16* from, std::int64_t time_stride,
                                 std::int64_t first, std::int64_t tokens) {
  const int row = static_cast<int>(threadIdx.x) / (D / 8),
            column = static_cast<int>(threadIdx.x) % (D / 8) * 8;
  const bool is_real = first + row < tokens;
  copy_async(shared_address(to + row * sizes<D>::stride + column),
             from + (is_real ? first + row : 0) * time_stride + column, is_real);
}

/// Starts copying the columns of WarpTiles warp tiles from `warp_tile` on of sixteen rows.
template <int D, int WarpTiles, int Threads>
__device__ inline void load_columns(bf16* to, int warp_tile, const bf16* from,
                                    std::int64_t time_stride, int first, std::int64_t tokens,
                                    int thread) {
  constexpr int pieces = WarpTiles * 2;
  RADLADS_UNROLL_ROW
  for (int i = thread; i < chunk * pieces; i += Threads) {
    const int row = i / pieces, column = warp_tile * 16 + i % pieces * 8;
    const bool is_real = first + row < tokens;
    copy_async(shared_address(to + row * sizes<D>::stride + column),
               from + (is_real ? first + row : 0) * time_stride + column, is_real);
  }
}

/// Writes the sixteen columns of warp tile `warp_tile` to memory, by one warp.
template <int D>
__device__ inline void store_columns(const bf16* tile, int warp_tile, bf16* to,
                                     std::int64_t time_stride, std::int64_t first,
                                     std::int64_t tokens) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const int row = lane / 2, column = warp_tile * 16 + lane % 2 * 8;
  if (first + row >= tokens) return;
  *reinterpret_cast<uint4*>(to + (first + row) * time_stride + column) =
      *reinterpret_cast<const uint4*>(tile + row * sizes<D>::stride + column);
}

/// Writes sums (16 value channels of a warp tile, 16 tokens) into the warp tile's columns of a tile
/// (tokens, D).
template <int D>
__device__ inline void put_transposed(bf16* tile, int warp_tile, const float (&sums)[2][4]) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  RADLADS_UNROLL_ROW
  for (int half = 0; half < 2; ++half) {
    RADLADS_UNROLL_ROW
    for (int low = 0; low < 2; ++low) {
      const word pair = mma::transpose(bf16_pair(sums[half][2 * low], sums[half][2 * low + 1]));
      *reinterpret_cast<word*>(tile + (half * 8 + lane / 4) * sizes<D>::stride + warp_tile * 16 +
                               low * 8 + lane % 4 * 2) = pair;
    }
  }
}

/// Products of rows, 16 x 8: left (16, D) times rows 8 half .. of right (16, D), with their low
/// parts if IsSplit.
template <int D, bool IsSplit>
__device__ inline void products_of_rows(float (&sums)[4], const bf16* left, const bf16* left_low,
                                        const bf16* right, const bf16* right_low, int half) {
  constexpr int stride = sizes<D>::stride;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const mma::tile_offsets<stride> at(lane);
  const std::uint32_t from_left = shared_address(left) + at.left;
  const auto right_offset =
      static_cast<std::uint32_t>((half * 8 + lane % 8) * stride * 2 + lane / 8 * 16);
  const std::uint32_t from_right = shared_address(right) + right_offset;
  const std::uint32_t rest_left = shared_address(left_low) + at.left;
  const std::uint32_t rest_right = shared_address(right_low) + right_offset;
  float parts[2][4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < D / 32; ++n) {
    const auto columns = static_cast<std::uint32_t>(n * 64);
    const mma::operand r = mma::load(from_right + columns);
    mma::operand r_rest{};
    if constexpr (IsSplit) r_rest = mma::load(rest_right + columns);
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      const mma::operand l = mma::load(from_left + columns + static_cast<std::uint32_t>(i * 32));
      mma::multiply_add(sums, l, r, i);
      if constexpr (IsSplit) {
        const mma::operand l_rest =
            mma::load(rest_left + columns + static_cast<std::uint32_t>(i * 32));
        mma::multiply_add(parts[0], l_rest, r, i);
        mma::multiply_add(parts[1], l, r_rest, i);
      }
    }
  }
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) sums[i] += parts[0][i] + parts[1][i];
}

/// Writes half a triangle, 16 x 8, in two parts; entries above the diagonal, or on it where the
/// triangle is strict, become zero by a choice: they may be infinite.
__device__ inline void put_triangle(bf16* high, bf16* low, const float (&sums)[4], int half,
                                    bool is_strict) {
  const int lane = static_cast<int>(threadIdx.x) % 32, s = half * 8 + lane % 4 * 2;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 2; ++i) {
    const int t = lane / 4 + 8 * i;
    const float x = s + is_strict <= t ? sums[2 * i] : 0.0f,
                y = s + 1 + is_strict <= t ? sums[2 * i + 1] : 0.0f;
    const word rounded = bf16_pair(x, y);
    *reinterpret_cast<word*>(high + t * score_stride + s) = rounded;
    *reinterpret_cast<word*>(low + t * score_stride + s) = mma::rest_pair(rounded, x, y);
  }
}

/// Calls f(t, sum) for those of these sums of half a matrix, 16 x 8, that stand on its diagonal.
template <class F>
__device__ inline void for_diagonal(float (&sums)[4], int half, F&& f) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    const int t = lane / 4 + i / 2 * 8, s = half * 8 + lane % 4 * 2 + i % 2;
    if (s == t) f(t, sums[i]);
  }
}

/// A matrix of scores as an operand; `offset` is one of tile_offsets<score_stride>.
__device__ inline mma::split_operand load_score(const bf16* score, std::uint32_t offset) {
  const std::uint32_t address = shared_address(score) + offset;
  return {mma::load(address), mma::load(address + score_tile * 2)};
}
__device__ inline mma::split_operand load_score_transposed(const bf16* score,
                                                           std::uint32_t offset) {
  const std::uint32_t address = shared_address(score) + offset;
  return {mma::load_transposed(address), mma::load_transposed(address + score_tile * 2)};
}

/// Starts copying score matrices, (matrix, part) dense in memory.
template <int Count, int Threads>
__device__ inline void load_scores(bf16* to, const bf16* from, int thread) {
  RADLADS_UNROLL_ROW
  for (int i = thread; i < Count * 2 * 32; i += Threads) {
    copy_async(shared_address(to + i / 2 * score_stride + i % 2 * 8), from + 8 * i, true);
  }
}
/// Writes them to memory.
template <int Count, int Threads>
__device__ inline void store_scores(const bf16* from, bf16* to) {
  RADLADS_UNROLL_ROW
  for (int i = static_cast<int>(threadIdx.x); i < Count * 2 * 32; i += Threads) {
    *reinterpret_cast<uint4*>(to + 8 * i) =
        *reinterpret_cast<const uint4*>(from + i / 2 * score_stride + i % 2 * 8);
  }
}

inline constexpr int A_stride = chunk + 4;  // floats of a row of what is inverted

/// The score matrices of a chunk, halves shared out to the warps: those of qk, qb and ak into `to`
/// (score, part), what is inverted into `A`. A barrier must follow.
template <int D, class Form>
__device__ inline void put_scores(const bf16* high, const bf16* low_q, const bf16* low,
                                  const chunk_extras<D, Form>& extras, bf16* to, float* A) {
  constexpr int tile = sizes<D>::tile;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  RADLADS_UNROLL_ROW
  for (int job = static_cast<int>(threadIdx.x) / 32; job < score_jobs<Form>;
       job += sizes<D>::warps) {
    const int which = job / 2, half = job % 2;
    const int left = writes_twice<Form> ? which / 2 : which;
    const int right = writes_twice<Form> ? which % 2 : 0;
    float sums[4] = {};
    products_of_rows<D, true>(
        sums, high + (left == 0 ? left_q : left_a) * tile, left == 0 ? low_q : low + tile,
        high + (right == 0 ? right_k : right_b) * tile, low + right * 2 * tile, half);
    if (has_rank_one<Form> && which == A_inverse<Form>) {
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) {
        const int t = lane / 4 + i / 2 * 8, s = half * 8 + lane % 4 * 2 + i % 2;
        A[t * A_stride + s] = s < t ? sums[i] : 0.0f;
      }
    } else {
      bf16* score = to + which * 2 * score_tile;
      if constexpr (has_bonus<Form>) {
        for_diagonal(sums, half, [&](int t, float& each) {
          each = 0.0f;
          RADLADS_UNROLL_ROW
          for (int i = 0; i < sizes<D>::warps; ++i) each += extras.own[i][t];
        });
      }
      put_triangle(score, score + score_tile, sums, half, left == 1);
    }
  }
}

/// M = (I - A)^-1 by one warp: lane j has column j, M_ij = [i = j] + sum_{s < i} A_is M_sj. Its
/// other half does the same and writes the low parts.
__device__ inline void invert(const float* A, bf16* to) {
  const int lane = static_cast<int>(threadIdx.x) % 32, j = lane % chunk;
  float column[chunk];
  RADLADS_UNROLL_ROW
  for (int i = 0; i < chunk; ++i) {
    float sum[2] = {i == j ? 1.0f : 0.0f, 0.0f};
    RADLADS_UNROLL_ROW
    for (int four = 0; four < (i + 3) / 4; ++four) {
      const float4 a = *reinterpret_cast<const float4*>(A + i * A_stride + 4 * four);
      const float each[4] = {a.x, a.y, a.z, a.w};
      RADLADS_UNROLL_ROW
      for (int n = 0; n < 4; ++n) {
        if (4 * four + n < i) sum[n % 2] += each[n] * column[4 * four + n];
      }
    }
    column[i] = sum[0] + sum[1];
  }
  RADLADS_UNROLL_ROW
  for (int i = 0; i < chunk; ++i) {
    const word high = bf16_pair(column[i], 0.0f), low = mma::rest_pair(high, column[i], 0.0f);
    to[lane / chunk * score_tile + i * score_stride + j].bits =
        static_cast<std::uint16_t>(lane < chunk ? high : low);
  }
}

/// Adds values, a left operand (16 value channels, 16 tokens), to sums of the same.
__device__ inline void add_values(float (&sums)[2][4], const mma::operand& values) {
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    sums[i / 2][i % 2 * 2] += mma::first_of(values.x[i]);
    sums[i / 2][i % 2 * 2 + 1] += mma::second_of(values.x[i]);
  }
}

/// Tiles of sums of a transposed state (D values, D keys), sixteen values a warp: keys 8 n .. in
/// tile n.
template <int D>
using state_tiles = float[D / 8][4];

template <int D>
__device__ inline void load_state(const float* from, int warp_tile, state_tiles<D>& state) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  RADLADS_UNROLL_ROW
  for (int n = 0; n < D / 8; ++n) {
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) {
      const int key = 8 * n + lane % 4 * 2 + i % 2, value = warp_tile * 16 + lane / 4 + i / 2 * 8;
      state[n][i] = from == nullptr ? 0.0f : from[key * D + value];
    }
  }
}
template <int D>
__device__ inline void store_state(const state_tiles<D>& state, int warp_tile, float* to) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  RADLADS_UNROLL_ROW
  for (int n = 0; n < D / 8; ++n) {
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) {
      const int key = 8 * n + lane % 4 * 2 + i % 2, value = warp_tile * 16 + lane / 4 + i / 2 * 8;
      to[key * D + value] = state[n][i];
    }
  }
}
/// Scales each key of two neighbouring tiles.
template <int D>
__device__ inline void scale_state(state_tiles<D>& state, int step, const float* factor) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  RADLADS_UNROLL_ROW
  for (int n = 2 * step; n < 2 * step + 2; ++n) {
    const float2 f = *reinterpret_cast<const float2*>(factor + 8 * n + lane % 4 * 2);
    state[n][0] *= f.x;
    state[n][1] *= f.y;
    state[n][2] *= f.x;
    state[n][3] *= f.y;
  }
}

/// Sums over the rows of this warp's tiles: `sums` holds for each sixteen keys columns 2p, 2p + 1,
/// 2p + 8, 2p + 9. Lanes halve what they have at each exchange.
template <int D>
__device__ inline void put_column_sums(float (&sums)[D / 4], float* to) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  int step = 0;
  RADLADS_UNROLL_ROW
  for (int count = D / 8, bit = 16; bit >= 4; bit /= 2, count /= 2) {
    const bool is_upper = (lane & bit) != 0;
    if (count >= 4) {
      step = 2 * step + (is_upper ? 1 : 0);
      RADLADS_UNROLL_ROW
      for (int i = 0; i < D / 8; ++i) {
        if (i >= count) continue;
        const float given = is_upper ? sums[i] : sums[i + count],
                    kept = is_upper ? sums[i + count] : sums[i];
        sums[i] = kept + __shfl_xor_sync(~0u, given, bit);
      }
    } else {
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) sums[i] += __shfl_xor_sync(~0u, sums[i], bit);
    }
  }
  float* at = to + step * 16 + lane % 4 * 2;
  *reinterpret_cast<float2*>(at) = float2{sums[0], sums[1]};
  *reinterpret_cast<float2*>(at + 8) = float2{sums[2], sums[3]};
}

}  // namespace radlads::recurrence::chunkwise
