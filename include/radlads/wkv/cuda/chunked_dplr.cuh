// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recurrence of RWKV-7 by chunks of sixteen tokens on tensor cores, forward. A block has a head and walks
// over its chunks; a warp has sixteen value channels of the state in its registers, transposed, S (V, K):
//   Z = S a'^T + V^T Aak^T,  U = Z M^T,  y^T = S q'^T + V^T Aqk^T + U Aqb^T
//   S = (S + V^T k' + U b') diag(decay of the chunk)
// Inputs are bf16; the next chunk is copied while this one is computed.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/wkv/cuda/chunk_dplr.cuh"
#include "radlads/wkv/scan.hpp"

#include <cstddef>
#include <cstdint>

namespace radlads::wkv {

struct chunked_dplr_args {
  head_tensor<const bf16> inputs[rwkv7::inputs];  // (B, T, H, D)
  head_tensor<const bf16> v;                      // (B, T, H, D)
  head_tensor<bf16> y;                            // (B, T, H, D)
  const float* initial_state;                    // (B, H, D, D), or null
  float* final_state;                            // (B, H, D, D), or null; may be initial_state
  float* checkpoints;                            // (B * H, chunks, D, D), or null
  std::int64_t tokens, heads;
};

static_assert(chunk_length == segment_length, "a chunk's first state is the scan's checkpoint");

template <int D>
struct dplr_forward_memory {
  dplr_raw<D> raw[2];
  dplr_chunk<D> chunk;
};

/// Grid: B * H.
template <int D>
RADLADS_KERNEL __launch_bounds__(dplr_sizes<D>::threads, D == 64 ? 4 : 2)
    chunked_dplr_forward_kernel(const __grid_constant__ chunked_dplr_args a) {
  using sizes = dplr_sizes<D>;
  extern __shared__ __align__(16) unsigned char bytes[];
  auto& memory = *reinterpret_cast<dplr_forward_memory<D>*>(bytes);
  dplr_chunk<D>& c = memory.chunk;
  const std::int64_t head_index = blockIdx.x, b = head_index / a.heads, h = head_index % a.heads;
  const std::int64_t chunks = segment_count(a.tokens);
  const int channel = static_cast<int>(threadIdx.x) / warp_size * 16;
  const tile_lane at;
  constexpr std::int64_t state_size = D * D;

  float state[sizes::tiles][4];
  load_state<D>(a.initial_state == nullptr ? nullptr : a.initial_state + head_index * state_size, channel, at, state);
  if (chunks > 0) load_chunk<D>(a.inputs, b, h, 0, a.tokens, memory.raw[0]);
  commit_copies();
  for (std::int64_t chunk = 0; chunk < chunks; ++chunk) {
    const std::int64_t first = chunk * chunk_length;
    if (chunk + 1 < chunks) {
      load_chunk<D>(a.inputs, b, h, first + chunk_length, a.tokens, memory.raw[(chunk + 1) % 2]);
    }
    commit_copies();
    left_tile values[2];
    load_values(a.v, b, h, first, a.tokens, channel, at, values);
    if (a.checkpoints != nullptr) {
      store_state<D>(state, a.checkpoints + (head_index * chunks + chunk) * state_size, channel, at);
    }
    wait_for_copies<1>();
    __syncthreads();  // the raw chunk is there for all, and nobody reads the scaled one before
    scale_chunk<D>(memory.raw[chunk % 2], c);
    __syncthreads();  // the scaled vectors are there
    score_chunk<D>(c);
    float z[2][4] = {}, y[2][4] = {};
    RADLADS_UNROLL_ROW
    for (int n = 0; n < sizes::tiles; ++n) {
      const left_tile rows = left_of(state[n]);
      RADLADS_UNROLL_ROW
      for (int column = 0; column < 2; ++column) {
        const int offset = 8 * column * sizes::stride + 8 * n;
        multiply_add(z[column], rows, right_rows(c.a + offset, sizes::stride, at));
        multiply_add(y[column], rows, right_rows(c.q + offset, sizes::stride, at));
      }
    }
    __syncthreads();  // the scores are there
    invert_chunk<D>(c);
    add_scores<D>(z, values, c.score[ak], false, at);
    add_scores<D>(y, values, c.score[qk], false, at);
    __syncthreads();  // the inverse is there
    float u[2][4] = {};
    const left_tile z_rows[2] = {left_of(z[0]), left_of(z[1])};
    add_scores<D>(u, z_rows, c.inverse, false, at);
    const left_tile u_rows[2] = {left_of(u[0]), left_of(u[1])};
    add_scores<D>(y, u_rows, c.score[qb], false, at);
    store_values(y, a.y, b, h, first, a.tokens, channel, at);
    RADLADS_UNROLL_ROW
    for (int n = 0; n < sizes::tiles; ++n) {
      RADLADS_UNROLL_ROW
      for (int half = 0; half < 2; ++half) {
        const int offset = 8 * half * sizes::stride + 8 * n;
        multiply_add(state[n], values[half], right_columns(c.k + offset, sizes::stride, at));
        multiply_add(state[n], u_rows[half], right_columns(c.b + offset, sizes::stride, at));
      }
      const float2 decay = *reinterpret_cast<const float2*>(c.decay + 8 * n + 2 * at.p);
      state[n][0] *= decay.x;
      state[n][1] *= decay.y;
      state[n][2] *= decay.x;
      state[n][3] *= decay.y;
    }
  }
  if (a.final_state != nullptr) store_state<D>(state, a.final_state + head_index * state_size, channel, at);
}

template <int D>
RADLADS_HIDDEN void launch_chunked_dplr(cuda_backend& b, const scan_forward_arguments<rwkv7, bf16, device_space>& from) {
  chunked_dplr_args args{};
  copy_rows(from.inputs, args.inputs);
  args.v = head_tensor_of(from.v);
  args.y = head_tensor_of(from.y);
  args.initial_state = pointer_or_null(from.initial_state);
  args.final_state = pointer_or_null(from.final_state);
  args.checkpoints = pointer_or_null(from.checkpoints);
  args.tokens = from.v.extent(1);
  args.heads = from.v.extent(2);
  launch(b, "chunked_dplr_forward", chunked_dplr_forward_kernel<D>,
         {.blocks = from.v.extent(0) * from.v.extent(2),
          .threads = dplr_sizes<D>::threads,
          .shared_bytes = sizeof(dplr_forward_memory<D>)},
         args);
}

}  // namespace radlads::wkv
