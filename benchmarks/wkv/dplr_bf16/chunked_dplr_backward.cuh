// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of chunked_dplr.cuh, chunk by chunk from the last. First every sixteen value channels for themselves,
// a warp with the gradient G (V, K) of the state behind the chunk in its registers; then every sixteen keys. In the
// scale of dplr_tile.cuh, with the state S before the chunk from the forward's record:
//   dU^T = G b'^T + dY^T Aqb,  dZ^T = dU^T M,  dV^T = G k'^T + dY^T Aqk + dZ^T Aak
//   G before = G + dY^T q' + dZ^T a'
//   dAqk = tril(dY V^T), dAqb = tril(dY U^T), dAak = tril_(dZ V^T), dAab = tril_(dZ U^T)
//   dq' = dY S + dAqk k' + dAqb b',     da' = dZ S + dAak k' + dAab b'
//   dk' = V G + dAqk^T q' + dAak^T a',  db' = U G + dAqb^T q' + dAab^T a'
//   dlogw_t = sum_{s >= t} (q dq - k dk - b db + a da)_s - (a da)_t + colsum(G S behind the chunk)
// With many heads a block has a head. With few heads the value channels walk over the prepared chunks and leave
// G, U, dZ of each; the keys of all chunks follow at once.

#include "chunked_dplr.cuh"
#include "dplr_tile.cuh"

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace radlads::wkv::dplr {

struct backward_args {
  rows<const bf16> in[inputs];  // r, log w, k, a, b (B, T, H, D)
  rows<const bf16> v, dy;       // (B, T, H, D)
  const bf16* records;          // (B * H, chunks, record or state), from the forward pass
  const float* dfinal_state;    // (B, H, K, V), or null
  rows<bf16> din[inputs];       // (B, T, H, D)
  rows<bf16> dv;                // (B, T, H, D)
  float* dinitial_state;        // (B, H, K, V), or null
  const bf16* prepared;         // (B * H, chunks, prepared), for few heads, from the forward pass
  bf16* walked;                 // (B * H, chunks, walked), for few heads
  std::int64_t tokens, heads;
};

/// What the walk leaves of a chunk, in bfloat16: G in 8 x 8 matrices, U and dZ (16, D), and floats: colsum(G S)
/// before the chunk, each slab's sixteen value channels.
template <int D>
inline constexpr int walked_size = sizes<D>::state + 2 * chunk * D + 2 * sizes<D>::warps * D;

/// One chunk for the sixteen value channels of `slab`: takes the gradient of the state before it; writes the
/// slab's columns of U, dZ and dV, G as this lane's words of 8 x 8 matrices, and colsum(G S) before the chunk.
/// `state` is the slab's part of S.
template <int D>
__device__ inline void retreat(state_tiles<D>& gradient, int slab, const bf16* high, const bf16* score,
                               const float* start, const float* last, const bf16* state, const bf16* values,
                               const bf16* dvalues, bf16* u_tile, bf16* dz_tile, bf16* dv_tile, word* kept,
                               float* boundary) {
  using mma::multiply_add;
  constexpr std::uint32_t tile_bytes = sizes<D>::tile * 2;
  constexpr int steps = sizes<D>::steps;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t from = mma::address_of(high);
  const std::uint32_t own_state = mma::address_of(state) + static_cast<std::uint32_t>(lane * 16);
  const auto slab_columns = at.right + static_cast<std::uint32_t>(slab * 32);
  const auto matrix = [&](int which) { return score + which * 2 * score_tile; };
  float z[2][4] = {}, du[2][4] = {}, dv[2][4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < steps; ++n) {
    scale_state<D>(gradient, n, last);
    const mma::operand g = mma::operand_of(gradient[2 * n], gradient[2 * n + 1]);
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) kept[n * 128 + i * 32] = g.x[i];
    const std::uint32_t column = from + at.right + static_cast<std::uint32_t>(n * 32);
    multiply_add(z, mma::load(own_state + static_cast<std::uint32_t>(n * 512)),
                 mma::load(column + left_a * tile_bytes));
    multiply_add(du, g, mma::load(column + right_b * tile_bytes));
    multiply_add(dv, g, mma::load(column + right_k * tile_bytes));
  }
  const mma::operand v = mma::load_transposed(mma::address_of(values) + slab_columns);
  const mma::operand dy = mma::load_transposed(mma::address_of(dvalues) + slab_columns);
  multiply_add(z, v, load_score(matrix(ak), score_at.right));
  multiply_add(du, dy, load_score_transposed(matrix(qb), score_at.left));
  multiply_add(dv, dy, load_score_transposed(matrix(qk), score_at.left));
  float u[2][4] = {}, dz[2][4] = {};
  multiply_add(u, mma::split_of(z), load_score(matrix(inverse), score_at.right));
  multiply_add(dz, mma::split_of(du), load_score_transposed(matrix(inverse), score_at.left));
  const mma::split_operand dz_left = mma::split_of(dz);
  multiply_add(dv, dz_left, load_score_transposed(matrix(ak), score_at.left));
  put_transposed<D>(u_tile, slab, u);
  put_transposed<D>(dz_tile, slab, dz);
  put_transposed<D>(dv_tile, slab, dv);
  float sums[D / 4];
  RADLADS_UNROLL_ROW
  for (int n = 0; n < steps; ++n) {
    const std::uint32_t column = from + at.left + static_cast<std::uint32_t>(n * 32);
    const mma::operand q = mma::load_transposed(column + left_q * tile_bytes);
    const mma::operand removed = mma::load_transposed(column + left_a * tile_bytes);
    const mma::operand s = mma::load(own_state + static_cast<std::uint32_t>(n * 512));
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      float(&g)[4] = gradient[2 * n + i];
      multiply_add(g, dy, q, i);
      multiply_add(g, dz_left.high, removed, i);
      const word upper = s.x[2 * i], lower = s.x[2 * i + 1];
      sums[4 * n + 2 * i] = g[0] * mma::first_of(upper) + g[2] * mma::first_of(lower);
      sums[4 * n + 2 * i + 1] = g[1] * mma::second_of(upper) + g[3] * mma::second_of(lower);
    }
    scale_state<D>(gradient, n, start);
  }
  put_column_sums<D>(sums, boundary);
  __syncwarp();  // the columns are there for the warp
}

