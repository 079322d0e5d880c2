// SPDX-License-Identifier: Apache-2.0
#pragma once
// Head and cross-entropy on CUDA: a slice of logits by cuBLASLt, a block a token for the loss and
// its gradient, and two products back. Logits are kept in the accumulation type, their gradient in
// T.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/cuda/logits.cuh"

#include <cstdint>

namespace radlads::cuda_detail {

template <class T>
struct cross_entropy_args {
  const accumulate_t<T>* logits;  // (rows, V)
  T* dlogits;                     // (rows, V), or null
  std::int64_t vocabulary;
  accumulate_t<T> scale;
  const std::int32_t* targets;  // (rows)
  accumulate_t<T>* losses;      // (rows)
  std::int32_t* best;           // (rows), or null
};

/// Grid: the rows of a slice. Loss -log softmax(logits)[target]; a target of -1 costs nothing.
template <class T, int N>
RADLADS_KERNEL __launch_bounds__(logit_threads)
    cross_entropy_kernel(const __grid_constant__ cross_entropy_args<T> a) {
  using A = accumulate_t<T>;
  __shared__ softmax_sum<A> parts[logit_warps];
  const std::int64_t row = blockIdx.x;
  const A* logits = a.logits + row * a.vocabulary;
  softmax_sum<A> all = softmax_sum<A>::nothing();
  const std::int64_t own = static_cast<std::int64_t>(threadIdx.x) * N, step = logit_threads * N;
  for (std::int64_t v = own; v < a.vocabulary; v += step) {
    A each[N];
    load_vector<N>(logits + v, each);
    all.take(each, static_cast<std::int32_t>(v));
  }
  all = merged_in_block(all, parts);
  const std::int32_t target = a.targets[row];
  if (threadIdx.x == 0) {
    a.losses[row] = target < 0 ? A(0) : log(all.sum) - (logits[target] - all.largest);
    if (a.best != nullptr) a.best[row] = all.token();
  }
  if (a.dlogits == nullptr) return;
  T* dlogits = a.dlogits + row * a.vocabulary;
  const A factor = target < 0 ? A(0) : a.scale / all.sum;
  for (std::int64_t v = own; v < a.vocabulary; v += step) {
    A each[N];
    load_vector<N>(logits + v, each);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) {
      const A wanted = v + k == target ? a.scale : A(0);
      each[k] = (target < 0 ? A(0) : exp(each[k] - all.largest) * factor) - wanted;
    }
    store_vector<N>(each, dlogits + v);
  }
}

template <class T>
RADLADS_HIDDEN void head_cross_entropy_on(
    cuda_backend& b, real_t<T> scale, view<const T, 2, device_space> head,
    view<const T, 2, device_space> x, view<const std::int32_t, 1, device_space> targets,
    view<accumulate_t<T>, 1, device_space> losses, view<std::int32_t, 1, device_space> best,
    view<T, 2, device_space> dx, view<T, 2, device_space> dhead) {
  using A = accumulate_t<T>;
  const std::int64_t N = x.extent(0), V = head.extent(0);
  require_targets(b, "head_cross_entropy", targets, V);
  if (N == 0) return;
  const std::int64_t slice = ops::tokens_of_slice(V, N);
  const bool is_gradient_wanted = !dx.empty() || !dhead.empty();
  scratch_scope<cuda_backend> scope(b);
  const auto held = scope.take<A, 2>({slice, V});
  const auto gradient = scope.take<T, 2>({is_gradient_wanted ? slice : 0, V});
  for (std::int64_t begin = 0; begin < N; begin += slice) {
    const std::int64_t count = std::min(slice, N - begin);
    const auto inputs = slice_of_rows(x, begin, count);
    product_into<T, A>(b, false, true, false, inputs, head, {}, slice_of_rows(held, 0, count));
    with_logit_vectors<A>(V, [&](auto width) {
      launch(b, "head_cross_entropy", cross_entropy_kernel<T, decltype(width)::value>,
             {.blocks = count, .threads = logit_threads},
             cross_entropy_args<T>{held.pointer, is_gradient_wanted ? gradient.pointer : nullptr, V,
                                   scale, targets.pointer + begin, losses.pointer + begin,
                                   best.empty() ? nullptr : best.pointer + begin});
    });
    if (is_gradient_wanted) {
      head_backward<T>(b, head, inputs, slice_of_rows(gradient, 0, count),
                       slice_of_rows(dx, begin, count), dhead);
    }
  }
}

}  // namespace radlads::cuda_detail
