// SPDX-License-Identifier: Apache-2.0
#pragma once
// One chunk of the diagonal-plus-rank-one recurrence in shared memory, as both directions of the matrix form
// need it. With L_t the sum of log decays up to and with token t of the chunk:
//   q' = q e^L,  a' = a e^(L before t),  k' = k e^-L,  b' = b e^-L
//   Aqk = tril(q' k'^T), Aqb = tril(q' b'^T), Aak = tril_(a' k'^T), Aab = tril_(a' b'^T), M = (I - Aab)^-1
// The largest factor is e^(-16 log w): e^9.7 for RAD-RWKV7, e^80 where decays are -5; float and TF32 hold it.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/mma.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/wkv/cuda/scan_tokens.cuh"
#include "radlads/wkv/cuda/tile.cuh"
#include "radlads/wkv/rwkv7.hpp"

#include <cstdint>

namespace radlads::wkv {

/// Sizes for heads of D, on the key and the value side.
template <int D>
struct dplr_sizes {
  static constexpr int warps = D / 16;  ///< each has sixteen value channels
  static constexpr int threads = warps * warp_size;
  static constexpr int stride = D + 8;  ///< of rows in shared memory, clear of bank conflicts
  static constexpr int score_stride = chunk_length + 8;
  static constexpr int pairs = D / 2;                 ///< of neighbouring channels, one a thread
  static constexpr int groups = threads / pairs;      ///< of threads with all pairs
  static constexpr int tokens = chunk_length / groups;  ///< of a thread, in elementwise work
  static constexpr int tiles = D / 8;
};

/// Raw inputs of one chunk, each (chunk_length, D).
template <int D>
struct dplr_raw {
  bf16 value[rwkv7::inputs][chunk_length][D];
};

/// Which scores of a chunk.
enum score : int { qk, qb, ak, ab, scores };

template <int D>
struct dplr_chunk {
  float q[chunk_length * dplr_sizes<D>::stride];
  float a[chunk_length * dplr_sizes<D>::stride];
  float k[chunk_length * dplr_sizes<D>::stride];
  float b[chunk_length * dplr_sizes<D>::stride];
  float score[scores][chunk_length * dplr_sizes<D>::score_stride];
  float inverse[chunk_length * dplr_sizes<D>::score_stride];  // M
  float decay[D];  // of the whole chunk, e^(L of the last token)
};

/// Starts copying the inputs of the tokens from `first` on; zeros behind the last token, which change nothing.
template <int D>
__device__ inline void load_chunk(const head_tensor<const bf16> (&inputs)[rwkv7::inputs], std::int64_t b,
                                  std::int64_t h, std::int64_t first, std::int64_t tokens, dplr_raw<D>& to) {
  constexpr int wide = 8;  // elements of 16 bytes
  constexpr int packs = rwkv7::inputs * chunk_length * D / wide;
  for (int at = threadIdx.x; at < packs; at += dplr_sizes<D>::threads) {
    const int column = at % (D / wide) * wide, row = at / (D / wide);
    const int t = row % chunk_length, input = row / chunk_length;
    const bool is_real = first + t < tokens;
    copy_async(shared_address(&to.value[input][t][column]), inputs[input].at(b, is_real ? first + t : 0, h) + column, is_real);
  }
}

/// Two neighbouring numbers of a raw row.
__device__ inline float2 pair_of(const bf16* row) {
  const auto bits = *reinterpret_cast<const std::uint32_t*>(row);
  return {__uint_as_float(bits << 16), __uint_as_float(bits & 0xffff0000u)};
}

/// Sums of log decays up to and with each of this thread's tokens, for its pair of channels.
template <int D>
struct decay_sums {
  float2 before;  // up to the token before the thread's first
  float2 sum[dplr_sizes<D>::tokens];
  float2 total;