/// Gradients of the scaled vectors of one chunk, for this warp's sixteen keys.
struct vector_gradients {
  float q[2][4], a[2][4], k[2][4], b[2][4];
};

/// Their part that S and G have, and the gradients of the scores, shared out to the warps into `dscore`; a barrier
/// must follow. load_state(n) and load_gradient(n) are right operands (16 value channels n, this warp's keys).
template <int D, class LoadState, class LoadGradient>
__device__ inline void add_state_part(vector_gradients& d, const bf16* v, const bf16* dy, const bf16* u,
                                      const bf16* dz, bf16* dscore, LoadState&& load_state,
                                      LoadGradient&& load_gradient) {
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const mma::tile_offsets<sizes<D>::stride> at(static_cast<int>(threadIdx.x) % 32);
  RADLADS_UNROLL_ROW
  for (int job = warp; job < 8; job += sizes<D>::warps) {
    const int left = job / 4, right = job / 2 % 2, half = job % 2;
    float sums[4] = {};
    products_of_rows<D, false>(sums, left == 0 ? dy : dz, dy, right == 0 ? v : u, dy, half);
    bf16* to = dscore + (left * 2 + right) * 2 * score_tile;
    put_triangle(to, to + score_tile, sums, half, left == 1);
  }
  const std::uint32_t from_dy = mma::address_of(dy) + at.left, from_dz = mma::address_of(dz) + at.left;
  const std::uint32_t from_v = mma::address_of(v) + at.left, from_u = mma::address_of(u) + at.left;
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    const auto values = static_cast<std::uint32_t>(n * 32);
    const mma::operand s = load_state(n), g = load_gradient(n);
    mma::multiply_add(d.q, mma::load(from_dy + values), s);
    mma::multiply_add(d.a, mma::load(from_dz + values), s);
    mma::multiply_add(d.k, mma::load(from_v + values), g);
    mma::multiply_add(d.b, mma::load(from_u + values), g);
  }
}

