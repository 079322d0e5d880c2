// SPDX-License-Identifier: Apache-2.0
#pragma once
// Elementwise functions on CUDA: each thread applies the functor of the CPU to a vector of
// neighbouring columns, in the accumulation type.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/map.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace radlads::cuda_detail {

template <class T, class F, int Outputs, int Inputs>
struct elementwise_args {
  F f;
  T* to[Outputs];                          // (rows, columns)
  const T* from[Inputs > 0 ? Inputs : 1];  // (rows, columns)
  std::int64_t to_stride[Outputs];
  std::int64_t from_stride[Inputs > 0 ? Inputs : 1];
  std::int64_t rows;
  std::int64_t vectors;  // of a row
  std::int64_t count;    // of all
};

/// One thread a vector of N columns, in steps of the whole grid.
template <class T, class F, int Outputs, int Inputs, int N>
RADLADS_KERNEL elementwise_kernel(
    const __grid_constant__ elementwise_args<T, F, Outputs, Inputs> a) {
  using A = accumulate_t<T>;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < a.count; at += step) {
    // One division for all operands, in 32 bits where there are rows; a single row needs none.
    const std::int64_t row =
        a.rows == 1 ? 0 : static_cast<std::uint32_t>(at) / static_cast<std::uint32_t>(a.vectors);
    const std::int64_t column = (at - row * a.vectors) * N;
    A in[Inputs > 0 ? Inputs : 1][N];
    A out[Outputs][N];
    if constexpr (Inputs > 0) {
      RADLADS_UNROLL
      for (int i = 0; i < Inputs; ++i)
        load_vector<N>(a.from[i] + row * a.from_stride[i] + column, in[i]);
    }
    RADLADS_UNROLL
    for (int lane = 0; lane < N; ++lane) {
      [&]<int... O, int... I>(std::integer_sequence<int, O...>, std::integer_sequence<int, I...>) {
        a.f(static_cast<const A&>(in[I][lane])..., out[O][lane]...);
      }
      (std::make_integer_sequence<int, Outputs>{}, std::make_integer_sequence<int, Inputs>{});
    }
    RADLADS_UNROLL
    for (int i = 0; i < Outputs; ++i)
      store_vector<N>(out[i], a.to[i] + row * a.to_stride[i] + column);
  }
}

template <class T, class F, std::size_t Outputs, std::size_t Inputs>
RADLADS_HIDDEN void elementwise_on(
    cuda_backend& b, const F& f, const std::array<view<T, 2, device_space>, Outputs>& outputs,
    const std::array<view<const T, 2, device_space>, Inputs>& inputs) {
  constexpr int wide = vector_width<T>;
  constexpr int threads = 256;
  std::int64_t rows = outputs[0].extent(0), columns = outputs[0].extent(1);
  const auto is_dense = [](const auto& each) { return each.is_dense(); };
  const bool is_flat = std::all_of(outputs.begin(), outputs.end(), is_dense) &&
                       std::all_of(inputs.begin(), inputs.end(), is_dense);
  if (is_flat) {
    columns *= rows;
    rows = 1;
  }
  const auto is_aligned = [&](const auto& each) {
    return is_vector_aligned(each.pointer, is_flat ? std::int64_t{0} : each.stride(0), wide);
  };
  const bool is_vectorized = columns % wide == 0 &&
                             std::all_of(outputs.begin(), outputs.end(), is_aligned) &&
                             std::all_of(inputs.begin(), inputs.end(), is_aligned);
  elementwise_args<T, F, static_cast<int>(Outputs), static_cast<int>(Inputs)> args{
      f, {}, {}, {}, {}, rows, is_vectorized ? columns / wide : columns, 0};
  args.count = args.rows * args.vectors;
  if (rows > 1) short_count("elementwise", args.count);
  for (std::size_t i = 0; i < Outputs; ++i) {
    args.to[i] = outputs[i].pointer;
    args.to_stride[i] = outputs[i].stride(0);
  }
  std::size_t next = 0;
  for (const auto& input : inputs) {
    args.from[next] = input.pointer;
    args.from_stride[next++] = input.stride(0);
  }
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(args.count, threads), std::int64_t{b.multiprocessors()} * 32);
  const launch_shape shape{.blocks = blocks, .threads = threads};
  if (is_vectorized) {
    launch(b, "elementwise",
           elementwise_kernel<T, F, static_cast<int>(Outputs), static_cast<int>(Inputs), wide>,
           shape, args);
  } else {
    launch(b, "elementwise",
           elementwise_kernel<T, F, static_cast<int>(Outputs), static_cast<int>(Inputs), 1>, shape,
           args);
  }
}

}  // namespace radlads::cuda_detail
