// SPDX-License-Identifier: Apache-2.0
#pragma once
// Any recurrence over a sequence on CUDA, forward: a block has some value channels of one head, a
// thread one of them with its state row in registers. Correct for every cell and head size; the
// chunkwise forms are in files of their own. The backward direction is in scan_backward.cuh.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/cuda/scan_tokens.cuh"
#include "radlads/recurrence/scan.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::recurrence {

template <class Cell, class T>
struct cuda_scan_args {
  head_tensor<const T> inputs[Cell::inputs];  // (B, T, H, K)
  head_tensor<const T> v;                     // (B, T, H, V)
  head_tensor<T> y;                           // (B, T, H, V)
  const accumulate_t<T>* initial_state;       // (B, H, K, V), or null
  accumulate_t<T>* final_state;               // (B, H, K, V), or null; may be initial_state
  accumulate_t<T>* checkpoints;               // (B * H, segments, K, V), or null
  std::int64_t tokens, heads;
  int keys, values;
};

/// Grid: (B * H, slices of V).
template <class Cell, class T, int K>
RADLADS_KERNEL __launch_bounds__(128)
    scan_forward_kernel(const __grid_constant__ cuda_scan_args<Cell, T> a) {
  using A = accumulate_t<T>;
  constexpr int staged = staged_tokens<Cell, A, K>;
  __shared__ alignas(16) A inputs[staged * Cell::inputs * K];
  const std::int64_t head_index = blockIdx.x, b = head_index / a.heads, h = head_index % a.heads;
  const int channel = static_cast<int>(blockIdx.y * blockDim.x + threadIdx.x);
  const bool is_real = channel < a.values;
  const std::int64_t state_size = static_cast<std::int64_t>(a.keys) * a.values;
  A s[K];
  RADLADS_UNROLL_STATE(K, A)
  for (int j = 0; j < K; ++j) {
    const bool is_stored = is_real && j < a.keys && a.initial_state != nullptr;
    s[j] = is_stored ? a.initial_state[head_index * state_size +
                                       static_cast<std::int64_t>(j) * a.values + channel]
                     : A(0);
  }
  const std::int64_t segments = checkpoint_count(a.tokens);
  for (std::int64_t first = 0; first < a.tokens; first += staged) {
    const int count = static_cast<int>(a.tokens - first < staged ? a.tokens - first : staged);
    __syncthreads();  // nobody still reads the tokens before
    stage_tokens<Cell, K, T>(a.inputs, b, h, first, count, a.keys, inputs);
    __syncthreads();  // all tokens are there
    for (int i = 0; i < count; ++i) {
      const std::int64_t t = first + i;
      if (a.checkpoints != nullptr && t % checkpoint_interval == 0 && is_real) {
        A* to = a.checkpoints + (head_index * segments + t / checkpoint_interval) * state_size +
                channel;
        RADLADS_UNROLL_STATE(K, A)
        for (int j = 0; j < K; ++j) {
          if (j < a.keys) to[static_cast<std::int64_t>(j) * a.values] = s[j];
        }
      }
      const staged_token<A, K> x{inputs + i * Cell::inputs * K};
      const A v = is_real ? static_cast<A>(a.v.at(b, t, h)[channel]) : A(0);
      const A y = Cell::template step<K>(s, x, v);
      if (is_real) a.y.at(b, t, h)[channel] = static_cast<T>(y);
    }
  }
  if (a.final_state == nullptr || !is_real) return;
  A* to = a.final_state + head_index * state_size + channel;
  RADLADS_UNROLL_STATE(K, A)
  for (int j = 0; j < K; ++j) {
    if (j < a.keys) to[static_cast<std::int64_t>(j) * a.values] = s[j];
  }
}

template <class Cell, class T>
cuda_scan_args<Cell, T> scan_args_of(const scan_forward_arguments<Cell, T, device_space>& from) {
  cuda_scan_args<Cell, T> args{};
  copy_rows(from.inputs, args.inputs);
  args.v = head_tensor_of(from.v, from.heads());
  args.y = head_tensor_of(from.y);
  args.initial_state = pointer_or_null(from.initial_state);
  args.final_state = pointer_or_null(from.final_state);
  args.checkpoints = pointer_or_null(from.checkpoints);
  args.tokens = from.v.extent(1);
  args.heads = from.heads();
  args.keys = static_cast<int>(from.inputs[0].extent(3));
  args.values = static_cast<int>(from.v.extent(3));
  return args;
}

/// Token by token.
template <class Cell, class T>
RADLADS_HIDDEN void launch_scan(cuda_backend& b,
                                const scan_forward_arguments<Cell, T, device_space>& from) {
  const std::int64_t batch = from.v.extent(0), heads = from.heads(), values = from.v.extent(3);
  // Narrow blocks fill the GPU when heads are few; wide ones read a token's inputs once for more
  // channels.
  const std::int64_t wide_blocks = batch * heads * ceil_div(values, 128);
  const std::int64_t widest = wide_blocks >= 2 * b.multiprocessors() ? 128 : 32;
  const std::int64_t threads =
      std::min<std::int64_t>(widest, ceil_div(values, warp_size) * warp_size);
  const launch_shape shape{.blocks = batch * heads,
                           .threads = static_cast<int>(threads),
                           .blocks_y = ceil_div(values, threads)};
  with_scan_width<T>("scan_forward: the head size", from.inputs[0].extent(3), [&](auto width) {
    launch(b, "scan_forward", scan_forward_kernel<Cell, T, decltype(width)::value>, shape,
           scan_args_of(from));
  });
}

}  // namespace radlads::recurrence
