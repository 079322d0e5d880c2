// SPDX-License-Identifier: Apache-2.0
#pragma once
// Conversion of scalars on CUDA: a thread has one vector.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/convert.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cuda_detail {

template <class From, class To>
struct convert_args {
  const From* from;  // (vectors N)
  To* to;            // (vectors N)
  std::int64_t vectors;
};

/// One thread a vector of N elements, in steps of the whole grid.
template <class From, class To, int N>
RADLADS_KERNEL convert_kernel(const __grid_constant__ convert_args<From, To> a) {
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < a.vectors; at += stride) {
    accumulate_t<From> exact[N];
    accumulate_t<To> rounded[N];
    load_vector<N>(a.from + at * N, exact);
    RADLADS_UNROLL
    for (int i = 0; i < N; ++i) rounded[i] = static_cast<accumulate_t<To>>(exact[i]);
    store_vector<N>(rounded, a.to + at * N);
  }
}

template <class From, class To>
RADLADS_HIDDEN void convert_on(cuda_backend& b, view<const From, 1, device_space> from,
                               view<To, 1, device_space> to) {
  constexpr int threads = 256;
  constexpr int wide = std::min(vector_width<From>, vector_width<To>);
  const std::int64_t size = from.extent(0);
  const bool is_vectorized = size % wide == 0 && is_vector_aligned(from.pointer, 0, wide) &&
                             is_vector_aligned(to.pointer, 0, wide);
  const std::int64_t vectors = is_vectorized ? size / wide : size;
  const convert_args<From, To> args{from.pointer, to.pointer, vectors};
  const launch_shape shape{.blocks = std::min<std::int64_t>(ceil_div(vectors, threads),
                                                            std::int64_t{b.multiprocessors()} * 32),
                           .threads = threads};
  if (is_vectorized) {
    launch(b, "convert", convert_kernel<From, To, wide>, shape, args);
  } else {
    launch(b, "convert", convert_kernel<From, To, 1>, shape, args);
  }
}

}  // namespace radlads::cuda_detail
