// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two-pass chunkwise, for few heads: the first pass works within all chunks in parallel, the second
// is the recurrence between chunks, some value channels a block.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"
#include "radlads/recurrence/cuda/chunkwise.cuh"

#include <cstddef>
#include <cstdint>

namespace radlads::recurrence::chunkwise {

template <int D, class Form>
struct within_chunks_memory {
  bf16 raw[tiles<Form>][sizes<D>::tile];
  bf16 high[scaled_count<Form>][sizes<D>::tile];
  bf16 low_q[sizes<D>::tile];
  bf16 low[scaled_count<Form> - 1][sizes<D>::tile];
  bf16 score[scores<Form>][2][score_tile];
  float A[chunk * A_stride];
  float start[D], last[D];
  chunk_extras<D, Form> extras;
};

/// Grid: B * H * chunks. First pass: vectors, scores and decays of every chunk.
template <int D, class Form>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 6 : 3)
    within_chunks_kernel(const __grid_constant__ forward_args<Form> a) {
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<within_chunks_memory<D, Form>*>(bytes);
  const int chunks = chunks_of(a.tokens), c = static_cast<int>(blockIdx.x) % chunks;
  const std::int64_t index = blockIdx.x / chunks, b = index / a.heads, h = index % a.heads;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < tiles<Form>; ++i)
    load_rows<D>(m.raw[i], a.in[i].at(b, 0, h), a.in[i].time, c * chunk, a.tokens);
  commit_copies();
  load_chunk_extras<D, Form>(m.extras, a.in, b, h, c * chunk, a.tokens);
  wait_for_copies<0>();
  __syncthreads();  // the inputs are there
  scale_chunk<D, Form, true>(m.raw[0], m.extras, m.high[0], m.low_q, m.low[0], nullptr, m.start,
                             m.last);
  __syncthreads();  // the vectors are there
  bf16* to = a.prepared + std::int64_t{blockIdx.x} * kept_sizes<D, Form>::prepared;
  RADLADS_UNROLL_ROW
  for (int i = static_cast<int>(threadIdx.x); i < kept_sizes<D, Form>::vectors / 8;
       i += sizes<D>::threads) {
    *reinterpret_cast<uint4*>(to + 8 * i) = *reinterpret_cast<const uint4*>(
        m.high[0] + i / (D / 8) * sizes<D>::stride + i % (D / 8) * 8);
  }
  float* decays = reinterpret_cast<float*>(to + kept_sizes<D, Form>::vectors +
                                           kept_sizes<D, Form>::score_block);
  if (threadIdx.x < D) {
    decays[threadIdx.x] = m.start[threadIdx.x];
    decays[D + threadIdx.x] = m.last[threadIdx.x];
  }
  put_scores<D, Form>(m.high[0], m.low_q, m.low[0], m.extras, m.score[0][0], m.A);
  if constexpr (has_rank_one<Form>) {
    __syncthreads();  // what is inverted is there
    if (threadIdx.x < 32) invert(m.A, m.score[A_inverse<Form>][0]);
  }
  __syncthreads();  // all scores are there
  store_scores<scores<Form>, sizes<D>::threads>(m.score[0][0], to + kept_sizes<D, Form>::vectors);
}

/// What the recurrence between chunks needs of one.
template <int D, class Form>
struct prepared_chunk {
  bf16 high[scaled_count<Form>][sizes<D>::tile];
  bf16 low_q[sizes<D>::tile];
  bf16 score[scores<Form>][2][score_tile];
  float start[D], last[D];
};

template <int D, class Form, int Threads, int Vectors>
__device__ inline void load_prepared(prepared_chunk<D, Form>& to, const bf16* from, int thread) {
  RADLADS_UNROLL_ROW
  for (int i = thread; i < Vectors * chunk * D / 8; i += Threads) {
    copy_async(shared_address(to.high[0] + i / (D / 8) * sizes<D>::stride + i % (D / 8) * 8),
               from + 8 * i, true);
  }
  load_scores<scores<Form>, Threads>(to.score[0][0], from + kept_sizes<D, Form>::vectors, thread);
  const bf16* decays = from + kept_sizes<D, Form>::vectors + kept_sizes<D, Form>::score_block;
  for (int i = thread; i < D / 2; i += Threads) {
    copy_async(shared_address(to.start + 4 * i), decays + 8 * i, true);
  }
}
template <int D, class Form>
struct between_chunks_stage {
  prepared_chunk<D, Form> prepared;
  bf16 v[sizes<D>::tile];  // then y
};

inline constexpr int between_chunks_stages = 3;
// Threads that only load: addresses cost as much as the products.
inline constexpr int loaders = 128;