  __device__ explicit decay_sums(const dplr_raw<D>& raw) {
    using sizes = dplr_sizes<D>;
    const int pair = static_cast<int>(threadIdx.x) % sizes::pairs, group = static_cast<int>(threadIdx.x) / sizes::pairs;
    float2 running{0, 0};
    before = running;
    RADLADS_UNROLL_ROW
    for (int t = 0; t < chunk_length; ++t) {
      if (t == group * sizes::tokens) before = running;
      const float2 w = pair_of(&raw.value[rwkv7::w][t][2 * pair]);
      running.x += w.x;
      running.y += w.y;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < sizes::tokens; ++i) {
        if (t == group * sizes::tokens + i) sum[i] = running;
      }
    }
    total = running;
  }
};

/// The scaled vectors of a chunk. All threads take part; a barrier must follow.
template <int D>
__device__ inline void scale_chunk(const dplr_raw<D>& raw, dplr_chunk<D>& c) {
  using sizes = dplr_sizes<D>;
  const int pair = static_cast<int>(threadIdx.x) % sizes::pairs, group = static_cast<int>(threadIdx.x) / sizes::pairs;
  const decay_sums<D> decays(raw);
  if (group == 0) {
    c.decay[2 * pair] = __expf(decays.total.x);
    c.decay[2 * pair + 1] = __expf(decays.total.y);
  }
  RADLADS_UNROLL_ROW
  for (int i = 0; i < sizes::tokens; ++i) {
    const int t = group * sizes::tokens + i;
    const float2 here = decays.sum[i], before = i == 0 ? decays.before : decays.sum[i - 1];
    const float2 up{__expf(here.x), __expf(here.y)}, up_before{__expf(before.x), __expf(before.y)};
    const float2 down{__expf(-here.x), __expf(-here.y)};
    const auto put = [&](float* to, int input, const float2& factor) {
      const float2 each = pair_of(&raw.value[input][t][2 * pair]);
      *reinterpret_cast<float2*>(to + t * sizes::stride + 2 * pair) = {to_tf32(each.x * factor.x),
                                                                       to_tf32(each.y * factor.y)};
    };
    put(c.q, rwkv7::r, up);
    put(c.a, rwkv7::a, up_before);
    put(c.k, rwkv7::k, down);
    put(c.b, rwkv7::b, down);
  }
}

/// Half a matrix of products of rows, 16 x 8: left (16, D) right (16, D)^T, columns from 8 half on; entries
/// above the diagonal, or on it where the triangle is strict, become zero by a choice: they may be infinite.
template <int D>
__device__ inline void triangle_of_rows(const float* left, const float* right, int half, bool is_strict,
                                        bool is_rounded, float* to) {
  using sizes = dplr_sizes<D>;
  const tile_lane at;
  float sums[4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes::tiles; ++n) {
    multiply_add(sums, left_rows(left + 8 * n, sizes::stride, at),
                 right_rows(right + half * 8 * sizes::stride + 8 * n, sizes::stride, at));
  }
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    const int t = at.g + (i >= 2 ? 8 : 0), s = half * 8 + 2 * at.p + i % 2;
    const bool is_kept = is_strict ? s < t : s <= t;
    const float kept = is_kept ? sums[i] : 0.0f;
    to[t * sizes::score_stride + s] = is_rounded ? to_tf32(kept) : kept;
  }
}

/// The four score matrices, halves shared out to the warps. A barrier must follow.
template <int D>
__device__ inline void score_chunk(dplr_chunk<D>& c) {
  for (int job = static_cast<int>(threadIdx.x) / warp_size; job < 2 * scores; job += dplr_sizes<D>::warps) {
    const int which = job % scores, half = job / scores;
    const bool is_removal = which == ak || which == ab;
    triangle_of_rows<D>(is_removal ? c.a : c.q, which == qk || which == ak ? c.k : c.b, half, is_removal,
                        which != ab, c.score[which]);
  }
}

/// M = (I - Aab)^-1 by the first warp: lane j has column j, M_ij = [i = j] + sum_{s < i} A_is M_sj.
template <int D>
__device__ inline void invert_chunk(dplr_chunk<D>& c) {
  using sizes = dplr_sizes<D>;
  if (threadIdx.x >= warp_size) return;
  const int j = static_cast<int>(threadIdx.x) % chunk_length;
  float column[chunk_length];
  RADLADS_UNROLL_ROW
  for (int i = 0; i < chunk_length; ++i) {
    float sum[2] = {i == j ? 1.0f : 0.0f, 0.0f};
    RADLADS_UNROLL_ROW
    for (int s = 0; s < i; ++s) sum[s % 2] += c.score[ab][i * sizes::score_stride + s] * column[s];
    column[i] = sum[0] + sum[1];
  }
  if (threadIdx.x >= chunk_length) return;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < chunk_length; ++i) c.inverse[i * sizes::score_stride + j] = to_tf32(column[i]);
}