/// Their part that the scores have.
template <int D>
__device__ inline void add_score_part(vector_gradients& d, const bf16* high, const bf16* dscore) {
  constexpr std::uint32_t tile_bytes = sizes<D>::tile * 2;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t column = mma::address_of(high) + at.left + static_cast<std::uint32_t>(warp * 32);
  const mma::operand q = mma::load_transposed(column + left_q * tile_bytes);
  const mma::operand removed = mma::load_transposed(column + left_a * tile_bytes);
  const mma::operand k = mma::load_transposed(column + right_k * tile_bytes);
  const mma::operand rank_one = mma::load_transposed(column + right_b * tile_bytes);
  const auto add = [&](int which, float(&to_left)[2][4], const mma::operand& right, float(&to_right)[2][4],
                       const mma::operand& left) {
    const mma::split_operand plain = load_score(dscore + which * 2 * score_tile, score_at.left);
    const mma::split_operand turned = load_score_transposed(dscore + which * 2 * score_tile, score_at.right);
    mma::multiply_add(to_left, plain.high, right);
    mma::multiply_add(to_left, plain.low, right);
    mma::multiply_add(to_right, turned.high, left);
    mma::multiply_add(to_right, turned.low, left);
  };
  add(0, d.q, k, d.k, q);
  add(1, d.q, rank_one, d.b, q);
  add(2, d.a, k, d.k, removed);
  add(3, d.a, rank_one, d.b, removed);
}

/// From gradients of the scaled vectors (16 tokens, this warp's keys) to those of the inputs, which take the
/// inputs' place. `boundary` is colsum(G S) by warps, before the chunk if `is_before`, else behind it, or null.
template <int D>
__device__ inline void put_gradients(bf16* raw, const float* sums, const float* boundary, bool is_before,
                                     const vector_gradients& d) {
  constexpr int stride = sizes<D>::stride, tile = sizes<D>::tile;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  RADLADS_UNROLL_ROW
  for (int half = 0; half < 2; ++half) {
    const int column = warp * 16 + half * 8 + lane % 4 * 2;
    const int at[2] = {lane / 4 * stride + column, (lane / 4 + 8) * stride + column};
    float gamma[4], own[4];
    RADLADS_UNROLL_ROW
    for (int row = 0; row < 2; ++row) {
      bf16* here = raw + at[row];
      const auto read = [&](int i) { return *reinterpret_cast<const word*>(here + i * tile); };
      const float2 level = *reinterpret_cast<const float2*>(sums + at[row]);
      const word q = read(in_r), w = read(in_w), k = read(in_k), a = read(in_a), b = read(in_b);
      const auto each = [](word pair, int i) { return i == 0 ? mma::first_of(pair) : mma::second_of(pair); };
      float out[4][2];
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 2; ++i) {
        const float l = i == 0 ? level.x : level.y;
        const float grown = mma::exp2_of(l), shrunk = mma::exp2_of(-l);
        const float grown_before = mma::exp2_of(l - decay_of(each(w, i)));
        const int n = 2 * row + i;
        out[0][i] = d.q[half][n] * grown;
        out[1][i] = d.k[half][n] * shrunk;
        out[2][i] = d.a[half][n] * grown_before;
        out[3][i] = d.b[half][n] * shrunk;
        own[n] = each(a, i) * out[2][i];
        gamma[n] = each(q, i) * out[0][i] - each(k, i) * out[1][i] - each(b, i) * out[3][i] + own[n];
      }
      *reinterpret_cast<word*>(here + in_r * tile) = mma::pack(out[0][0], out[0][1]);
      *reinterpret_cast<word*>(here + in_k * tile) = mma::pack(out[1][0], out[1][1]);
      *reinterpret_cast<word*>(here + in_a * tile) = mma::pack(out[2][0], out[2][1]);
      *reinterpret_cast<word*>(here + in_b * tile) = mma::pack(out[3][0], out[3][1]);
    }
    float2 behind{0.0f, 0.0f};
    if (boundary != nullptr) {
      RADLADS_UNROLL_ROW
      for (int i = 0; i < sizes<D>::warps; ++i) {
        const float2 part = *reinterpret_cast<const float2*>(boundary + i * D + column);
        behind.x += part.x;
        behind.y += part.y;
      }
    }
    float total[2];
    RADLADS_UNROLL_ROW
    for (int step = 1; step < 8; step *= 2) {
      RADLADS_UNROLL_ROW
      for (int n = 0; n < 4; ++n) {
        const float later = __shfl_down_sync(~0u, gamma[n], 4 * step);
        gamma[n] += lane / 4 + step < 8 ? later : 0.0f;
      }
    }
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      gamma[i] += __shfl_sync(~0u, gamma[2 + i], lane % 4);
      total[i] = __shfl_sync(~0u, gamma[i], lane % 4);
    }
    if (is_before) {
      behind.x -= total[0];
      behind.y -= total[1];
    }
    RADLADS_UNROLL_ROW
    for (int row = 0; row < 2; ++row) {
      *reinterpret_cast<word*>(raw + in_w * tile + at[row]) =
          mma::pack(gamma[2 * row] - own[2 * row] + behind.x, gamma[2 * row + 1] - own[2 * row + 1] + behind.y);
    }
  }
}

