// SPDX-License-Identifier: Apache-2.0
#pragma once
// Grouped heads on CUDA: a thread has one vector of one key/value head and writes its copies.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/norm.cuh"
#include "radlads/ops/repeat_heads.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cuda_detail {

template <class From, class To>
struct repeat_heads_args {
  std::uint32_t heads, vectors,
      count;  // of the few heads; vectors of a head; count = N heads vectors
  std::int64_t group;
  From* few;  // (N, J, K)
  To* many;   // (N, J group, K)
  std::int64_t few_stride, few_head, many_stride, many_head;
};

/// Forward copies few to many; backward sums many into few, in the order of heads.
template <class T, int N, bool IsForward, class From, class To>
RADLADS_KERNEL repeat_heads_kernel(const __grid_constant__ repeat_heads_args<From, To> a) {
  using A = accumulate_t<T>;
  const std::uint32_t step = gridDim.x * blockDim.x;
  for (std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x; at < a.count; at += step) {
    const std::uint32_t row = at / a.vectors, token = row / a.heads;
    const std::int64_t column = (at - row * a.vectors) * N, head = row - token * a.heads;
    From* few = a.few + token * a.few_stride + head * a.few_head + column;
    To* many = a.many + token * a.many_stride + head * a.group * a.many_head + column;
    A sum[N] = {};
    if constexpr (IsForward) load_vector<N>(few, sum);
    for (std::int64_t copy = 0; copy < a.group; ++copy) {
      if constexpr (IsForward) {
        store_vector<N>(sum, many + copy * a.many_head);
      } else {
        A each[N];
        load_vector<N>(many + copy * a.many_head, each);
        RADLADS_UNROLL
        for (int k = 0; k < N; ++k) sum[k] += each[k];
      }
    }
    if constexpr (!IsForward) store_vector<N>(sum, few);
  }
}

template <class T, bool IsForward, class From, class To>
RADLADS_HIDDEN void launch_repeat_heads(cuda_backend& b, view<From, 3, device_space> few,
                                        view<To, 3, device_space> many) {
  constexpr int threads = 256, wide = vector_width<T>;
  const bool is_vectorized =
      few.extent(2) % wide == 0 && is_head_aligned(few) && is_head_aligned(many);
  const std::int64_t vectors = is_vectorized ? few.extent(2) / wide : few.extent(2);
  const repeat_heads_args<From, To> args{
      static_cast<std::uint32_t>(few.extent(1)),
      static_cast<std::uint32_t>(vectors),
      short_count("repeat_heads", few.extent(0) * few.extent(1) * vectors),
      many.extent(1) / few.extent(1),
      few.pointer,
      many.pointer,
      few.stride(0),
      few.stride(1),
      many.stride(0),
      many.stride(1)};
  const launch_shape shape{.blocks = std::min<std::int64_t>(ceil_div(args.count, threads),
                                                            std::int64_t{b.multiprocessors()} * 32),
                           .threads = threads};
  if (is_vectorized) {
    launch(b, "repeat_heads", repeat_heads_kernel<T, wide, IsForward, From, To>, shape, args);
  } else {
    launch(b, "repeat_heads", repeat_heads_kernel<T, 1, IsForward, From, To>, shape, args);
  }
}

template <class T>
RADLADS_HIDDEN void repeat_heads_forward_on(cuda_backend& b, view<const T, 3, device_space> x,
                                            view<T, 3, device_space> y) {
  launch_repeat_heads<T, true>(b, x, y);
}

template <class T>
RADLADS_HIDDEN void repeat_heads_backward_on(cuda_backend& b, view<const T, 3, device_space> dy,
                                             view<T, 3, device_space> dx) {
  launch_repeat_heads<T, false>(b, dx, dy);
}

}  // namespace radlads::cuda_detail
