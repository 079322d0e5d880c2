// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sums over the threads of a warp or block, in an order that does not change between runs.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/launch.cuh"

namespace radlads {

/// The sum over the warp, in every thread of it.
template <class A>
__device__ inline A warp_sum(A value) {
  RADLADS_UNROLL
  for (int distance = warp_size / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  }
  return value;
}

/// The sum over each group of Lanes neighbouring threads, in every thread of the group.
template <int Lanes, class A>
__device__ inline A group_sum(A value) {
  static_assert(Lanes <= warp_size && (Lanes & (Lanes - 1)) == 0,
                "a group is a power of two of lanes");
  RADLADS_UNROLL
  for (int distance = Lanes / 2; distance > 0; distance /= 2) {
    value += __shfl_xor_sync(0xffffffffu, value, distance);
  }
  return value;
}

/// The greatest value of the warp, in every thread of it.
template <class A>
__device__ inline A warp_max(A value) {
  RADLADS_UNROLL
  for (int distance = warp_size / 2; distance > 0; distance /= 2) {
    const A other = __shfl_xor_sync(0xffffffffu, value, distance);
    value = other > value ? other : value;
  }
  return value;
}

/// The sum over a block of Threads, in every thread. `shared` has one element a warp; all threads
/// take part, and the barriers make it free for use again on return.
template <int Threads, class A>
__device__ inline A block_sum(A value, A* shared) {
  constexpr int warps = Threads / warp_size;
  static_assert(Threads % warp_size == 0, "blocks are whole warps");
  value = warp_sum(value);
  if constexpr (warps == 1) return value;
  if (threadIdx.x % warp_size == 0) shared[threadIdx.x / warp_size] = value;
  __syncthreads();  // all partial sums are there
  A total = 0;
  RADLADS_UNROLL
  for (int warp = 0; warp < warps; ++warp) total += shared[warp];
  __syncthreads();  // nobody still reads them
  return total;
}

}  // namespace radlads