template <int D>
struct backward_memory {
  bf16 raw[2][inputs][sizes<D>::tile];  // then their gradients
  bf16 v[2][sizes<D>::tile], dy[2][sizes<D>::tile];
  bf16 high[scaled_count][sizes<D>::tile];
  bf16 u[sizes<D>::tile], dz[sizes<D>::tile], dv[sizes<D>::tile];
  bf16 score[2][scores][2][score_tile];
  bf16 dscore[scores][2][score_tile];  // of qk, qb, ak, ab
  bf16 state[2][sizes<D>::state];      // 8 x 8 matrices, as recorded
  bf16 gradient[sizes<D>::state];      // alike
  float sums[sizes<D>::tile];          // L
  float boundary[2][sizes<D>::warps][D];
  float start[D], last[D];             // decays of the chunk's halves
};

template <int D>
__device__ inline void load_backward_chunk(const backward_args& a, backward_memory<D>& m, int c, int chunks) {
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const int buffer = c & 1;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < inputs; ++i) {
    load_rows<D>(m.raw[buffer][i], a.in[i].at(b, 0, h), a.in[i].time, c * chunk, a.tokens);
  }
  mma::commit_copies();
  load_rows<D>(m.v[buffer], a.v.at(b, 0, h), a.v.time, c * chunk, a.tokens);
  load_rows<D>(m.dy[buffer], a.dy.at(b, 0, h), a.dy.time, c * chunk, a.tokens);
  const bf16* record = a.records + (index * chunks + c) * sizes<D>::record;
  RADLADS_UNROLL_ROW
  for (int i = static_cast<int>(threadIdx.x); i < sizes<D>::state / 8; i += sizes<D>::threads) {
    mma::copy_async(mma::address_of(m.state[buffer] + 8 * i), record + 8 * i);
  }
  load_scores<sizes<D>::threads>(m.score[buffer][0][0], record + sizes<D>::state, static_cast<int>(threadIdx.x));
  mma::commit_copies();
}

