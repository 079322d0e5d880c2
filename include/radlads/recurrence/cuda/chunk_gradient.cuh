// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of chunkwise.cuh, chunk by chunk from the last. First every sixteen value channels for
// themselves, a warp with the gradient G (V, K) of the state behind the chunk in its registers;
// then every sixteen keys. In the scale of chunk_tile.cuh, with the state S before the chunk from
// the forward's checkpoint:
//   dU^T = G b'^T + dY^T Aqb,  dZ^T = dU^T M,  dV^T = G k'^T + dY^T Aqk + dZ^T Aak
//   G before = G + dY^T q' + dZ^T a'
//   dAqk = tril(dY V^T), dAqb = tril(dY U^T), dAak = tril_(dZ V^T), dAab = tril_(dZ U^T)
//   dq' = dY S + dAqk k' + dAqb b',     da' = dZ S + dAak k' + dAab b'
//   dk' = V G + dAqk^T q' + dAak^T a',  db' = U G + dAqb^T q' + dAab^T a'
//   dlogw_t = sum_{s >= t} (q' dq' - k' dk' - b' db' + a' da')_s - (a' da')_t
//             + colsum(G S) + sum_s (k' V G + b' U G)_s
// Where q' is scaled as a' is, before its token, (q' dq')_t is subtracted as (a' da')_t is; a bonus
// u adds (dy v)_t u k to dr, (dy v)_t u r to dk and sum_t (dy v)_t r k is du. For the delta rule,
// with U and M as in chunkwise.cuh,
//   dU^T = G k'^T + dY^T Aqk,  dZ^T = dU^T M,  dV = dZ
//   dAqk = tril(dY U^T), dAak = tril_(dZ U^T),  dk' = U G + dAqk^T q' + dAak^T a'
// and a', as q', is scaled behind its token.
// With many heads a block has a head. With few heads the recurrence between chunks
// runs over value channels and leaves G, U, dZ of each chunk; the keys of all chunks follow in
// parallel.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"
#include "radlads/recurrence/cuda/scan_tokens.cuh"
#include "radlads/recurrence/scan.hpp"

#include <cstddef>
#include <cstdint>

