// SPDX-License-Identifier: Apache-2.0
#pragma once
// Difference to the neighbouring token on CUDA: a thread an element.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/token_shift.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads {

template <class T>
struct token_shift_args {
  std::int64_t tokens, channels, count;  // count = B T C
  int direction;                         // -1: the token before; +1: the one behind
  const T* x;                            // (B, T, C)
  const T* edge;  // (B, C): what stands beyond the first or last token, or null for zero
  T* to;          // (B, T, C)
  std::int64_t x_batch, x_stride, edge_stride, to_batch, to_stride;
};

/// to_t = x_{t + direction} - x_t.
template <class T>
RADLADS_KERNEL token_shift_kernel(const __grid_constant__ token_shift_args<T> a) {
  using A = accumulate_t<T>;
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < a.count; at += step) {
    const std::int64_t c = at % a.channels, row = at / a.channels;
    const std::int64_t t = row % a.tokens, batch = row / a.tokens, other = t + a.direction;
    const T* x = a.x + batch * a.x_batch + c;
    A neighbour = 0;
    if (other >= 0 && other < a.tokens) {
      neighbour = static_cast<A>(x[other * a.x_stride]);
    } else if (a.edge != nullptr) {
      neighbour = static_cast<A>(a.edge[batch * a.edge_stride + c]);
    }
    a.to[batch * a.to_batch + t * a.to_stride + c] =
        static_cast<T>(neighbour - static_cast<A>(x[t * a.x_stride]));
  }
}

template <class T>
RADLADS_HIDDEN void launch_token_shift(cuda_backend& b, int direction,
                                       view<const T, 3, device_space> x,
                                       view<const T, 2, device_space> edge,
                                       view<T, 3, device_space> to) {
  constexpr int threads = 256;
  const token_shift_args<T> args{
      x.extent(1),    x.extent(2),  x.size(),
      direction,      x.pointer,    edge.empty() ? nullptr : edge.pointer,
      to.pointer,     x.stride(0),  x.stride(1),
      edge.stride(0), to.stride(0), to.stride(1)};
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(args.count, threads), std::int64_t{b.multiprocessors()} * 32);
  launch(b, "token_shift", token_shift_kernel<T>, {.blocks = blocks, .threads = threads}, args);
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

}  // namespace radlads