/// Grid: B * H.
template <int D>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 2 : 1)
    backward_kernel(const __grid_constant__ backward_args a) {
  constexpr int steps = sizes<D>::steps;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<backward_memory<D>*>(bytes);
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int chunks = chunks_of(a.tokens);
  const auto scale = [&](int buffer) {
    scale_chunk<D, false>(m.raw[buffer][0], m.high[0], nullptr, nullptr, m.sums, m.start, m.last);
  };
  load_backward_chunk<D>(a, m, chunks - 1, chunks);
  float gradient[D / 8][4];
  load_state<D>(a.dfinal_state == nullptr ? nullptr : a.dfinal_state + index * sizes<D>::state, warp, gradient);
  mma::wait_for_copies<0>();
  __syncthreads();  // the last chunk is there
  scale((chunks - 1) & 1);
  __syncthreads();  // its vectors are there

  for (int c = chunks - 1; c >= 0; --c) {
    const int buffer = c & 1;
    if (c > 0) load_backward_chunk<D>(a, m, c - 1, chunks);
    retreat<D>(gradient, warp, m.high[0], m.score[buffer][0][0], m.start, m.last,
               m.state[buffer] + warp * steps * 256, m.v[buffer], m.dy[buffer], m.u, m.dz, m.dv,
               reinterpret_cast<word*>(m.gradient) + warp * steps * 128 + lane, m.boundary[buffer][warp]);
    store_columns<D>(m.dv, warp, a.dv.at(b, 0, h), a.dv.time, c * chunk, a.tokens);
    mma::wait_for_copies<1>();
    __syncthreads();  // what all value channels left, and the inputs of chunk c - 1, are there
    vector_gradients d{};
    const auto turned = [&](const bf16* matrices, int n) {
      return mma::load_transposed(mma::address_of(matrices) +
                                  static_cast<std::uint32_t>((n * steps + warp) * 512 + lane * 16));
    };
    add_state_part<D>(
        d, m.v[buffer], m.dy[buffer], m.u, m.dz, m.dscore[0][0], [&](int n) { return turned(m.state[buffer], n); },
        [&](int n) { return turned(m.gradient, n); });
    __syncthreads();  // the gradients of the scores are there
    add_score_part<D>(d, m.high[0], m.dscore[0][0]);
    const bool is_last = c == chunks - 1, is_before = is_last && a.dfinal_state != nullptr;
    const float* boundary = is_last && !is_before ? nullptr : m.boundary[is_last ? buffer : buffer ^ 1][0];
    put_gradients<D>(m.raw[buffer][0], m.sums, boundary, is_before, d);
    __syncwarp();  // the columns are there for the warp
    RADLADS_UNROLL_ROW
    for (int i = 0; i < inputs; ++i) {
      store_columns<D>(m.raw[buffer][i], warp, a.din[i].at(b, 0, h), a.din[i].time, c * chunk, a.tokens);
    }
    if (c > 0) scale(buffer ^ 1);
    mma::wait_for_copies<0>();
    __syncthreads();  // chunk c - 1 is there with its vectors, and nobody reads what chunk c had
  }
  if (a.dinitial_state != nullptr) store_state<D>(gradient, warp, a.dinitial_state + index * sizes<D>::state);
}

template <int D, int Slabs>
struct walk_back_stage {
  prepared_chunk<D> prepared;
  bf16 v[sizes<D>::tile], dy[sizes<D>::tile];
  bf16 state[Slabs * sizes<D>::steps * 256];
};
template <int D, int Slabs>
struct walk_back_memory {
  walk_back_stage<D, Slabs> stage[walk_stages];
  bf16 u[sizes<D>::tile], dz[sizes<D>::tile], dv[sizes<D>::tile];
};

