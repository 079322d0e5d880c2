// SPDX-License-Identifier: Apache-2.0
#pragma once
// Distances of hidden states on CUDA: a group of threads has a token.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/rows.cuh"
#include "radlads/ops/squared_error.hpp"

#include <cstdint>

namespace radlads::cuda_detail {

template <class T>
struct alignment_args {
  std::int64_t rows;
  int size;
  bool by_norm;
  accumulate_t<T> scale;
  const T* y;       // (rows, size)
  const T* target;  // (rows, size)
  T* dy;            // (rows, size), or null
  std::int64_t y_stride, target_stride, dy_stride;
  accumulate_t<T>* losses;  // (rows)
};

/// losses = scale |e| or scale |e|^2 with e = target - y, and the gradient in y.
template <class T, int N, int Lanes>
RADLADS_KERNEL alignment_kernel(const __grid_constant__ alignment_args<T> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const T* y = a.y + offset.row * a.y_stride;
  const T* target = a.target + offset.row * a.target_stride;
  A squares = 0;
  for (int i = offset.first; i < a.size; i += offset.step) {
    A found[N], wanted[N];
    load_vector<N>(y + i, found);
    load_vector<N>(target + i, wanted);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) squares += (found[k] - wanted[k]) * (found[k] - wanted[k]);
  }
  const A sum = group_sum<Lanes>(squares);
  const A norm = a.by_norm ? sqrt(sum) : sum;
  if (!offset.is_real) return;
  if (offset.first == 0) a.losses[offset.row] = a.scale * norm;
  if (a.dy == nullptr) return;
  // Where the error is zero the norm has no derivative; zero is the subgradient of least length.
  const A factor = !a.by_norm ? 2 * a.scale : norm == A(0) ? A(0) : a.scale / norm;
  T* dy = a.dy + offset.row * a.dy_stride;
  for (int i = offset.first; i < a.size; i += offset.step) {
    A found[N], wanted[N];
    load_vector<N>(y + i, found);
    load_vector<N>(target + i, wanted);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) found[k] = factor * (found[k] - wanted[k]);
    store_vector<N>(found, dy + i);
  }
}

template <class T>
RADLADS_HIDDEN void alignment_on(cuda_backend& b, bool by_norm, real_t<T> scale,
                                 view<const T, 2, device_space> y,
                                 view<const T, 2, device_space> target,
                                 view<accumulate_t<T>, 1, device_space> losses,
                                 view<T, 2, device_space> dy) {
  constexpr int wide = vector_width<T>;
  const alignment_args<T> args{y.extent(0),
                               static_cast<int>(y.extent(1)),
                               by_norm,
                               scale,
                               y.pointer,
                               target.pointer,
                               dy.empty() ? nullptr : dy.pointer,
                               y.stride(0),
                               target.stride(0),
                               dy.stride(0),
                               losses.pointer};
  const bool is_aligned = is_vector_aligned(y.pointer, y.stride(0), wide) &&
                          is_vector_aligned(target.pointer, target.stride(0), wide) &&
                          (args.dy == nullptr || is_vector_aligned(dy.pointer, dy.stride(0), wide));
  with_row_form<T>(y.extent(1), is_aligned, [&](auto width, auto lanes) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "alignment", alignment_kernel<T, N, Lanes>, shape_of_rows(args.rows, Lanes), args);
  });
}

}  // namespace radlads::cuda_detail