namespace radlads::recurrence::chunkwise {

/// What gradients of a chunk have in shared memory beside rows, by form.
template <int D, class Form>
struct gradient_extras {};
template <int D>
struct gradient_extras<D, diagonal_with_bonus> {
  float written[chunk];  // dy v of a token
};
template <int D, class Form>
requires(token_scalars<Form> != 0) struct gradient_extras<D, Form> {
  float part[token_scalars<Form>][sizes<D>::warps][chunk];  // gradients, by sixteen keys
};

template <class Form>
struct backward_args {
  head_tensor<const bf16> in[inputs<Form>];  // (B, T, H, D), in the order of chunk_form.cuh
  head_tensor<const bf16> v, dy;             // (B, T, H, D)
  const bf16* checkpoints;    // (B * H, chunks, checkpoint or state), from the forward pass
  const float* dfinal_state;  // (B, H, K, V), or null
  head_tensor<bf16> din[inputs<Form>];  // (B, T, H, D)
  head_tensor<bf16> dv;                 // (B, T, H, D)
  float* dinitial_state;                // (B, H, K, V), or null
  const bf16* prepared;  // (B * H, chunks, prepared), for few heads, from the forward pass
  bf16* second_pass;     // (B * H, chunks, second_pass_size), for few heads
  float* bonus_parts;    // (B * H, chunks, D), for few heads, where there is a bonus
  std::int64_t tokens, heads;
  varlen_documents documents;  // for kernels with one block a head
};

/// What the recurrence between chunks leaves of a chunk, in bfloat16: G in 8 x 8 matrices, U and dZ
/// (16, D), and floats: colsum(G S), each warp tile's sixteen value channels.
template <int D>
inline constexpr int second_pass_size = sizes<D>::state + 2 * chunk* D + 2 * sizes<D>::warps* D;

/// One chunk for the sixteen value channels of `warp_tile`: takes the gradient of the state before
/// it; writes the warp tile's columns of U, dZ and dV (the delta rule only the first two), G as
/// this lane's words of 8 x 8 matrices, and colsum(G S), what keeping S is worth. `state` is the
/// warp tile's part of S.
template <int D, class Form>
__device__ inline void chunk_backward(state_tiles<D>& gradient, int warp_tile, const bf16* high,
                                      const bf16* score, const float* start, const float* last,
                                      const bf16* state, const bf16* values, const bf16* dvalues,
                                      bf16* u_tile, bf16* dz_tile, bf16* dv_tile, word* kept,
                                      float* colsum_dS_S) {
  using mma::multiply_add;
  constexpr std::uint32_t tile_bytes = sizes<D>::tile * 2;
  constexpr int steps = sizes<D>::steps;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t from = shared_address(high);
  const std::uint32_t own_state = shared_address(state) + static_cast<std::uint32_t>(lane * 16);
  const auto warp_tile_columns = at.right + static_cast<std::uint32_t>(warp_tile * 32);
  const auto matrix = [&](int which) { return score + which * 2 * score_tile; };
  float z[2][4] = {}, du[2][4] = {}, dv[2][4] = {}, sums[D / 4];
  RADLADS_UNROLL_ROW
  for (int n = 0; n < steps; ++n) {
    scale_state<D>(gradient, n, last);
    const mma::operand g = mma::operand_of(gradient[2 * n], gradient[2 * n + 1]);
    const mma::operand s = mma::load(own_state + static_cast<std::uint32_t>(n * 512));
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      const float(&next)[4] = gradient[2 * n + i];
      const word upper = s.x[2 * i], lower = s.x[2 * i + 1];
      sums[4 * n + 2 * i] = next[0] * mma::first_of(upper) + next[2] * mma::first_of(lower);
      sums[4 * n + 2 * i + 1] = next[1] * mma::second_of(upper) + next[3] * mma::second_of(lower);
    }
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) kept[n * 128 + i * 32] = g.x[i];
    const std::uint32_t column = from + at.right + static_cast<std::uint32_t>(n * 32);
    if constexpr (has_rank_one<Form>) {
      multiply_add(z, s, mma::load(column + left_a * tile_bytes));
      constexpr scaled again = writes_twice<Form> ? right_b : right_k;
      multiply_add(du, g, mma::load(column + again * tile_bytes));
    }
    if constexpr (!has_beta<Form>) multiply_add(dv, g, mma::load(column + right_k * tile_bytes));
  }
  put_column_sums<D>(sums, colsum_dS_S);
  const mma::operand v = mma::load_transposed(shared_address(values) + warp_tile_columns);
  const mma::operand dy = mma::load_transposed(shared_address(dvalues) + warp_tile_columns);
  if constexpr (!has_beta<Form>)
    multiply_add(dv, dy, load_score_transposed(matrix(qk), score_at.left));
  mma::split_operand dz_left{};
  if constexpr (has_rank_one<Form>) {
    if constexpr (has_beta<Form>) {
      add_values(z, v);
    } else {
      multiply_add(z, v, load_score(matrix(ak), score_at.right));
    }
    multiply_add(du, dy, load_score_transposed(matrix(has_beta<Form> ? qk : qb), score_at.left));
    float u[2][4] = {}, dz[2][4] = {};
    multiply_add(u, mma::split_of(z), load_score(matrix(A_inverse<Form>), score_at.right));
    multiply_add(dz, mma::split_of(du),
                 load_score_transposed(matrix(A_inverse<Form>), score_at.left));
    dz_left = mma::split_of(dz);
    if constexpr (writes_twice<Form>)
      multiply_add(dv, dz_left, load_score_transposed(matrix(ak), score_at.left));
    put_transposed<D>(u_tile, warp_tile, u);
    put_transposed<D>(dz_tile, warp_tile, dz);
  }
  if constexpr (!has_beta<Form>) put_transposed<D>(dv_tile, warp_tile, dv);
  RADLADS_UNROLL_ROW
  for (int n = 0; n < steps; ++n) {
    const std::uint32_t column = from + at.left + static_cast<std::uint32_t>(n * 32);
    const mma::operand q = mma::load_transposed(column + left_q * tile_bytes);
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) multiply_add(gradient[2 * n + i], dy, q, i);
    if constexpr (has_rank_one<Form>) {
      const mma::operand a_prime = mma::load_transposed(column + left_a * tile_bytes);
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 2; ++i) multiply_add(gradient[2 * n + i], dz_left.high, a_prime, i);
    }
    scale_state<D>(gradient, n, start);
  }
  __syncwarp();  // the columns are there for the warp
}

/// Gradients of the scaled vectors of one chunk, for this warp's sixteen keys.
struct vector_gradients {
  float q[2][4], a[2][4], k[2][4], b[2][4];
};

/// Their part that S and G have, and the gradients of the scores, shared out to the warps into
/// `dscore`; a barrier must follow. load_state(n) and load_gradient(n) are right operands (16 value
/// channels n, this warp's keys).
template <int D, class Form, class LoadState, class LoadGradient>
__device__ inline void add_state_part(vector_gradients& d, const bf16* v, const bf16* dy,
                                      const bf16* u, const bf16* dz, bf16* dscore,
                                      [[maybe_unused]] gradient_extras<D, Form>& extras,
                                      LoadState&& load_state, LoadGradient&& load_gradient) {
  const int warp = static_cast<int>(threadIdx.x) / 32;
  const mma::tile_offsets<sizes<D>::stride> at(static_cast<int>(threadIdx.x) % 32);
  RADLADS_UNROLL_ROW
  for (int job = warp; job < score_jobs<Form>; job += sizes<D>::warps) {
    const int which = job / 2, half = job % 2;
    const int left = writes_twice<Form> ? which / 2 : which;
    const bool has_u = has_beta<Form> || (writes_twice<Form> && which % 2 == 1);
    float sums[4] = {};
    products_of_rows<D, false>(sums, left == 0 ? dy : dz, dy, has_u ? u : v, dy, half);
    bf16* to = dscore + which * 2 * score_tile;
    if constexpr (has_bonus<Form>) {
      for_diagonal(sums, half, [&](int t, float& each) {
        extras.written[t] = each;
        each = 0.0f;
      });
    }
    put_triangle(to, to + score_tile, sums, half, left == 1);
  }
  const std::uint32_t from_dy = shared_address(dy) + at.left,
                      from_dz = shared_address(dz) + at.left;
  const std::uint32_t from_v = shared_address(v) + at.left, from_u = shared_address(u) + at.left;
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    const auto values = static_cast<std::uint32_t>(n * 32);
    const mma::operand s = load_state(n), g = load_gradient(n);
    mma::multiply_add(d.q, mma::load(from_dy + values), s);
    mma::multiply_add(d.k, mma::load((has_beta<Form> ? from_u : from_v) + values), g);
    if constexpr (has_rank_one<Form>) mma::multiply_add(d.a, mma::load(from_dz + values), s);
    if constexpr (writes_twice<Form>) mma::multiply_add(d.b, mma::load(from_u + values), g);
  }
}

