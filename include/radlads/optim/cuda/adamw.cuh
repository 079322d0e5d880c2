// SPDX-License-Identifier: Apache-2.0
#pragma once
// AdamW for parameters of a storage type on CUDA: moments and master copy in float, the parameter
// rounded from the master, all in one pass over memory.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/optim/adamw.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cuda_detail {

template <class T>
struct adamw_args {
  optim::adamw_step<accumulate_t<T>> step;
  T* p;                    // (size)
  const T* g;              // (size)
  accumulate_t<T>* m;      // (size)
  accumulate_t<T>* v;      // (size)
  accumulate_t<T>* exact;  // (size)
  std::int64_t vectors;
};

/// One thread a vector of N elements, in steps of the whole grid.
template <class T, int N>
RADLADS_KERNEL adamw_kernel(const __grid_constant__ adamw_args<T> a) {
  using A = accumulate_t<T>;
  const std::int64_t stride = static_cast<std::int64_t>(gridDim.x) * blockDim.x;
  for (std::int64_t at = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
       at < a.vectors; at += stride) {
    A g[N], m[N], v[N], exact[N];
    load_vector<N>(a.g + at * N, g);
    load_vector<N>(a.m + at * N, m);
    load_vector<N>(a.v + at * N, v);
    load_vector<N>(a.exact + at * N, exact);
    RADLADS_UNROLL
    for (int i = 0; i < N; ++i) {
      const A before = exact[i], first = m[i], second = v[i];
      a.step(before, g[i], first, second, exact[i], m[i], v[i]);
    }
    store_vector<N>(m, a.m + at * N);
    store_vector<N>(v, a.v + at * N);
    store_vector<N>(exact, a.exact + at * N);
    store_vector<N>(exact, a.p + at * N);
  }
}

/// Updates moments and master, and rounds p from the master. All of one size, dense.
template <class T>
RADLADS_HIDDEN void adamw_on(cuda_backend& b, const optim::adamw_step<accumulate_t<T>>& step,
                             view<T, 1, device_space> p, view<const T, 1, device_space> g,
                             view<accumulate_t<T>, 1, device_space> m,
                             view<accumulate_t<T>, 1, device_space> v,
                             view<accumulate_t<T>, 1, device_space> exact) {
  constexpr int threads = 256;
  // Four floats are one access; the storage type's four elements are half of one.
  constexpr int wide = vector_width<accumulate_t<T>>;
  const std::int64_t size = p.extent(0);
  const bool is_vectorized =
      size % wide == 0 && is_vector_aligned(p.pointer, 0, wide) &&
      is_vector_aligned(g.pointer, 0, wide) && is_vector_aligned(m.pointer, 0, wide) &&
      is_vector_aligned(v.pointer, 0, wide) && is_vector_aligned(exact.pointer, 0, wide);
  const std::int64_t vectors = is_vectorized ? size / wide : size;
  const adamw_args<T> args{step,      p.pointer,     g.pointer, m.pointer,
                           v.pointer, exact.pointer, vectors};
  const launch_shape shape{.blocks = std::min<std::int64_t>(ceil_div(vectors, threads),
                                                            std::int64_t{b.multiprocessors()} * 32),
                           .threads = threads};
  if (is_vectorized) {
    launch(b, "adamw", adamw_kernel<T, wide>, shape, args);
  } else {
    launch(b, "adamw", adamw_kernel<T, 1>, shape, args);
  }
}

}  // namespace radlads::cuda_detail
