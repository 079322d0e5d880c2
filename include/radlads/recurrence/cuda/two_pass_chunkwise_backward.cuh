// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of two_pass_chunkwise.cuh, for few heads: the recurrence between chunks runs over value
// channels and leaves G, U and dZ of each chunk; the keys of all chunks follow in parallel.
// Formulas stand in chunk_gradient.cuh.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/recurrence/cuda/chunk_gradient.cuh"
#include "radlads/recurrence/cuda/chunk_input_gradient.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"
#include "radlads/recurrence/cuda/two_pass_chunkwise.cuh"

#include <cstddef>
#include <cstdint>

namespace radlads::recurrence::chunkwise {

template <int D, class Form, int WarpTiles>
struct between_chunks_backward_stage {
  prepared_chunk<D, Form> prepared;
  bf16 v[sizes<D>::tile], dy[sizes<D>::tile];
  bf16 state[WarpTiles * sizes<D>::steps * 256];
};
template <int D, class Form, int WarpTiles>
struct between_chunks_backward_memory {
  between_chunks_backward_stage<D, Form, WarpTiles> stage[between_chunks_stages];
  bf16 u[sizes<D>::tile], dz[sizes<D>::tile], dv[sizes<D>::tile];
};

/// Grid: (B * H, warp tiles / WarpTiles). The first warps have a warp tile each and share only what
/// is loaded.
template <int D, class Form, int WarpTiles>
RADLADS_KERNEL __launch_bounds__(WarpTiles * 32 + loaders, 1)
    between_chunks_backward_kernel(const __grid_constant__ backward_args<Form> a) {
  constexpr int steps = sizes<D>::steps;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<between_chunks_backward_memory<D, Form, WarpTiles>*>(bytes);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int chunks = chunks_of(a.tokens),
            first_warp_tile = static_cast<int>(blockIdx.y) * WarpTiles,
            warp_tile = first_warp_tile + warp;
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const int loader = static_cast<int>(threadIdx.x) - WarpTiles * 32;
  const bool is_loader = loader >= 0;
  const bf16* const v = a.v.at(b, 0, h);
  const bf16* const dy = a.dy.at(b, 0, h);
  bf16* const dv = a.dv.at(b, 0, h);
  const auto load = [&](int c) {
    if (c >= 0) {
      auto& to = m.stage[c % between_chunks_stages];
      load_prepared<D, Form, loaders, scaled_count<Form>>(
          to.prepared, a.prepared + (index * chunks + c) * kept_sizes<D, Form>::prepared, loader);
      load_columns<D, WarpTiles, loaders>(to.v, first_warp_tile, v, a.v.time, c * chunk, a.tokens,
                                          loader);
      load_columns<D, WarpTiles, loaders>(to.dy, first_warp_tile, dy, a.dy.time, c * chunk,
                                          a.tokens, loader);
      const bf16* checkpoint =
          a.checkpoints + (index * chunks + c) * sizes<D>::state + first_warp_tile * steps * 256;
      RADLADS_UNROLL_ROW
      for (int i = loader; i < WarpTiles * steps * 32; i += loaders) {
        copy_async(shared_address(to.state + 8 * i), checkpoint + 8 * i, true);
      }
    }
    commit_copies();
  };
  float gradient[D / 8][4] = {};
  if (is_loader) {
    load(chunks - 1);
    load(chunks - 2);
  } else {
    load_state<D>(a.dfinal_state == nullptr ? nullptr : a.dfinal_state + index * sizes<D>::state,
                  warp_tile, gradient);
  }
  for (int c = chunks - 1; c >= 0; --c) {
    if (is_loader) wait_for_copies<1>();
    __syncthreads();  // chunk c is there, and nobody reads chunk c + 1
    if (is_loader) {
      load(c - 2);
      continue;
    }
    auto& from = m.stage[c % between_chunks_stages];
    bf16* to = a.second_pass + (index * chunks + c) * second_pass_size<D>;
    float* colsum_dS_S =
        reinterpret_cast<float*>(to + sizes<D>::state + 2 * chunk * D) + warp_tile * D;
    chunk_backward<D, Form>(
        gradient, warp_tile, from.prepared.high[0], from.prepared.score[0][0], from.prepared.start,
        from.prepared.last, from.state + warp * steps * 256, from.v, from.dy, m.u, m.dz, m.dv,
        reinterpret_cast<word*>(to) + warp_tile * steps * 128 + lane, colsum_dS_S);
    if constexpr (has_rank_one<Form>) {
      store_columns<D>(m.u, warp_tile, to + sizes<D>::state, D, 0, chunk);
      store_columns<D>(m.dz, warp_tile, to + sizes<D>::state + chunk * D, D, 0, chunk);
    }
    store_columns<D>(has_beta<Form> ? m.dz : m.dv, warp_tile, dv, a.dv.time, c * chunk, a.tokens);
    __syncwarp();  // the columns may be overwritten
  }
  if (a.dinitial_state != nullptr && !is_loader)
    store_state<D>(gradient, warp_tile, a.dinitial_state + index * sizes<D>::state);
}

template <int D, class Form>
struct keys_memory {
  bf16 raw[tiles<Form>][sizes<D>::tile];  // then their gradients
  bf16 v[sizes<D>::tile], dy[sizes<D>::tile], u[sizes<D>::tile], dz[sizes<D>::tile];
  bf16 high[scaled_count<Form>][sizes<D>::tile];
  bf16 dscore[scores<Form>][2][score_tile];
  float sums[sizes<D>::tile];
  float start[D], last[D];
  chunk_extras<D, Form> extras;
  gradient_extras<D, Form> parts;
};

/// Grid: B * H * chunks. Gradients of the vectors, from what the second pass left.
template <int D, class Form>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 4 : 2)
    keys_kernel(const __grid_constant__ backward_args<Form> a) {
  constexpr int steps = sizes<D>::steps;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<keys_memory<D, Form>*>(bytes);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int chunks = chunks_of(a.tokens), c = static_cast<int>(blockIdx.x) % chunks;
  const std::int64_t index = blockIdx.x / chunks, b = index / a.heads, h = index % a.heads;
  const bf16* second_pass = a.second_pass + std::int64_t{blockIdx.x} * second_pass_size<D>;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < tiles<Form>; ++i)
    load_rows<D>(m.raw[i], a.in[i].at(b, 0, h), a.in[i].time, c * chunk, a.tokens);
  commit_copies();
  load_chunk_extras<D, Form>(m.extras, a.in, b, h, c * chunk, a.tokens);
  if constexpr (!has_beta<Form>) load_rows<D>(m.v, a.v.at(b, 0, h), a.v.time, c * chunk, a.tokens);
  load_rows<D>(m.dy, a.dy.at(b, 0, h), a.dy.time, c * chunk, a.tokens);
  if constexpr (has_rank_one<Form>) {
    load_rows<D>(m.u, second_pass + sizes<D>::state, D, 0, chunk);
    load_rows<D>(m.dz, second_pass + sizes<D>::state + chunk * D, D, 0, chunk);
  }
  commit_copies();
  wait_for_copies<1>();
  __syncthreads();  // the inputs are there
  scale_chunk<D, Form, false>(m.raw[0], m.extras, m.high[0], nullptr, nullptr, m.sums, m.start,
                              m.last);
  wait_for_copies<0>();
  __syncthreads();  // everything is there
  const word* state =
      reinterpret_cast<const word*>(a.checkpoints + std::int64_t{blockIdx.x} * sizes<D>::state) +
      lane;
  const word* gradient = reinterpret_cast<const word*>(second_pass) + lane;
  const auto turned = [&](const word* from, int n) {
    mma::operand r;
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) r.x[i] = mma::transpose(from[(n * steps + warp) * 128 + i * 32]);
    return r;
  };
  vector_gradients d{};
  add_state_part<D, Form>(
      d, m.v, m.dy, m.u, m.dz, m.dscore[0][0], m.parts, [&](int n) { return turned(state, n); },
      [&](int n) { return turned(gradient, n); });
  float written[2][2];
  sum_written<D, Form>(d, m.high[0], written);
  const unrounded_gamma<D, Form> unrounded(m.raw[0], m.extras, m.high[0], m.sums, d, written);
  __syncthreads();  // the gradients of the scores are there
  add_score_part<D, Form>(d, m.high[0], m.dscore[0][0]);
  const float* colsum_dS_S =
      reinterpret_cast<const float*>(second_pass + sizes<D>::state + 2 * chunk * D);
  bonus_gradient<Form> du;
  put_gradients<D, Form>(m.raw[0], m.extras, m.high[0], m.sums, colsum_dS_S, written, d, unrounded,
                         m.parts, du);
  __syncwarp();  // the columns are there for the warp
  RADLADS_UNROLL_ROW
  for (int i = 0; i < tiles<Form>; ++i) {
    store_columns<D>(m.raw[i], warp, a.din[i].at(b, 0, h), a.din[i].time, c * chunk, a.tokens);
  }
  if constexpr (has_bonus<Form>) {
    float* to = a.bonus_parts + std::int64_t{blockIdx.x} * D;
    du.store([&](int column, float first, float second) {
      *reinterpret_cast<float2*>(to + column) = float2{first, second};
    });
  }
  if constexpr (token_scalars<Form> != 0) {
    __syncthreads();  // all keys' parts are there
    store_token_gradients<D, Form>(m.parts, a.din, b, h, c * chunk, a.tokens);
  }
}