/// Grid: (B * H, slabs / Slabs). The first warps have a slab each and share only what is loaded.
template <int D, int Slabs>
RADLADS_KERNEL __launch_bounds__(Slabs * 32 + loaders, 1) walk_back_kernel(const __grid_constant__ backward_args a) {
  constexpr int steps = sizes<D>::steps;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<walk_back_memory<D, Slabs>*>(bytes);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int chunks = chunks_of(a.tokens), first_slab = static_cast<int>(blockIdx.y) * Slabs, slab = first_slab + warp;
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const int loader = static_cast<int>(threadIdx.x) - Slabs * 32;
  if (loader >= 0) {
    const bf16 *v = a.v.at(b, 0, h), *dy = a.dy.at(b, 0, h);
    const auto load = [&](int c) {
      if (c >= 0) {
        auto& to = m.stage[c % walk_stages];
        load_prepared<D, loaders, scaled_count>(to.prepared, a.prepared + (index * chunks + c) * sizes<D>::prepared,
                                                loader);
        load_columns<D, Slabs, loaders>(to.v, first_slab, v, a.v.time, c * chunk, a.tokens, loader);
        load_columns<D, Slabs, loaders>(to.dy, first_slab, dy, a.dy.time, c * chunk, a.tokens, loader);
        const bf16* record = a.records + (index * chunks + c) * sizes<D>::state + first_slab * steps * 256;
        RADLADS_UNROLL_ROW
        for (int i = loader; i < Slabs * steps * 32; i += loaders) {
          mma::copy_async(mma::address_of(to.state + 8 * i), record + 8 * i);
        }
      }
      mma::commit_copies();
    };
    load(chunks - 1);
    load(chunks - 2);
    for (int c = chunks - 1; c >= 0; --c) {
      mma::wait_for_copies<1>();
      __syncthreads();  // chunk c is there, and nobody reads chunk c + 1
      load(c - 2);
    }
    return;
  }
  float gradient[D / 8][4];
  load_state<D>(a.dfinal_state == nullptr ? nullptr : a.dfinal_state + index * sizes<D>::state, slab, gradient);
  for (int c = chunks - 1; c >= 0; --c) {
    __syncthreads();  // chunk c is there, and nobody reads chunk c + 1
    auto& from = m.stage[c % walk_stages];
    bf16* to = a.walked + (index * chunks + c) * walked_size<D>;
    float* boundary = reinterpret_cast<float*>(to + sizes<D>::state + 2 * chunk * D) + slab * D;
    retreat<D>(gradient, slab, from.prepared.high[0], from.prepared.score[0][0], from.prepared.start,
               from.prepared.last, from.state + warp * steps * 256, from.v, from.dy, m.u, m.dz, m.dv,
               reinterpret_cast<word*>(to) + slab * steps * 128 + lane, boundary);
    store_columns<D>(m.u, slab, to + sizes<D>::state, D, 0, chunk);
    store_columns<D>(m.dz, slab, to + sizes<D>::state + chunk * D, D, 0, chunk);
    store_columns<D>(m.dv, slab, a.dv.at(b, 0, h), a.dv.time, c * chunk, a.tokens);
    __syncwarp();  // the columns may be overwritten
  }
  if (a.dinitial_state != nullptr) store_state<D>(gradient, slab, a.dinitial_state + index * sizes<D>::state);
}

template <int D>
struct keys_memory {
  bf16 raw[inputs][sizes<D>::tile];  // then their gradients
  bf16 v[sizes<D>::tile], dy[sizes<D>::tile], u[sizes<D>::tile], dz[sizes<D>::tile];
  bf16 high[scaled_count][sizes<D>::tile];
  bf16 dscore[scores][2][score_tile];
  float sums[sizes<D>::tile];
  float start[D], last[D];
};

