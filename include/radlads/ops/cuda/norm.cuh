// SPDX-License-Identifier: Apache-2.0
#pragma once
// Normalisation of rows on CUDA, with statistics in accumulate_t. A root-mean-square row is a head
// without a mean; gradients of weights are column sums over all rows.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/rows.cuh"
#include "radlads/ops/cuda/sum_rows.cuh"
#include "radlads/ops/norm.hpp"

#include <cstdint>

namespace radlads::cuda_detail {

/// Rows of heads: row n = token * heads + head has `size` elements at token * stride + head *
/// head_stride.
struct head_rows {
  std::int64_t heads, stride, head_stride;
  __device__ std::int64_t at(std::int64_t row) const {
    if (heads == 1) return row * stride;
    // Divisions of 64 bits would take longer than the row.
    const auto short_row = static_cast<std::uint32_t>(row),
               count = static_cast<std::uint32_t>(heads);
    return short_row / count * stride + short_row % count * head_stride;
  }
  __device__ std::int64_t head_of(std::int64_t row) const {
    return static_cast<std::uint32_t>(row) % static_cast<std::uint32_t>(heads);
  }
};

template <class T>
struct norm_args {
  std::int64_t rows;  // N * H
  int size;
  accumulate_t<T> epsilon;
  const T* weight;  // (H * size)
  const T* bias;    // (H * size), or null
  const T* x;
  const T* dy;  // backward only
  T* y;         // forward: y; backward: dx
  head_rows x_rows, dy_rows, y_rows;
  accumulate_t<T>* mean;     // (rows), null without a mean
  accumulate_t<T>* inverse;  // (rows)
};

/// y = (x - mean) inverse weight + bias; a group of threads a row.
template <class T, int N, int Lanes>
RADLADS_KERNEL norm_forward_kernel(const __grid_constant__ norm_args<T> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const row_vectors<T, N, Lanes> x(a.x + a.x_rows.at(offset.row), a.size, offset);
  A mean = 0, squares = 0;
  if (a.mean != nullptr) {
    A sum = 0;
    x.for_each([&](int, const A(&each)[N]) {
      RADLADS_UNROLL
      for (int k = 0; k < N; ++k) sum += each[k];
    });
    mean = group_sum<Lanes>(sum) / static_cast<A>(a.size);
  }
  x.for_each([&](int, const A(&each)[N]) {
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) squares += (each[k] - mean) * (each[k] - mean);
  });
  const A inverse = A(1) / sqrt(group_sum<Lanes>(squares) / static_cast<A>(a.size) + a.epsilon);
  if (!offset.is_real) return;
  const std::int64_t column = a.y_rows.head_of(offset.row) * a.size;
  T* y = a.y + a.y_rows.at(offset.row);
  x.for_each([&](int i, const A(&each)[N]) {
    A weight[N], bias[N] = {}, out[N];
    load_vector<N>(a.weight + column + i, weight);
    if (a.bias != nullptr) load_vector<N>(a.bias + column + i, bias);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) out[k] = (each[k] - mean) * inverse * weight[k] + bias[k];
    store_vector<N>(out, y + i);
  });
  if (offset.first != 0) return;
  if (a.mean != nullptr) a.mean[offset.row] = mean;
  a.inverse[offset.row] = inverse;
}

/// dx = (g - mean(g) - h mean(g h)) inverse with g = dy weight, h = (x - mean) inverse; mean(g)
/// only with a mean. dx may be dy: a thread reads its columns again just before it writes them.
template <class T, int N, int Lanes>
RADLADS_KERNEL norm_backward_kernel(const __grid_constant__ norm_args<T> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const std::int64_t column = a.y_rows.head_of(offset.row) * a.size;
  const row_vectors<T, N, Lanes> x(a.x + a.x_rows.at(offset.row), a.size, offset);
  const T* dy = a.dy + a.dy_rows.at(offset.row);
  const A mean = a.mean != nullptr ? a.mean[offset.row] : A(0), inverse = a.inverse[offset.row];
  A sum = 0, products = 0;
  x.for_each([&](int i, const A(&each)[N]) {
    A d[N], weight[N];
    load_vector<N>(dy + i, d);
    load_vector<N>(a.weight + column + i, weight);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) {
      sum += d[k] * weight[k];
      products += d[k] * weight[k] * (each[k] - mean);
    }
  });
  const A mean_g = a.mean != nullptr ? group_sum<Lanes>(sum) / static_cast<A>(a.size) : A(0);
  const A mean_gh = group_sum<Lanes>(products) * inverse / static_cast<A>(a.size);
  if (!offset.is_real) return;
  T* dx = a.y + a.y_rows.at(offset.row);
  x.for_each([&](int i, const A(&each)[N]) {
    A d[N], weight[N];
    load_vector<N>(dy + i, d);
    load_vector<N>(a.weight + column + i, weight);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) {
      const A h = (each[k] - mean) * inverse;
      d[k] = (d[k] * weight[k] - mean_g - h * mean_gh) * inverse;
    }
    store_vector<N>(d, dx + i);
  });
}

