// SPDX-License-Identifier: Apache-2.0
#pragma once
// Unit vectors on CUDA: a group of threads has a head.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/norm.cuh"
#include "radlads/ops/cuda/rows.cuh"
#include "radlads/ops/normalize.hpp"

#include <cstdint>

namespace radlads::cuda_detail {

template <class T>
struct normalize_args {
  std::int64_t rows;  // N * H
  int size;
  accumulate_t<T> epsilon, largest;
  const T* x;   // forward: x; backward: y
  const T* dy;  // backward only
  T* to;        // forward: y; backward: dx
  head_rows x_rows, dy_rows, to_rows;
  accumulate_t<T>* inverse;  // (rows)
};

/// 1 / max(sqrt(|x|^2 + epsilon), 1 / largest) of a group's row. Whole warps take part.
template <class T, int N, int Lanes>
__device__ inline accumulate_t<T> inverse_length(const row_vectors<T, N, Lanes>& x,
                                                 accumulate_t<T> epsilon, accumulate_t<T> largest) {
  using A = accumulate_t<T>;
  A squares = 0;
  x.for_each([&](int, const A(&each)[N]) {
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) squares += each[k] * each[k];
  });
  const A square = group_sum<Lanes>(squares) + epsilon;
  // Written so that NaN passes through.
  return square < A(1) / (largest * largest) ? largest : A(1) / sqrt(square);
}

/// y = x / max(sqrt(|x|^2 + epsilon), 1 / largest).
template <class T, int N, int Lanes>
RADLADS_KERNEL normalize_forward_kernel(const __grid_constant__ normalize_args<T> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const row_vectors<T, N, Lanes> x(a.x + a.x_rows.at(offset.row), a.size, offset);
  const A inverse = inverse_length<T>(x, a.epsilon, a.largest);
  if (!offset.is_real) return;
  T* y = a.to + a.to_rows.at(offset.row);
  x.for_each([&](int i, const A(&each)[N]) {
    A out[N];
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) out[k] = each[k] * inverse;
    store_vector<N>(out, y + i);
  });
  if (offset.first == 0) a.inverse[offset.row] = inverse;
}

/// dx = (dy - y (y . dy)) inverse; without the projection where the factor is the largest one.
template <class T, int N, int Lanes>
RADLADS_KERNEL normalize_backward_kernel(const __grid_constant__ normalize_args<T> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const row_vectors<T, N, Lanes> y(a.x + a.x_rows.at(offset.row), a.size, offset);
  const T* dy = a.dy + a.dy_rows.at(offset.row);
  const A inverse = a.inverse[offset.row];
  A products = 0;
  y.for_each([&](int i, const A(&unit_vector)[N]) {
    A d[N];
    load_vector<N>(dy + i, d);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) products += unit_vector[k] * d[k];
  });
  // The whole warp sums; at the bound the factor is a constant: no projection.
  const A sum = group_sum<Lanes>(products);
  const A along = inverse == a.largest ? A(0) : sum;
  if (!offset.is_real) return;
  T* dx = a.to + a.to_rows.at(offset.row);
  y.for_each([&](int i, const A(&unit_vector)[N]) {
    A d[N];
    load_vector<N>(dy + i, d);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) d[k] = (d[k] - unit_vector[k] * along) * inverse;
    store_vector<N>(d, dx + i);
  });
}

template <class T>
RADLADS_HIDDEN void normalize_forward_on(cuda_backend& b, double epsilon,
                                         view<const T, 3, device_space> x,
                                         view<T, 3, device_space> y,
                                         view<accumulate_t<T>, 2, device_space> inverse) {
  using A = accumulate_t<T>;
  require(inverse.is_dense(), "normalize_forward: inverse must be dense");
  const normalize_args<T> args{x.extent(0) * x.extent(1),
                               static_cast<int>(x.extent(2)),
                               static_cast<A>(epsilon),
                               static_cast<A>(ops::largest_normalize_factor),
                               x.pointer,
                               nullptr,
                               y.pointer,
                               rows_of_heads(x),
                               {},
                               rows_of_heads(y),
                               inverse.pointer};
  with_row_form<T>(x.extent(2), is_head_aligned(x) && is_head_aligned(y),
                   [&](auto width, auto lanes) {
                     constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
                     launch(b, "normalize_forward", normalize_forward_kernel<T, N, Lanes>,
                            shape_of_rows(args.rows, Lanes), args);
                   });
}

template <class T>
RADLADS_HIDDEN void normalize_backward_on(cuda_backend& b, view<const T, 3, device_space> y,
                                          view<const accumulate_t<T>, 2, device_space> inverse,
                                          view<const T, 3, device_space> dy,
                                          view<T, 3, device_space> dx) {
  using A = accumulate_t<T>;
  require(inverse.is_dense(), "normalize_backward: inverse must be dense");
  const normalize_args<T> args{y.extent(0) * y.extent(1),
                               static_cast<int>(y.extent(2)),
                               A(0),
                               static_cast<A>(ops::largest_normalize_factor),
                               y.pointer,
                               dy.pointer,
                               dx.pointer,
                               rows_of_heads(y),
                               rows_of_heads(dy),
                               rows_of_heads(dx),
                               const_cast<A*>(inverse.pointer)};
  const bool is_aligned = is_head_aligned(y) && is_head_aligned(dy) && is_head_aligned(dx);
  with_row_form<T>(y.extent(2), is_aligned, [&](auto width, auto lanes) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "normalize_backward", normalize_backward_kernel<T, N, Lanes>,
           shape_of_rows(args.rows, Lanes), args);
  });
}

}  // namespace radlads::cuda_detail
