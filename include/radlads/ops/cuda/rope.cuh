// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rotary position on CUDA: a table of cosines and sines in double once a call, then a thread a
// pair.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/rope.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads {

template <class A>
struct rope_table_args {
  double base;
  std::int64_t first_position, tokens, half_size;
  int direction;
  A* table;  // (T, N/2, 2): cosine and sine
};

template <class A>
RADLADS_KERNEL rope_table_kernel(const __grid_constant__ rope_table_args<A> a) {
  const std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (at >= a.tokens * a.half_size) return;
  const std::int64_t t = at / a.half_size, i = at % a.half_size;
  const double rate = pow(a.base, -static_cast<double>(i) / static_cast<double>(a.half_size));
  double sine, cosine;
  sincos(static_cast<double>(a.first_position + t) * rate * a.direction, &sine, &cosine);
  a.table[2 * at] = static_cast<A>(cosine);
  a.table[2 * at + 1] = static_cast<A>(sine);
}

template <class T>
struct rope_args {
  std::int64_t tokens, heads, half_size, count;  // count = B T H N/2
  const T* x;                                    // (B, T, H, N)
  T* y;                                          // (B, T, H, N), may be x
  std::int64_t x_strides[3], y_strides[3];
  const accumulate_t<T>* table;
};

template <class T>
RADLADS_KERNEL rope_kernel(const __grid_constant__ rope_args<T> a) {
  using A = accumulate_t<T>;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < a.count; at += step) {
    const std::int64_t i = at % a.half_size, head_row = at / a.half_size;
    const std::int64_t h = head_row % a.heads, row = head_row / a.heads;
    const std::int64_t t = row % a.tokens, batch = row / a.tokens;
    const T* x = a.x + batch * a.x_strides[0] + t * a.x_strides[1] + h * a.x_strides[2] + i;
    T* y = a.y + batch * a.y_strides[0] + t * a.y_strides[1] + h * a.y_strides[2] + i;
    const A cosine = a.table[2 * (t * a.half_size + i)],
            sine = a.table[2 * (t * a.half_size + i) + 1];
    const A low = static_cast<A>(x[0]), high = static_cast<A>(x[a.half_size]);
    y[0] = static_cast<T>(low * cosine - high * sine);
    y[a.half_size] = static_cast<T>(high * cosine + low * sine);
  }
}

template <class T>
RADLADS_HIDDEN void rope_on(cuda_backend& b, double base, std::int64_t first_position,
                            int direction, view<const T, 4, device_space> x,
                            view<T, 4, device_space> y) {
  using A = accumulate_t<T>;
  constexpr int threads = 256;
  const std::int64_t tokens = x.extent(1), half_size = x.extent(3) / 2;
  scratch_scope<cuda_backend> scope(b);
  A* const table = scope.take<A, 3>({tokens, half_size, 2}).data();
  launch(b, "rope_table", rope_table_kernel<A>,
         {.blocks = ceil_div(tokens * half_size, threads), .threads = threads},
         rope_table_args<A>{base, first_position, tokens, half_size, direction, table});
  rope_args<T> args{tokens,    x.extent(2), half_size, x.size() / 2, x.pointer,
                    y.pointer, {},          {},        table};
  for (int axis = 0; axis < 3; ++axis) {
    args.x_strides[axis] = x.stride(axis);
    args.y_strides[axis] = y.stride(axis);
  }
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(args.count, threads), std::int64_t{b.multiprocessors()} * 32);
  launch(b, "rope", rope_kernel<T>, {.blocks = blocks, .threads = threads}, args);
}

}  // namespace radlads