/// dy (x - mean) inverse at (token, column) and the N - 1 columns behind it, all of one head: the
/// summands of a weight's gradient.
template <class T>
struct weight_summand {
  const T *x, *dy;
  const accumulate_t<T>*mean, *inverse;
  head_rows x_rows, dy_rows;
  std::int64_t size;
  template <int N>
  __device__ void operator()(std::int64_t token, std::int64_t column,
                             accumulate_t<T> (&to)[N]) const {
    using A = accumulate_t<T>;
    const std::int64_t head = column / size, i = column - head * size;
    const std::int64_t row = token * x_rows.heads + head;
    const A center = mean != nullptr ? mean[row] : A(0), factor = inverse[row];
    A each[N];
    load_vector<N>(x + token * x_rows.stride + head * x_rows.head_stride + i, each);
    load_vector<N>(dy + token * dy_rows.stride + head * dy_rows.head_stride + i, to);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) to[k] = to[k] * (each[k] - center) * factor;
  }
};

/// dy at (token, column) and behind: the summands of a bias's gradient.
template <class T>
struct bias_summand {
  const T* dy;
  head_rows dy_rows;
  std::int64_t size;
  template <int N>
  __device__ void operator()(std::int64_t token, std::int64_t column,
                             accumulate_t<T> (&to)[N]) const {
    const std::int64_t head = column / size;
    load_vector<N>(
        dy + token * dy_rows.stride + head * dy_rows.head_stride + (column - head * size), to);
  }
};

template <class T>
head_rows rows_of_heads(const view<T, 3, device_space>& x) {
  return {x.extent(1), x.stride(0), x.stride(1)};
}

template <class T>
bool is_head_aligned(const view<T, 3, device_space>& x) {
  using element = std::remove_const_t<T>;
  constexpr int wide = vector_width<element>;
  return is_vector_aligned<element>(x.pointer, x.stride(0), wide) &&
         (x.extent(1) == 1 || x.stride(1) % wide == 0);
}

/// Forward for rows of heads; a null mean is the root mean square.
template <class T>
RADLADS_HIDDEN void launch_norm_forward(cuda_backend& b, double epsilon, const T* weight,
                                        const T* bias, view<const T, 3, device_space> x,
                                        view<T, 3, device_space> y, accumulate_t<T>* mean,
                                        accumulate_t<T>* inverse) {
  const norm_args<T> args{x.extent(0) * x.extent(1),
                          static_cast<int>(x.extent(2)),
                          static_cast<accumulate_t<T>>(epsilon),
                          weight,
                          bias,
                          x.pointer,
                          nullptr,
                          y.pointer,
                          rows_of_heads(x),
                          {},
                          rows_of_heads(y),
                          mean,
                          inverse};
  const bool is_aligned = is_head_aligned(x) && is_head_aligned(y) &&
                          is_vector_aligned(weight, 0, vector_width<T>) &&
                          is_vector_aligned(bias, 0, vector_width<T>);
  with_row_form<T>(x.extent(2), is_aligned, [&](auto width, auto lanes) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "norm_forward", norm_forward_kernel<T, N, Lanes>, shape_of_rows(args.rows, Lanes),
           args);
  });
}

