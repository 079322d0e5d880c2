// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rotary position on CUDA: a table of cosines and sines in double once a call, then a thread a
// vector of pairs.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/rope.hpp"
#include "radlads/ops/rope_scaling.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cuda_detail {

template <class A>
struct rope_table_args {
  double base;
  ops::rope_scaling scaling;
  const std::int32_t* offset;  // added to the first position, or null
  std::int64_t first_position, tokens, half_size;
  int direction;
  A* table;  // (2, T, N/2): cosines, then sines
};

template <class A>
RADLADS_KERNEL rope_table_kernel(const __grid_constant__ rope_table_args<A> a) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= a.tokens * a.half_size) return;
  const std::int64_t t = at / a.half_size, i = at % a.half_size;
  const double rate =
      a.scaling.scaled(pow(a.base, -static_cast<double>(i) / static_cast<double>(a.half_size)));
  const std::int64_t first = a.first_position + (a.offset == nullptr ? 0 : *a.offset);
  double sine, cosine;
  sincos(static_cast<double>(first + t) * rate * a.direction, &sine, &cosine);
  a.table[at] = static_cast<A>(cosine);
  a.table[a.tokens * a.half_size + at] = static_cast<A>(sine);
}

template <class T>
struct rope_args {
  std::uint32_t tokens, heads, vectors, count;  // vectors of N/2; count = B T H vectors
  std::int64_t half_size;
  const T* x;  // (B, T, H, N)
  T* y;        // (B, T, H, N), may be x
  std::int64_t x_strides[3], y_strides[3];
  const accumulate_t<T>* table;
};

template <class T, int N>
RADLADS_KERNEL rope_kernel(const __grid_constant__ rope_args<T> a) {
  using A = accumulate_t<T>;
  const std::uint32_t step = gridDim.x * blockDim.x;
  for (std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x; at < a.count; at += step) {
    const std::uint32_t head_row = at / a.vectors, row = head_row / a.heads, batch = row / a.tokens;
    const std::int64_t i = (at - head_row * a.vectors) * N, h = head_row - row * a.heads,
                       t = row - batch * a.tokens;
    const T* x = a.x + batch * a.x_strides[0] + t * a.x_strides[1] + h * a.x_strides[2] + i;
    T* y = a.y + batch * a.y_strides[0] + t * a.y_strides[1] + h * a.y_strides[2] + i;
    const A* cosines = a.table + t * a.half_size + i;
    const A* sines = cosines + std::int64_t{a.tokens} * a.half_size;
    A low[N], high[N];
    load_vector<N>(x, low);
    load_vector<N>(x + a.half_size, high);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) {
      const A first = low[k], second = high[k], cosine = cosines[k], sine = sines[k];
      low[k] = first * cosine - second * sine;
      high[k] = second * cosine + first * sine;
    }
    store_vector<N>(low, y);
    store_vector<N>(high, y + a.half_size);
  }
}

template <class T>
RADLADS_HIDDEN void rope_on(cuda_backend& b, const ops::rope_frequencies& frequencies,
                            std::int64_t first_position,
                            view<const std::int32_t, 1, device_space> offset, int direction,
                            view<const T, 4, device_space> x, view<T, 4, device_space> y) {
  using A = accumulate_t<T>;
  constexpr int threads = 256;
  const std::int64_t tokens = x.extent(1), half_size = x.extent(3) / 2;
  scratch_scope<cuda_backend> scope(b);
  A* const table = scope.take<A, 3>({2, tokens, half_size}).data();
  launch(b, "rope_table", rope_table_kernel<A>,
         {.blocks = ceil_div(tokens * half_size, threads), .threads = threads},
         rope_table_args<A>{frequencies.base, frequencies.scaling,
                            offset.empty() ? nullptr : offset.pointer, first_position, tokens,
                            half_size, direction, table});
  constexpr int wide = vector_width<T>;
  bool is_vectorized = half_size % wide == 0 && is_vector_aligned(x.pointer, 0, wide) &&
                       is_vector_aligned(y.pointer, 0, wide);
  for (int axis = 0; axis < 3; ++axis)
    is_vectorized = is_vectorized && x.stride(axis) % wide == 0 && y.stride(axis) % wide == 0;
  const std::int64_t vectors = is_vectorized ? half_size / wide : half_size;
  rope_args<T> args{static_cast<std::uint32_t>(tokens),
                    static_cast<std::uint32_t>(x.extent(2)),
                    static_cast<std::uint32_t>(vectors),
                    short_count("rope", x.extent(0) * tokens * x.extent(2) * vectors),
                    half_size,
                    x.pointer,
                    y.pointer,
                    {},
                    {},
                    table};
  for (int axis = 0; axis < 3; ++axis) {
    args.x_strides[axis] = x.stride(axis);
    args.y_strides[axis] = y.stride(axis);
  }
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(args.count, threads), std::int64_t{b.multiprocessors()} * 32);
  const launch_shape shape{.blocks = blocks, .threads = threads};
  if (is_vectorized) {
    launch(b, "rope", rope_kernel<T, wide>, shape, args);
  } else {
    launch(b, "rope", rope_kernel<T, 1>, shape, args);
  }
}

}  // namespace radlads::cuda_detail