/// Grid: B * H. The bonus's gradient from those of the chunks.
template <int D, class Form>
RADLADS_KERNEL __launch_bounds__(D) bonus_kernel(const __grid_constant__ backward_args<Form> a) {
  const int chunks = chunks_of(a.tokens);
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const float* from = a.bonus_parts + index * chunks * D + threadIdx.x;
  float sum = 0.0f;
  for (int c = 0; c < chunks; ++c) sum += from[std::int64_t{c} * D];
  a.din[in_rest<Form>].at(b, 0, h)[threadIdx.x] = bf16(sum);
}

/// Chunks that the forward pass could not keep are prepared again.
template <int D, class Cell>
RADLADS_HIDDEN void launch_two_pass_chunkwise_backward(
    cuda_backend& b, const scan_backward_arguments<Cell, bf16, device_space>& from) {
  using Form = typename Cell::form;
  backward_args<Form> args = backward_args_of(from);
  const std::int64_t heads = from.v.extent(0) * args.heads, chunks = ceil_div(args.tokens, chunk);
  scratch_scope<cuda_backend> scope(b);
  args.prepared = kept_chunks<D, Form>(args.checkpoints, heads * chunks);
  if (args.prepared == nullptr) {
    forward_args<Form> again{};
    copy_rows(from.inputs, again.in);
    again.tokens = args.tokens;
    again.heads = args.heads;
    again.prepared = scope.take<bf16, 1>({heads * chunks * kept_sizes<D, Form>::prepared}).data();
    launch_within_chunks<D, Form>(b, heads, again);
    args.prepared = again.prepared;
  }
  args.second_pass = scope.take<bf16, 1>({heads * chunks * second_pass_size<D>}).data();
  if constexpr (has_bonus<Form>)
    args.bonus_parts = scope.take<float, 1>({heads * chunks * D}).data();
  launch(b, "two_pass_chunkwise_backward",
         between_chunks_backward_kernel<D, Form, warp_tiles_per_block>,
         {.blocks = heads,
          .threads = warp_tiles_per_block * warp_size + loaders,
          .shared_bytes = sizeof(between_chunks_backward_memory<D, Form, warp_tiles_per_block>),
          .blocks_y = sizes<D>::warps / warp_tiles_per_block},
         args);
  launch(b, "chunkwise_keys_backward", keys_kernel<D, Form>,
         {.blocks = heads * chunks,
          .threads = sizes<D>::threads,
          .shared_bytes = sizeof(keys_memory<D, Form>)},
         args);
  if constexpr (has_bonus<Form>) {
    launch(b, "chunkwise_bonus_backward", bonus_kernel<D, Form>, {.blocks = heads, .threads = D},
           args);
  }
}

}  // namespace radlads::recurrence::chunkwise
