// SPDX-License-Identifier: Apache-2.0
#pragma once
// Difference to the neighbouring token on CUDA: a thread a vector of channels.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/token_shift.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cuda_detail {

template <class T>
struct token_shift_args {
  std::uint32_t tokens, vectors, count;  // vectors of a row; count = B T vectors
  int direction;                         // -1: the token before; +1: the one behind
  const T* x;                            // (B, T, C)
  const T* edge;  // (B, C): what stands beyond the first or last token, or null for zero
  T* to;          // (B, T, C)
  std::int64_t x_batch, x_stride, edge_stride, to_batch, to_stride;
};

/// to_t = x_{t + direction} - x_t.
template <class T, int N>
RADLADS_KERNEL token_shift_kernel(const __grid_constant__ token_shift_args<T> a) {
  using A = accumulate_t<T>;
  const std::uint32_t step = gridDim.x * blockDim.x;
  for (std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x; at < a.count; at += step) {
    const std::uint32_t row = at / a.vectors, batch = row / a.tokens;
    const std::int64_t c = (at - row * a.vectors) * N, t = row - batch * a.tokens,
                       other = t + a.direction;
    const T* x = a.x + batch * a.x_batch + c;
    A neighbour[N] = {}, own[N];
    if (other >= 0 && other < a.tokens) {
      load_vector<N>(x + other * a.x_stride, neighbour);
    } else if (a.edge != nullptr) {
      load_vector<N>(a.edge + batch * a.edge_stride + c, neighbour);
    }
    load_vector<N>(x + t * a.x_stride, own);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) own[k] = neighbour[k] - own[k];
    store_vector<N>(own, a.to + batch * a.to_batch + t * a.to_stride + c);
  }
}

template <class T>
RADLADS_HIDDEN void launch_token_shift(cuda_backend& b, int direction,
                                       view<const T, 3, device_space> x,
                                       view<const T, 2, device_space> edge,
                                       view<T, 3, device_space> to) {
  constexpr int threads = 256, wide = vector_width<T>;
  const auto is_aligned = [](const auto& each, int axis) {
    return is_vector_aligned(each.pointer, each.stride(0), wide) && each.stride(axis) % wide == 0;
  };
  const bool is_vectorized = x.extent(2) % wide == 0 && is_aligned(x, 1) && is_aligned(to, 1) &&
                             (edge.empty() || is_aligned(edge, 0));
  const std::int64_t vectors = is_vectorized ? x.extent(2) / wide : x.extent(2);
  const token_shift_args<T> args{static_cast<std::uint32_t>(x.extent(1)),
                                 static_cast<std::uint32_t>(vectors),
                                 short_count("token_shift", x.extent(0) * x.extent(1) * vectors),
                                 direction,
                                 x.pointer,
                                 edge.empty() ? nullptr : edge.pointer,
                                 to.pointer,
                                 x.stride(0),
                                 x.stride(1),
                                 edge.stride(0),
                                 to.stride(0),
                                 to.stride(1)};
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(args.count, threads), std::int64_t{b.multiprocessors()} * 32);
  const launch_shape shape{.blocks = blocks, .threads = threads};
  if (is_vectorized) {
    launch(b, "token_shift", token_shift_kernel<T, wide>, shape, args);
  } else {
    launch(b, "token_shift", token_shift_kernel<T, 1>, shape, args);
  }
}

template <class T>
RADLADS_HIDDEN void token_shift_forward_on(cuda_backend& b, view<const T, 3, device_space> x,
                                           view<const T, 2, device_space> last_in,
                                           view<T, 3, device_space> delta,
                                           view<T, 2, device_space> last_out) {
  launch_token_shift<T>(b, -1, x, last_in, delta);
  // After all rows are read: last_out may be last_in.
  if (last_out.empty()) return;
  for (std::int64_t batch = 0; batch < x.extent(0); ++batch) {
    b.copy(last_out.row(batch), x.row(batch, x.extent(1) - 1),
           static_cast<std::size_t>(x.extent(2)) * sizeof(T));
  }
}

template <class T>
RADLADS_HIDDEN void token_shift_backward_on(cuda_backend& b, view<const T, 3, device_space> ddelta,
                                            view<T, 3, device_space> dx) {
  launch_token_shift<T>(b, 1, ddelta, {}, dx);
}

}  // namespace radlads::cuda_detail
