// SPDX-License-Identifier: Apache-2.0
#pragma once
// The delta rule with one decay a token, chunkwise, forward, where heads are many and of 128. Such
// decays need no scaled vectors: they multiply scores, and rows of what the state is read with.
// With g_t the cumulative log decay from the first token of the chunk to t, S (V, K) the state
// before it, and M as in chunk_tile.cuh:
//   Aqk = tril(e^(g_t - g_s) b_s q_t k_s),   Aak = -tril_(e^(g_t - g_s) b_s k_t k_s)
//   z_t = v_t - e^(g_t) S k_t,   U = M Z,   y_t = e^(g_t) S q_t + sum_s Aqk_ts u_s
//   S <- e^(g_T) S + sum_t e^(g_T - g_t) b_t u_t k_t^T
// No exponent is above zero. Decays below e^-10 act as e^-10 here too: the gradients come from the
// kernels of chunkwise_backward.cuh. A warp has sixteen value channels of a head; five more warps
// load, and make the scores of chunks to come.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"
#include "radlads/recurrence/cuda/chunkwise.cuh"
#include "radlads/recurrence/gated_deltanet.hpp"

#include <cstddef>
#include <cstdint>

namespace radlads::recurrence::chunkwise {

inline constexpr int delta_stages = 5;
inline constexpr int delta_producers = 5 * warp_size;

/// What a chunk needs, from its loading to its last use.
template <int D>
struct alignas(16) delta_stage {
  bf16 q[sizes<D>::tile], k[sizes<D>::tile];
  bf16 v[sizes<D>::tile];  // then y
  bf16 score[2][2][score_tile];
  float A[chunk * A_stride];  // Aak
  chunk_extras<D, delta_rule_by_token> extras;
  float exp_g[chunk], written[chunk];  // e^(g_t), e^(g_T - g_t) b_t
  float whole, first_half;             // e^(g_T), e^(g_7)
};

/// Cumulative log decay g of each token, to base 2, in lanes 0 to 15 and again in the others.
__device__ inline float cumulative_log_decay(const float* log_decay) {
  const int row = static_cast<int>(threadIdx.x) % chunk;
  float g = decay_of(log_decay[row]);
  RADLADS_UNROLL_ROW
  for (int step = 1; step < chunk; step *= 2) {
    const float earlier = __shfl_up_sync(~0u, g, step, chunk);
    g += row >= step ? earlier : 0.0f;
  }
  return g;
}

/// Half a matrix of products of rows, by one warp: job 0 and 1 are k k^T, 2 and 3 are q k^T. The
/// first also puts what a token is multiplied with.
template <int D>
__device__ inline void put_delta_scores(delta_stage<D>& m, int job) {
  const int lane = static_cast<int>(threadIdx.x) % 32, half = job % 2;
  const float own = cumulative_log_decay(m.extras.token[0]);
  const float* betas = m.extras.token[1];
  if (job == 0) {
    const float end = __shfl_sync(~0u, own, chunk - 1),
                middle = __shfl_sync(~0u, own, chunk / 2 - 1);
    if (lane < chunk) {
      m.exp_g[lane] = exp2_of(own);
      m.written[lane] = exp2_of(end - own) * betas[lane];
    }
    if (lane == 0) {
      m.whole = exp2_of(end);
      m.first_half = exp2_of(middle);
    }
  }
  const bool is_read = job >= 2;
  float sums[4] = {};
  products_of_rows<D, false>(sums, is_read ? m.q : m.k, nullptr, m.k, nullptr, half);
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    const int t = lane / 4 + i / 2 * 8, s = half * 8 + lane % 4 * 2 + i % 2;
    const float decay = exp2_of(__shfl_sync(~0u, own, t) - __shfl_sync(~0u, own, s));
    sums[i] *= decay * betas[s];
    if (!is_read) m.A[t * A_stride + s] = s < t ? -sums[i] : 0.0f;
  }
  if (is_read) put_triangle(m.score[qk][0], m.score[qk][1], sums, half, false);
}

/// One chunk for the sixteen value channels of `warp_tile`: advances the state and puts y in the
/// place of v. The state, scaled to the middle of the chunk as chunk_tile.cuh has it, goes to
/// `checkpoint`, if not null.
template <int D>
__device__ inline void chunk_forward_delta(state_tiles<D>& state, int warp_tile, delta_stage<D>& m,
                                           bf16* checkpoint) {
  using mma::multiply_add;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t keys = shared_address(m.k), queries = shared_address(m.q);
  float z[2][4] = {}, y[2][4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    const mma::operand s = mma::operand_of(state[2 * n], state[2 * n + 1]);
    const std::uint32_t step = at.right + static_cast<std::uint32_t>(n * 32);
    multiply_add(z, s, mma::load(keys + step));
    multiply_add(y, s, mma::load(queries + step));
  }
  if (checkpoint != nullptr) {
    const float factor = m.first_half;
    RADLADS_UNROLL_ROW
    for (int n = 0; n < sizes<D>::steps; ++n) {
      word* to =
          reinterpret_cast<word*>(checkpoint) + (warp_tile * sizes<D>::steps + n) * 128 + lane;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) {
        const float* from = &state[2 * n + i / 2][i % 2 * 2];
        to[32 * i] = bf16_pair(from[0] * factor, from[1] * factor);
      }
    }
  }
  const mma::operand values = mma::load_transposed(shared_address(m.v) + at.right +
                                                   static_cast<std::uint32_t>(warp_tile * 32));
  const auto token_of = [&](int half, int i) { return half * 8 + lane % 4 * 2 + i % 2; };
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 8; ++i) {
    const float exp_g = m.exp_g[token_of(i / 4, i)];
    z[i / 4][i % 4] *= -exp_g;
    y[i / 4][i % 4] *= exp_g;
  }
  add_values(z, values);
  float u[2][4] = {};
  multiply_add(u, mma::split_of(z),
               load_score(m.score[A_inverse<delta_rule_by_token>][0], score_at.right));
  multiply_add(y, mma::split_of(u), load_score(m.score[qk][0], score_at.right));
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 8; ++i) u[i / 4][i % 4] *= m.written[token_of(i / 4, i)];
  const mma::operand written = mma::operand_of(u[0], u[1]);
  const float whole = m.whole;
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    const mma::operand k =
        mma::load_transposed(keys + at.left + static_cast<std::uint32_t>(n * 32));
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      RADLADS_UNROLL_ROW
      for (float& each : state[2 * n + i]) each *= whole;
      multiply_add(state[2 * n + i], written, k, i);
    }
  }
  __syncwarp();  // all lanes have their values
  put_transposed<D>(m.v, warp_tile, y);
  __syncwarp();
}