/// Backward for rows of heads. Gradients of weight and bias come first: dx may be dy.
template <class T>
RADLADS_HIDDEN void launch_norm_backward(
    cuda_backend& b, const T* weight, view<const T, 3, device_space> x, const accumulate_t<T>* mean,
    const accumulate_t<T>* inverse, view<const T, 3, device_space> dy, view<T, 3, device_space> dx,
    view<T, 1, device_space> dweight, view<T, 1, device_space> dbias) {
  using A = accumulate_t<T>;
  const std::int64_t tokens = x.extent(0), columns = x.extent(1) * x.extent(2), size = x.extent(2);
  const bool is_vectorized =
      size % column_sum_vector<T> == 0 && is_head_aligned(x) && is_head_aligned(dy);
  if (!dweight.empty()) {
    const weight_summand<T> summand{x.pointer,        dy.pointer,        mean, inverse,
                                    rows_of_heads(x), rows_of_heads(dy), size};
    column_sum<T>(b, summand, is_vectorized, tokens, columns, dweight.pointer);
  }
  if (!dbias.empty()) {
    column_sum<T>(b, bias_summand<T>{dy.pointer, rows_of_heads(dy), size}, is_vectorized, tokens,
                  columns, dbias.pointer);
  }
  const norm_args<T> args{tokens * x.extent(1),
                          static_cast<int>(size),
                          A(0),
                          weight,
                          nullptr,
                          x.pointer,
                          dy.pointer,
                          dx.pointer,
                          rows_of_heads(x),
                          rows_of_heads(dy),
                          rows_of_heads(dx),
                          const_cast<A*>(mean),
                          const_cast<A*>(inverse)};
  const bool is_aligned = is_head_aligned(x) && is_head_aligned(dy) && is_head_aligned(dx) &&
                          is_vector_aligned(weight, 0, vector_width<T>);
  with_row_form<T>(size, is_aligned, [&](auto width, auto lanes) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "norm_backward", norm_backward_kernel<T, N, Lanes>, shape_of_rows(args.rows, Lanes),
           args);
  });
}

template <class T>
RADLADS_HIDDEN void rms_norm_forward_on(cuda_backend& b, double epsilon,
                                        view<const T, 1, device_space> weight,
                                        view<const T, 2, device_space> x,
                                        view<T, 2, device_space> y,
                                        view<accumulate_t<T>, 1, device_space> inverse) {
  launch_norm_forward<T>(b, epsilon, weight.pointer, nullptr, ops::one_head(x), ops::one_head(y),
                         nullptr, inverse.pointer);
}

template <class T>
RADLADS_HIDDEN void rms_norm_backward_on(cuda_backend& b, view<const T, 1, device_space> weight,
                                         view<const T, 2, device_space> x,
                                         view<const accumulate_t<T>, 1, device_space> inverse,
                                         view<const T, 2, device_space> dy,
                                         view<T, 2, device_space> dx,
                                         view<T, 1, device_space> dweight) {
  launch_norm_backward<T>(b, weight.pointer, ops::one_head(x), nullptr, inverse.pointer,
                          ops::one_head(dy), ops::one_head(dx), dweight, {});
}

template <class T>
RADLADS_HIDDEN void group_norm_forward_on(cuda_backend& b, double epsilon,
                                          view<const T, 1, device_space> weight,
                                          view<const T, 1, device_space> bias,
                                          view<const T, 3, device_space> x,
                                          view<T, 3, device_space> y,
                                          view<accumulate_t<T>, 2, device_space> mean,
                                          view<accumulate_t<T>, 2, device_space> inverse) {
  require(mean.is_dense() && inverse.is_dense(),
          "group_norm_forward: mean and inverse must be dense");
  launch_norm_forward<T>(b, epsilon, weight.pointer, bias.pointer, x, y, mean.pointer,
                         inverse.pointer);
}

template <class T>
RADLADS_HIDDEN void group_norm_backward_on(
    cuda_backend& b, view<const T, 1, device_space> weight, view<const T, 3, device_space> x,
    view<const accumulate_t<T>, 2, device_space> mean,
    view<const accumulate_t<T>, 2, device_space> inverse, view<const T, 3, device_space> dy,
    view<T, 3, device_space> dx, view<T, 1, device_space> dweight, view<T, 1, device_space> dbias) {
  require(mean.is_dense() && inverse.is_dense(),
          "group_norm_backward: mean and inverse must be dense");
  launch_norm_backward<T>(b, weight.pointer, x, mean.pointer, inverse.pointer, dy, dx, dweight,
                          dbias);
}

}  // namespace radlads::cuda_detail