/// sums (16 rows, 16 tokens) += left (16, 16 tokens) right, for a right matrix of scores: `right[t][s]` with
/// the result's columns t, or, transposed, s.
template <int D>
__device__ inline void add_scores(float (&sums)[2][4], const left_tile (&left)[2], const float* right,
                                  bool is_transposed, const tile_lane& at) {
  constexpr int stride = dplr_sizes<D>::score_stride;
  RADLADS_UNROLL_ROW
  for (int column = 0; column < 2; ++column) {
    RADLADS_UNROLL_ROW
    for (int n = 0; n < 2; ++n) {
      multiply_add(sums[column], left[n],
                   is_transposed ? right_columns(right + 8 * n * stride + 8 * column, stride, at)
                                 : right_rows(right + 8 * column * stride + 8 * n, stride, at));
    }
  }
}

/// This lane's part of the operand (16 value channels from `channel` on, 16 tokens) of a tensor in memory.
__device__ inline void load_values(const head_tensor<const bf16>& from, std::int64_t b, std::int64_t h,
                                   std::int64_t first, std::int64_t tokens, int channel, const tile_lane& at,
                                   left_tile (&to)[2]) {
  RADLADS_UNROLL_ROW
  for (int n = 0; n < 2; ++n) {
    RADLADS_UNROLL_ROW
    for (int odd = 0; odd < 2; ++odd) {
      const std::int64_t t = first + 8 * n + 2 * at.p + odd;
      const bool is_real = t < tokens;
      const bf16* row = from.at(b, is_real ? t : 0, h) + channel + at.g;
      to[n].value[2 * odd] = is_real ? static_cast<float>(row[0]) : 0.0f;
      to[n].value[2 * odd + 1] = is_real ? static_cast<float>(row[8]) : 0.0f;
    }
  }
}

/// Writes sums (16 value channels, 16 tokens) to a tensor in memory.
__device__ inline void store_values(const float (&sums)[2][4], const head_tensor<bf16>& to, std::int64_t b,
                                    std::int64_t h, std::int64_t first, std::int64_t tokens, int channel,
                                    const tile_lane& at) {
  RADLADS_UNROLL_ROW
  for (int n = 0; n < 2; ++n) {
    RADLADS_UNROLL_ROW
    for (int odd = 0; odd < 2; ++odd) {
      const std::int64_t t = first + 8 * n + 2 * at.p + odd;
      if (t >= tokens) continue;
      bf16* row = to.at(b, t, h) + channel + at.g;
      row[0] = bf16(sums[n][odd]);
      row[8] = bf16(sums[n][odd + 2]);
    }
  }
}

/// Tiles of sixteen rows of the state (K, V), one tile for each eight keys, from and to memory.
template <int D>
__device__ inline void load_state(const float* from, int channel, const tile_lane& at,
                                  float (&state)[dplr_sizes<D>::tiles][4]) {
  RADLADS_UNROLL_ROW
  for (int n = 0; n < dplr_sizes<D>::tiles; ++n) {
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) {
      state[n][i] = from == nullptr ? 0.0f : from[(8 * n + 2 * at.p + i % 2) * D + channel + at.g + (i >= 2 ? 8 : 0)];
    }
  }
}
template <int D>
__device__ inline void store_state(const float (&state)[dplr_sizes<D>::tiles][4], float* to, int channel,
                                   const tile_lane& at) {
  RADLADS_UNROLL_ROW
  for (int n = 0; n < dplr_sizes<D>::tiles; ++n) {
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) {
      to[(8 * n + 2 * at.p + i % 2) * D + channel + at.g + (i >= 2 ? 8 : 0)] = state[n][i];
    }
  }
}

}  // namespace radlads::wkv
