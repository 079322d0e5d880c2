// SPDX-License-Identifier: Apache-2.0
#pragma once
// Functions of the vectors of heads on CUDA: a group of threads has a vector and goes over the
// heads that share it.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/norm.cuh"
#include "radlads/ops/cuda/normalize.cuh"
#include "radlads/ops/cuda/rows.cuh"
#include "radlads/ops/l2norm_map.hpp"
#include "radlads/ops/normalize.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace radlads::cuda_detail {

template <class T, class F, int Outputs, int Inputs>
struct l2norm_map_args {
  F f;
  std::int64_t rows;  // N * G
  int size, group;    // K, H / G
  const T* x;         // (N, G, K)
  T* dx;              // (N, G, K), backward only
  head_rows x_rows, dx_rows;
  T* to[Outputs];         // (N, H K)
  const T* from[Inputs];  // (N, H K)
  std::int64_t to_stride[Outputs], from_stride[Inputs];
  accumulate_t<T> largest;
};

/// Calls f for a vector of the h-th head that shares the vector `row`; `extra` are vectors of their
/// own. Writes the outputs where `is_written`.
template <class T, int N, class F, int Outputs, int Inputs, class... Extra>
__device__ inline void map_head_vector(const l2norm_map_args<T, F, Outputs, Inputs>& a,
                                       std::int64_t row, int h, int column,
                                       const accumulate_t<T> (&x)[N],
                                       [[maybe_unused]] accumulate_t<T> factor, bool is_written,
                                       Extra&... extra) {
  using A = accumulate_t<T>;
  const auto heads = static_cast<std::uint32_t>(a.x_rows.heads);
  const auto short_row = static_cast<std::uint32_t>(row);
  const std::int64_t token = short_row / heads;
  const std::int64_t at =
      (static_cast<std::int64_t>(short_row % heads) * a.group + h) * a.size + column;
  A in[Inputs][N], out[Outputs][N];
  RADLADS_UNROLL
  for (int i = 0; i < Inputs; ++i) load_vector<N>(a.from[i] + token * a.from_stride[i] + at, in[i]);
  RADLADS_UNROLL
  for (int lane = 0; lane < N; ++lane) {
    [&]<int... O, int... I>(std::integer_sequence<int, O...>, std::integer_sequence<int, I...>) {
      if constexpr (F::reads_unit_vector) {
        a.f(x[lane], x[lane] * factor, static_cast<const A&>(in[I][lane])..., extra[lane]...,
            out[O][lane]...);
      } else {
        a.f(x[lane], static_cast<const A&>(in[I][lane])..., extra[lane]..., out[O][lane]...);
      }
    }
    (std::make_integer_sequence<int, Outputs>{}, std::make_integer_sequence<int, Inputs>{});
  }
  if (!is_written) return;
  RADLADS_UNROLL
  for (int i = 0; i < Outputs; ++i) store_vector<N>(out[i], a.to[i] + token * a.to_stride[i] + at);
}

template <class T, int N, int Lanes, class F, int Outputs, int Inputs>
RADLADS_KERNEL l2norm_map_forward_kernel(
    const __grid_constant__ l2norm_map_args<T, F, Outputs, Inputs> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const row_vectors<T, N, Lanes> x(a.x + a.x_rows.at(offset.row), a.size, offset);
  A factor = 1;
  if constexpr (F::reads_unit_vector) factor = inverse_length<T>(x, A(0), a.largest);
  if (!offset.is_real) return;
  x.for_each([&](int i, const A(&each)[N]) {
    for (int h = 0; h < a.group; ++h)
      map_head_vector<T, N>(a, offset.row, h, i, each, factor, true);
  });
}

