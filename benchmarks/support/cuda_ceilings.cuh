// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a GPU can do at best, measured at the start of a run: a copy through its memory, and a
// large product in bf16.

#include "cuda_runs.cuh"
#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/tensor.hpp"
#include "radlads/ops/cuda/matmul.cuh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>

namespace radlads::bench {

struct cuda_ceilings {
  double gigabytes = 0;  ///< a copy of 1 GiB, bytes read plus bytes written, GB/s
  double teraflops = 0;  ///< a bf16 product of 8192 x 8192 zeros, TFLOP/s
};

/// The best of several tries.
template <class F>
double least_seconds(cuda_backend& b, int tries, F&& f) {
  stopwatch watch(b);
  double least = std::numeric_limits<double>::infinity();
  f();
  for (int i = 0; i < tries; ++i) least = std::min(least, watch.seconds(f));
  return least;
}

inline cuda_ceilings measure_cuda_ceilings() {
  cuda_backend b;
  cuda_ceilings result;
  {
    constexpr std::int64_t bytes = std::int64_t{1} << 30;
    tensor<bf16, 1, cuda_backend> from(b, {bytes / 2}), to(b, {bytes / 2});
    set_zero<bf16, 1, cuda_backend>(b, from);
    const double seconds = least_seconds(b, 10, [&] { copy<bf16, 1, cuda_backend>(b, from, to); });
    result.gigabytes = 2 * static_cast<double>(bytes) / seconds * 1e-9;
  }
  constexpr std::int64_t n = 8192;
  tensor<bf16, 2, cuda_backend> left(b, {n, n}), right(b, {n, n}), product(b, {n, n});
  for (auto* each : {&left, &right}) set_zero<bf16, 2, cuda_backend>(b, *each);
  const double seconds =
      least_seconds(b, 10, [&] { ops::linear<bf16>(b, right, {}, left, product); });
  result.teraflops = 2.0 * n * n * n / seconds * 1e-12;
  return result;
}

/// Measured once a run.
inline const cuda_ceilings& cuda_ceilings_of_run() {
  static const cuda_ceilings found = measure_cuda_ceilings();
  return found;
}

}  // namespace radlads::bench
