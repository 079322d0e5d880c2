// SPDX-License-Identifier: Apache-2.0
#pragma once
// What losses behind a head share on CUDA: slices of logits in the accumulation type, the
// softmax of a row in one pass over it, and the products that carry a gradient of logits back.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cuda/embedding.cuh"
#include "radlads/ops/cuda/matmul.cuh"
#include "radlads/ops/logit_slice.hpp"

#include <algorithm>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace radlads::cuda_detail {

/// Threads of a block, which has one token's row of logits.
inline constexpr int logit_threads = 512;
inline constexpr int logit_warps = logit_threads / warp_size;

/// Throws as the CPU does unless every target is -1 or a token.
RADLADS_HIDDEN inline void require_targets(cuda_backend& b, const char* function,
                                           view<const std::int32_t, 1, device_space> targets,
                                           std::int64_t vocabulary) {
  if (targets.empty() || b.is_capturing()) return;
  const std::int64_t bad = find_bad_id(b, targets.pointer, targets.extent(0), -1, vocabulary);
  if (bad < 0) return;
  std::int32_t id = 0;
  b.copy(&id, targets.pointer + bad, sizeof(id));
  b.synchronize();
  fail(function, ": the target at position ", bad, " is ", id, ", but the vocabulary has ",
       vocabulary, " tokens");
}

/// Product that is not fused with a sum: both of a difference must round alike.
__device__ inline float rounded_product(float a, float b) { return __fmul_rn(a, b); }
__device__ inline double rounded_product(double a, double b) { return __dmul_rn(a, b); }

/// Sum of exponentials of part of a row, relative to its largest logit, and where that stands
/// first.
template <class A>
struct softmax_sum {
  A largest;
  A sum;
  std::int32_t best;

  __device__ static softmax_sum nothing() {
    return {-std::numeric_limits<A>::infinity(), A(0), std::numeric_limits<std::int32_t>::max()};
  }

  /// Factor of what was summed when the largest logit becomes `next`.
  __device__ A rescale(A next) const { return sum == A(0) ? A(0) : exp(largest - next); }

  /// Takes the largest of N logits, of which the first stands at `at`, and returns the factor of
  /// what was summed before.
  template <int N>
  __device__ A raise_maximum(const A (&logits)[N], std::int32_t at) {
    A top = logits[0];
    RADLADS_UNROLL
    for (int k = 1; k < N; ++k) top = logits[k] > top ? logits[k] : top;
    if (!(top > largest)) return A(1);
    const A factor = rescale(top);
    largest = top;
    RADLADS_UNROLL
    for (int k = N - 1; k >= 0; --k) best = logits[k] == top ? at + k : best;
    sum *= factor;
    return factor;
  }
  /// exp(logit - largest). One of -infinity adds nothing, and before any finite one there is
  /// nothing to be relative to.
  __device__ A term(A logit) const {
    return logit == -std::numeric_limits<A>::infinity() ? A(0) : exp(logit - largest);
  }
  /// Takes N logits.
  template <int N>
  __device__ void take(const A (&logits)[N], std::int32_t at) {
    raise_maximum(logits, at);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) sum += term(logits[k]);
  }
  /// Takes another part.
  __device__ void merge(const softmax_sum& other) {
    const A next = other.largest > largest ? other.largest : largest;
    sum = sum * rescale(next) + other.sum * other.rescale(next);
    const bool is_other =
        other.largest > largest || (other.largest == largest && other.best < best);
    best = is_other ? other.best : best;
    largest = next;
  }
  __device__ softmax_sum shuffled(int distance) const {
    return {__shfl_xor_sync(0xffffffffu, largest, distance),
            __shfl_xor_sync(0xffffffffu, sum, distance),
            __shfl_xor_sync(0xffffffffu, best, distance)};
  }
  /// Token of the largest logit; 0 when a NaN hides it.
  __device__ std::int32_t token() const {
    return best == std::numeric_limits<std::int32_t>::max() ? 0 : best;
  }
};

/// What all threads of a block took, in every thread. `parts` has one element a warp.
template <class A>
__device__ inline softmax_sum<A> merged_in_block(softmax_sum<A> own, softmax_sum<A>* parts) {
  for (int distance = warp_size / 2; distance > 0; distance /= 2) {
    own.merge(own.shuffled(distance));
  }
  if (threadIdx.x % warp_size == 0) parts[threadIdx.x / warp_size] = own;
  __syncthreads();  // every warp's part is there
  own = parts[0];
  for (int warp = 1; warp < logit_warps; ++warp) own.merge(parts[warp]);
  return own;
}

/// Calls f(N) as an integral constant: how many logits of a row a thread reads at once.
template <class A, class F>
void with_logit_vectors(std::int64_t vocabulary, F&& f) {
  if (vocabulary % vector_width<A> == 0) {
    f(std::integral_constant<int, vector_width<A>>{});
  } else {
    f(std::integral_constant<int, 1>{});
  }
}

/// Rows [begin, begin + count) of a matrix; an empty view stays empty.
template <class T>
view<T, 2, device_space> slice_of_rows(view<T, 2, device_space> x, std::int64_t begin,
                                       std::int64_t count) {
  if (x.empty()) return {};
  x.pointer += begin * x.stride(0);
  x.extents[0] = count;
  return x;
}

/// dx = dlogits head and dhead += dlogits^T x for one slice, each unless it is an empty view.
template <class T>
RADLADS_HIDDEN void head_backward(cuda_backend& b, view<const T, 2, device_space> head,
                                  view<const T, 2, device_space> x,
                                  view<const T, 2, device_space> dlogits,
                                  view<T, 2, device_space> dx, view<T, 2, device_space> dhead) {
  if (!dx.empty()) matmul_on<T>(b, false, false, false, dlogits, head, {}, dx);
  if (!dhead.empty()) matmul_on<T>(b, true, false, true, dlogits, x, {}, dhead);
}

}  // namespace radlads::cuda_detail