/// Grid: B * H. Of the threads behind the warp tiles' one warp inverts, and four multiply rows; all
/// of them load.
template <int D>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads + delta_producers, 1)
    delta_kernel(const __grid_constant__ forward_args<delta_rule_by_token> a) {
  using form = delta_rule_by_token;
  constexpr int checkpoint_size = kept_sizes<D, form>::checkpoint;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto* stages = reinterpret_cast<delta_stage<D>*>(bytes);
  const std::int64_t index = blockIdx.x;
  const sequence here = sequence_of<D>(a.documents, index, a.heads, a.tokens, checkpoint_size);
  const int chunks = chunks_of(here.tokens), warp_tile = static_cast<int>(threadIdx.x) / 32;
  const auto row = [&](const auto& x) { return x.at(here.b, here.first, here.h); };
  const int producer = static_cast<int>(threadIdx.x) - sizes<D>::threads;
  const bool is_producer = producer >= 0;
  const auto at = [&](int c) -> delta_stage<D>& { return stages[c % delta_stages]; };
  extras_on_the_way<D, form> coming;
  float state[D / 8][4] = {};
  if (!is_producer) {
    load_state<D>(a.initial_state == nullptr ? nullptr : a.initial_state + index * sizes<D>::state,
                  warp_tile, state);
  }
  // Chunk c + 4 is loaded, of c + 2 the products of rows are made, c + 1 is inverted, c advances.
  for (int c = -4; c < chunks; ++c) {
    if (is_producer) {
      if (c + 3 >= 0 && c + 3 < chunks) coming.put(at(c + 3).extras, producer);
      if (c + 4 < chunks) {
        delta_stage<D>& to = at(c + 4);
        const int first = (c + 4) * chunk;
        const auto load = [&](bf16* tile, const head_tensor<const bf16>& x) {
          load_columns<D, sizes<D>::warps, delta_producers>(tile, 0, row(x), x.time, first,
                                                            here.tokens, producer);
        };
        load(to.q, a.in[in_r]);
        load(to.k, a.in[in_k<form>]);
        load(to.v, a.v);
        coming.load(a.in, here.b, here.h, here.first + first, here.first + here.tokens, producer);
      }
      commit_copies();
      if (producer < warp_size) {
        if (c + 1 >= 0 && c + 1 < chunks) invert(at(c + 1).A, at(c + 1).score[A_inverse<form>][0]);
      } else if (c + 2 >= 0 && c + 2 < chunks) {
        put_delta_scores<D>(at(c + 2), producer / warp_size - 1);
      }
      wait_for_copies<1>();
    } else if (c >= 0) {
      delta_stage<D>& m = at(c);
      bf16* checkpoint = nullptr;
      if (a.checkpoints != nullptr) {
        checkpoint = a.checkpoints + here.checkpoint + std::int64_t{c} * checkpoint_size;
        store_scores<scores<form>, sizes<D>::threads>(m.score[0][0], checkpoint + sizes<D>::state);
      }
      chunk_forward_delta<D>(state, warp_tile, m, checkpoint);
      store_columns<D>(m.v, warp_tile, row(a.y), a.y.time, c * chunk, here.tokens);
    }
    __syncthreads();  // chunk c + 3 is there, as are the scores of c + 2 and the inverse of c + 1
  }
  if (a.final_state != nullptr && !is_producer)
    store_state<D>(state, warp_tile, a.final_state + index * sizes<D>::state);
}

using delta_arguments = scan_forward_arguments<gated_deltanet, bf16, device_space>;

template <int D>
RADLADS_HIDDEN void launch_delta(cuda_backend& b, const delta_arguments& from,
                                 const varlen_documents& documents, std::int64_t count) {
  forward_args<delta_rule_by_token> args = forward_args_of(from);
  args.documents = documents;
  const std::int64_t sequences = documents.cu_seqlens == nullptr ? from.v.extent(0) : count;
  launch(b, "chunkwise_delta", delta_kernel<D>,
         {.blocks = sequences * from.heads(),
          .threads = sizes<D>::threads + delta_producers,
          .shared_bytes = delta_stages * sizeof(delta_stage<D>)},
         args);
}

/// In place of the kernel of chunkwise.cuh, with checkpoints for the same backward kernel. Of heads
/// of 64 that kernel has three blocks a multiprocessor and is the faster one.
template <int D>
RADLADS_HIDDEN void launch_chunkwise(cuda_backend& b, const delta_arguments& from,
                                     const varlen_documents& documents = {},
                                     std::int64_t count = 0) {
  if constexpr (D <= 64) {
    launch_chunkwise<D, gated_deltanet>(b, from, documents, count);
  } else {
    launch_delta<D>(b, from, documents, count);
  }
}

}  // namespace radlads::recurrence::chunkwise