/// Grid: B * H * chunks. Gradients of the vectors, from what the walk left.
template <int D>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 4 : 2)
    keys_kernel(const __grid_constant__ backward_args a) {
  constexpr int steps = sizes<D>::steps;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<keys_memory<D>*>(bytes);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int chunks = chunks_of(a.tokens), c = static_cast<int>(blockIdx.x) % chunks;
  const std::int64_t index = blockIdx.x / chunks, b = index / a.heads, h = index % a.heads;
  const bf16* walked = a.walked + std::int64_t{blockIdx.x} * walked_size<D>;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < inputs; ++i) load_rows<D>(m.raw[i], a.in[i].at(b, 0, h), a.in[i].time, c * chunk, a.tokens);
  mma::commit_copies();
  load_rows<D>(m.v, a.v.at(b, 0, h), a.v.time, c * chunk, a.tokens);
  load_rows<D>(m.dy, a.dy.at(b, 0, h), a.dy.time, c * chunk, a.tokens);
  load_rows<D>(m.u, walked + sizes<D>::state, D, 0, chunk);
  load_rows<D>(m.dz, walked + sizes<D>::state + chunk * D, D, 0, chunk);
  mma::commit_copies();
  mma::wait_for_copies<1>();
  __syncthreads();  // the inputs are there
  scale_chunk<D, false>(m.raw[0], m.high[0], nullptr, nullptr, m.sums, m.start, m.last);
  mma::wait_for_copies<0>();
  __syncthreads();  // everything is there
  const word* state = reinterpret_cast<const word*>(a.records + std::int64_t{blockIdx.x} * sizes<D>::state) + lane;
  const word* gradient = reinterpret_cast<const word*>(walked) + lane;
  const auto turned = [&](const word* from, int n) {
    mma::operand r;
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) r.x[i] = mma::transpose(from[(n * steps + warp) * 128 + i * 32]);
    return r;
  };
  vector_gradients d{};
  add_state_part<D>(
      d, m.v, m.dy, m.u, m.dz, m.dscore[0][0], [&](int n) { return turned(state, n); },
      [&](int n) { return turned(gradient, n); });
  __syncthreads();  // the gradients of the scores are there
  add_score_part<D>(d, m.high[0], m.dscore[0][0]);
  const bool is_last = c == chunks - 1, is_before = is_last && a.dfinal_state != nullptr;
  const float* boundary = nullptr;
  if (!is_last || is_before) {
    boundary = reinterpret_cast<const float*>(walked + (is_last ? 0 : walked_size<D>) + sizes<D>::state + 2 * chunk * D);
  }
  put_gradients<D>(m.raw[0], m.sums, boundary, is_before, d);
  __syncwarp();  // the columns are there for the warp
  RADLADS_UNROLL_ROW
  for (int i = 0; i < inputs; ++i) {
    store_columns<D>(m.raw[i], warp, a.din[i].at(b, 0, h), a.din[i].time, c * chunk, a.tokens);
  }
}

inline bool is_aligned(const backward_args& a) {
  for (int i = 0; i < inputs; ++i) {
    if (!is_aligned(a.in[i]) || !is_aligned(a.din[i])) return false;
  }
  return is_aligned(a.v) && is_aligned(a.dy) && is_aligned(a.dv);
}

/// T >= 1; the batch is in the grid. Rows that are not aligned to sixteen bytes are an error.
template <int D>
RADLADS_HIDDEN cudaError_t launch_backward(cudaStream_t stream, std::int64_t batch, const backward_args& args) {
  if (!is_aligned(args)) return cudaErrorMisalignedAddress;
  return launch_on(backward_kernel<D>, dim3(static_cast<unsigned>(batch * args.heads)), sizes<D>::threads,
                   sizeof(backward_memory<D>), stream, args);
}

/// The same for few heads.
template <int D, int Slabs = 2>
RADLADS_HIDDEN cudaError_t launch_backward_walk(cudaStream_t stream, std::int64_t batch, const backward_args& args) {
  if (!is_aligned(args)) return cudaErrorMisalignedAddress;
  const std::int64_t heads = batch * args.heads, chunks = (args.tokens + chunk - 1) / chunk;
  const cudaError_t code =
      launch_on(walk_back_kernel<D, Slabs>, dim3(static_cast<unsigned>(heads), sizes<D>::warps / Slabs),
                Slabs * 32 + loaders,
                sizeof(walk_back_memory<D, Slabs>), stream, args);
  if (code != cudaSuccess) return code;
  return launch_on(keys_kernel<D>, dim3(static_cast<unsigned>(heads * chunks)), sizes<D>::threads,
                   sizeof(keys_memory<D>), stream, args);
}

}  // namespace radlads::wkv::dplr