/// Grid: (B * H, warp tiles / WarpTiles). The first warps have a warp tile each and share only what
/// is loaded.
template <int D, class Form, int WarpTiles>
RADLADS_KERNEL __launch_bounds__(WarpTiles * 32 + loaders, 1)
    between_chunks_kernel(const __grid_constant__ forward_args<Form> a) {
  extern __shared__ __align__(128) unsigned char bytes[];
  auto* stages = reinterpret_cast<between_chunks_stage<D, Form>*>(bytes);
  const int chunks = chunks_of(a.tokens);
  const int first_warp_tile = static_cast<int>(blockIdx.y) * WarpTiles,
            warp_tile = first_warp_tile + static_cast<int>(threadIdx.x) / 32;
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const int loader = static_cast<int>(threadIdx.x) - WarpTiles * 32;
  const bool is_loader = loader >= 0;
  const bf16* const v = a.v.at(b, 0, h);
  bf16* const y = a.y.at(b, 0, h);
  const auto load = [&](int c) {
    if (c < chunks) {
      between_chunks_stage<D, Form>& to = stages[c % between_chunks_stages];
      load_prepared<D, Form, loaders, scaled_count<Form> + 1>(
          to.prepared, a.prepared + (index * chunks + c) * kept_sizes<D, Form>::prepared, loader);
      load_columns<D, WarpTiles, loaders>(to.v, first_warp_tile, v, a.v.time, c * chunk, a.tokens,
                                          loader);
    }
    commit_copies();
  };
  float state[D / 8][4] = {};
  if (is_loader) {
    load(0);
    load(1);
  } else {
    load_state<D>(a.initial_state == nullptr ? nullptr : a.initial_state + index * sizes<D>::state,
                  warp_tile, state);
  }
  for (int c = 0; c < chunks; ++c) {
    if (is_loader) wait_for_copies<1>();
    __syncthreads();  // chunk c is there, and nobody reads chunk c - 1
    if (is_loader) {
      load(c + 2);
      continue;
    }
    between_chunks_stage<D, Form>& m = stages[c % between_chunks_stages];
    bf16* checkpoint =
        a.checkpoints == nullptr ? nullptr : a.checkpoints + (index * chunks + c) * sizes<D>::state;
    chunk_forward<D, Form>(state, warp_tile, m.prepared.high[0], m.prepared.low_q,
                           m.prepared.score[0][0], m.prepared.start, m.prepared.last, m.v,
                           checkpoint);
    store_columns<D>(m.v, warp_tile, y, a.y.time, c * chunk, a.tokens);
  }
  if (a.final_state != nullptr && !is_loader)
    store_state<D>(state, warp_tile, a.final_state + index * sizes<D>::state);
}

inline constexpr int warp_tiles_per_block = 2;

/// Where prepared chunks stay for the backward pass: behind the states, or nowhere.
template <int D, class Form, class T>
T* kept_chunks(T* checkpoints, std::int64_t chunks) {
  return checkpoints != nullptr && kept_sizes<D, Form>::keeps_prepared
             ? checkpoints + chunks * sizes<D>::state
             : nullptr;
}

/// Prepares every chunk into `args.prepared`.
template <int D, class Form>
RADLADS_HIDDEN void launch_within_chunks(cuda_backend& b, std::int64_t heads,
                                         const forward_args<Form>& args) {
  launch(b, "within_chunks", within_chunks_kernel<D, Form>,
         {.blocks = heads * ceil_div(args.tokens, chunk),
          .threads = sizes<D>::threads,
          .shared_bytes = sizeof(within_chunks_memory<D, Form>)},
         args);
}

template <int D, class Cell>
RADLADS_HIDDEN void launch_two_pass_chunkwise(
    cuda_backend& b, const scan_forward_arguments<Cell, bf16, device_space>& from) {
  using Form = typename Cell::form;
  forward_args<Form> args = forward_args_of(from);
  const std::int64_t heads = from.v.extent(0) * args.heads, chunks = ceil_div(args.tokens, chunk);
  scratch_scope<cuda_backend> scope(b);
  args.prepared = kept_chunks<D, Form>(args.checkpoints, heads * chunks);
  if (args.prepared == nullptr)
    args.prepared = scope.take<bf16, 1>({heads * chunks * kept_sizes<D, Form>::prepared}).data();
  launch_within_chunks<D, Form>(b, heads, args);
  launch(b, "two_pass_chunkwise", between_chunks_kernel<D, Form, warp_tiles_per_block>,
         {.blocks = heads,
          .threads = warp_tiles_per_block * warp_size + loaders,
          .shared_bytes = between_chunks_stages * sizeof(between_chunks_stage<D, Form>),
          .blocks_y = sizes<D>::warps / warp_tiles_per_block},
         args);
}

}  // namespace radlads::recurrence::chunkwise