/// colsum(V G k' + U G b') of the chunk's tokens, for this warp's keys: what writing is worth. To
/// be called with the part that S and G have; every lane gets the numbers of its columns.
template <int D, class Form>
__device__ inline void sum_written(const vector_gradients& d, const bf16* high,
                                   float (&written)[2][2]) {
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  RADLADS_UNROLL_ROW
  for (int half = 0; half < 2; ++half) {
    float sum[2] = {};
    RADLADS_UNROLL_ROW
    for (int row = 0; row < 2; ++row) {
      const bf16* at =
          high + (lane / 4 + 8 * row) * sizes<D>::stride + warp * 16 + half * 8 + lane % 4 * 2;
      const word k = *reinterpret_cast<const word*>(at + right_k * sizes<D>::tile);
      sum[0] += mma::first_of(k) * d.k[half][2 * row];
      sum[1] += mma::second_of(k) * d.k[half][2 * row + 1];
      if constexpr (writes_twice<Form>) {
        const word b = *reinterpret_cast<const word*>(at + right_b * sizes<D>::tile);
        sum[0] += mma::first_of(b) * d.b[half][2 * row];
        sum[1] += mma::second_of(b) * d.b[half][2 * row + 1];
      }
    }
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      RADLADS_UNROLL_ROW
      for (int bit = 4; bit < 32; bit *= 2) sum[i] += __shfl_xor_sync(~0u, sum[i], bit);
      written[half][i] = sum[i];
    }
  }
}

/// Their part that the scores have.
template <int D, class Form>
__device__ inline void add_score_part(vector_gradients& d, const bf16* high, const bf16* dscore) {
  constexpr std::uint32_t tile_bytes = sizes<D>::tile * 2;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t column =
      shared_address(high) + at.left + static_cast<std::uint32_t>(warp * 32);
  const mma::operand q = mma::load_transposed(column + left_q * tile_bytes);
  const mma::operand k = mma::load_transposed(column + right_k * tile_bytes);
  const auto add = [&](int which, float(&to_left)[2][4], const mma::operand& right,
                       float(&to_right)[2][4], const mma::operand& left) {
    const mma::split_operand plain = load_score(dscore + which * 2 * score_tile, score_at.left);
    const mma::split_operand turned =
        load_score_transposed(dscore + which * 2 * score_tile, score_at.right);
    mma::multiply_add(to_left, plain.high, right);
    mma::multiply_add(to_left, plain.low, right);
    mma::multiply_add(to_right, turned.high, left);
    mma::multiply_add(to_right, turned.low, left);
  };
  add(0, d.q, k, d.k, q);
  if constexpr (has_beta<Form>) {
    add(1, d.a, k, d.k, mma::load_transposed(column + left_a * tile_bytes));
  } else if constexpr (has_rank_one<Form>) {
    const mma::operand a_prime = mma::load_transposed(column + left_a * tile_bytes);
    const mma::operand b_prime = mma::load_transposed(column + right_b * tile_bytes);
    add(1, d.q, b_prime, d.b, q);
    add(2, d.a, k, d.k, a_prime);
    add(3, d.a, b_prime, d.b, a_prime);
  }
}

/// The arguments that do not depend on the form.
template <class Cell>
backward_args<typename Cell::form> backward_args_of(
    const scan_backward_arguments<Cell, bf16, device_space>& from) {
  backward_args<typename Cell::form> args{};
  copy_rows(from.inputs, args.in);
  copy_rows(from.dinputs, args.din);
  args.v = head_tensor_of(from.v, from.heads());
  args.dy = head_tensor_of(from.dy);
  args.dv = head_tensor_of(from.dv);
  args.checkpoints = reinterpret_cast<const bf16*>(pointer_or_null(from.checkpoints));
  args.dfinal_state = pointer_or_null(from.dfinal_state);
  args.dinitial_state = pointer_or_null(from.dinitial_state);
  args.tokens = from.v.extent(1);
  args.heads = from.heads();
  return args;
}

}  // namespace radlads::recurrence::chunkwise