template <class T, int N, int Lanes, class F, int Outputs, int Inputs>
RADLADS_KERNEL l2norm_map_backward_kernel(
    const __grid_constant__ l2norm_map_args<T, F, Outputs, Inputs> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const row_vectors<T, N, Lanes> x(a.x + a.x_rows.at(offset.row), a.size, offset);
  A factor = 1;
  if constexpr (F::reads_unit_vector) factor = inverse_length<T>(x, A(0), a.largest);
  const auto sum_heads = [&](int i, const A(&each)[N], bool is_written, A(&direct)[N],
                             A(&of_unit_vector)[N]) {
    for (int h = 0; h < a.group; ++h) {
      A own[N], own_unit_vector[N] = {};
      if constexpr (F::reads_unit_vector) {
        map_head_vector<T, N>(a, offset.row, h, i, each, factor, is_written, own, own_unit_vector);
      } else {
        map_head_vector<T, N>(a, offset.row, h, i, each, factor, is_written, own);
      }
      RADLADS_UNROLL
      for (int n = 0; n < N; ++n) {
        direct[n] = h == 0 ? own[n] : direct[n] + own[n];
        of_unit_vector[n] = h == 0 ? own_unit_vector[n] : of_unit_vector[n] + own_unit_vector[n];
      }
    }
  };
  T* dx = a.dx + a.dx_rows.at(offset.row);
  if constexpr (!F::reads_unit_vector) {
    if (!offset.is_real) return;
    x.for_each([&](int i, const A(&each)[N]) {
      A direct[N], of_unit_vector[N];
      sum_heads(i, each, true, direct, of_unit_vector);
      store_vector<N>(direct, dx + i);
    });
  } else {
    // The first vector, all there is of a short row, is kept; of the others the sums are made
    // twice.
    A direct[N] = {}, of_unit_vector[N] = {}, products = 0;
    x.for_each([&](int i, const A(&each)[N]) {
      A more_direct[N], more_of_unit_vector[N];
      const bool is_first = i == offset.first;
      sum_heads(i, each, offset.is_real, more_direct, more_of_unit_vector);
      RADLADS_UNROLL
      for (int n = 0; n < N; ++n) {
        products += each[n] * factor * more_of_unit_vector[n];
        if (is_first) direct[n] = more_direct[n];
        if (is_first) of_unit_vector[n] = more_of_unit_vector[n];
      }
    });
    // The whole warp sums; at the bound the factor is a constant: no projection.
    const A sum = group_sum<Lanes>(products);
    const A along = factor == a.largest ? A(0) : sum;
    if (!offset.is_real) return;
    x.for_each([&](int i, const A(&each)[N]) {
      if (i != offset.first) sum_heads(i, each, false, direct, of_unit_vector);
      A out[N];
      RADLADS_UNROLL
      for (int n = 0; n < N; ++n)
        out[n] = direct[n] + (of_unit_vector[n] - each[n] * factor * along) * factor;
      store_vector<N>(out, dx + i);
    });
  }
}

/// Calls run(vector width, lanes, arguments); an empty dx is the forward pass.
template <class T, class F, std::size_t Outputs, std::size_t Inputs, class Run>
void with_l2norm_map(const F& f, const view<const T, 3, device_space>& x,
                     const view<T, 3, device_space>& dx,
                     const std::array<view<T, 2, device_space>, Outputs>& outputs,
                     const std::array<view<const T, 2, device_space>, Inputs>& inputs, Run&& run) {
  constexpr int wide = vector_width<T>;
  const std::int64_t size = x.extent(2);
  l2norm_map_args<T, F, static_cast<int>(Outputs), static_cast<int>(Inputs)> args{f};
  args.rows = x.extent(0) * x.extent(1);
  args.size = static_cast<int>(size);
  args.group = static_cast<int>(outputs[0].extent(1) / (x.extent(1) * size));
  args.x = x.pointer;
  args.x_rows = rows_of_heads(x);
  args.dx = dx.pointer;
  args.dx_rows = rows_of_heads(view<const T, 3, device_space>(dx));
  args.largest = static_cast<accumulate_t<T>>(ops::largest_normalize_factor);
  for (std::size_t i = 0; i < Outputs; ++i) {
    args.to[i] = outputs[i].pointer;
    args.to_stride[i] = outputs[i].stride(0);
  }
  for (std::size_t i = 0; i < Inputs; ++i) {
    args.from[i] = inputs[i].pointer;
    args.from_stride[i] = inputs[i].stride(0);
  }
  const auto is_aligned = [&](const auto& each) {
    return is_vector_aligned(each.pointer, each.stride(0), wide);
  };
  const bool are_vectors = is_head_aligned(x) && (dx.empty() || is_head_aligned(dx)) &&
                           std::all_of(outputs.begin(), outputs.end(), is_aligned) &&
                           std::all_of(inputs.begin(), inputs.end(), is_aligned);
  with_row_form<T>(size, are_vectors, [&](auto width, auto lanes) { run(width, lanes, args); });
}

template <class T, class F, std::size_t Outputs, std::size_t Inputs>
RADLADS_HIDDEN void l2norm_map_forward_on(
    cuda_backend& b, const F& f, view<const T, 3, device_space> x,
    const std::array<view<T, 2, device_space>, Outputs>& outputs,
    const std::array<view<const T, 2, device_space>, Inputs>& inputs) {
  with_l2norm_map<T>(f, x, {}, outputs, inputs, [&](auto width, auto lanes, const auto& args) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "l2norm_map_forward",
           l2norm_map_forward_kernel<T, N, Lanes, F, static_cast<int>(Outputs),
                                     static_cast<int>(Inputs)>,
           shape_of_rows(args.rows, Lanes), args);
  });
}

template <class T, class F, std::size_t Outputs, std::size_t Inputs>
RADLADS_HIDDEN void l2norm_map_backward_on(
    cuda_backend& b, const F& f, view<const T, 3, device_space> x, view<T, 3, device_space> dx,
    const std::array<view<T, 2, device_space>, Outputs>& outputs,
    const std::array<view<const T, 2, device_space>, Inputs>& inputs) {
  with_l2norm_map<T>(f, x, dx, outputs, inputs, [&](auto width, auto lanes, const auto& args) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "l2norm_map_backward",
           l2norm_map_backward_kernel<T, N, Lanes, F, static_cast<int>(Outputs),
                                      static_cast<int>(Inputs)>,
           shape_of_rows(args.rows, Lanes), args);
  });
}

}  // namespace radlads::cuda_detail
