// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two heads and the divergence of their distributions on CUDA, as cross_entropy.cuh does it for
// one.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/logits.cuh"
#include "radlads/ops/kl_divergence.hpp"

#include <cstdint>
#include <limits>

namespace radlads::cuda_detail {

template <class T>
struct kl_divergence_args {
  const accumulate_t<T>* student;  // (rows, V), logits
  const accumulate_t<T>* teacher;  // (rows, V), logits
  T* dlogits;                      // (rows, V), or null
  std::int64_t vocabulary;
  accumulate_t<T> kl, ce, scale;
  const std::int32_t* targets;  // (rows), or null
  accumulate_t<T>* losses;      // (rows)
  std::int32_t* best;           // (rows), or null
  std::int32_t* teacher_best;   // (rows), or null
};

/// Grid: the rows of a slice. With c the difference of the first two logits, the terms of the
/// divergence stay small when the two models' logits differ by a constant.
///   sum_v p_T (log p_T - log p_S)
///     = sum_v p_T (t - s - c) + (max s + c - max t)
///       + log(sum exp(s - max s)) - log(sum exp(t - max t))
template <class T, int N>
RADLADS_KERNEL __launch_bounds__(logit_threads)
    kl_divergence_kernel(const __grid_constant__ kl_divergence_args<T> a) {
  using A = accumulate_t<T>;
  __shared__ softmax_sum<A> parts[2][logit_warps];
  __shared__ A sums[logit_warps];
  const std::int64_t row = blockIdx.x;
  const A* student = a.student + row * a.vocabulary;
  const A* teacher = a.teacher + row * a.vocabulary;
  softmax_sum<A> of_student = softmax_sum<A>::nothing(), of_teacher = of_student;
  const std::int64_t own = static_cast<std::int64_t>(threadIdx.x) * N, step = logit_threads * N;
  const A constant = teacher[0] - student[0], offset = isfinite(constant) ? constant : A(0);
  A difference = 0;
  for (std::int64_t v = own; v < a.vocabulary; v += step) {
    A s[N], t[N];
    load_vector<N>(student + v, s);
    load_vector<N>(teacher + v, t);
    of_student.take(s, static_cast<std::int32_t>(v));
    difference *= of_teacher.raise_maximum(t, static_cast<std::int32_t>(v));
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) {
      const A term = of_teacher.term(t[k]);
      of_teacher.sum += term;
      if (term > A(0)) difference += term * (t[k] - s[k] - offset);
    }
  }
  const A own_largest = of_teacher.largest;
  of_student = merged_in_block(of_student, parts[0]);
  of_teacher = merged_in_block(of_teacher, parts[1]);
  const A factor = own_largest == -std::numeric_limits<A>::infinity()
                       ? A(0)
                       : exp(own_largest - of_teacher.largest);
  difference = block_sum<logit_threads>(difference * factor, sums);
  const std::int32_t target = a.targets == nullptr ? -1 : a.targets[row];
  const A ce = target < 0 ? A(0) : a.ce;
  if (threadIdx.x == 0) {
    const A between = of_student.largest + offset - of_teacher.largest;
    A loss = a.kl * (difference / of_teacher.sum + between + log(of_student.sum / of_teacher.sum));
    if (target >= 0) loss += ce * (log(of_student.sum) - (student[target] - of_student.largest));
    a.losses[row] = loss;
    if (a.best != nullptr) a.best[row] = of_student.token();
    if (a.teacher_best != nullptr) a.teacher_best[row] = of_teacher.token();
  }
  if (a.dlogits == nullptr) return;
  T* dlogits = a.dlogits + row * a.vocabulary;
  const A student_factor = a.scale * (a.kl + ce) / of_student.sum;
  const A teacher_factor = a.scale * a.kl / of_teacher.sum;
  for (std::int64_t v = own; v < a.vocabulary; v += step) {
    A s[N], t[N];
    load_vector<N>(student + v, s);
    load_vector<N>(teacher + v, t);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) {
      // Fused into one operation the products would leave a gradient between equal distributions.
      s[k] = rounded_product(exp(s[k] - of_student.largest), student_factor) -
             rounded_product(exp(t[k] - of_teacher.largest), teacher_factor);
      if (v + k == target) s[k] -= a.scale * ce;
    }
    store_vector<N>(s, dlogits + v);
  }
}

template <class T>
RADLADS_HIDDEN void head_kl_divergence_on(
    cuda_backend& b, real_t<T> kl_weight, real_t<T> ce_weight, real_t<T> scale,
    view<const T, 2, device_space> head, view<const T, 2, device_space> x,
    view<const T, 2, device_space> teacher_head, view<const T, 2, device_space> teacher_x,
    view<const std::int32_t, 1, device_space> targets,
    view<accumulate_t<T>, 1, device_space> losses, view<T, 2, device_space> dx,
    view<T, 2, device_space> dhead, view<std::int32_t, 1, device_space> best,
    view<std::int32_t, 1, device_space> teacher_best) {
  using A = accumulate_t<T>;
  const std::int64_t N = x.extent(0), V = head.extent(0);
  require_targets(b, "head_kl_divergence", targets, V);
  if (N == 0) return;
  const std::int64_t slice = ops::tokens_of_slice(2 * V, N);
  const bool is_gradient_wanted = !dx.empty() || !dhead.empty();
  scratch_scope<cuda_backend> scope(b);
  const auto held = scope.take<A, 2>({slice, V});
  const auto teacher_held = scope.take<A, 2>({slice, V});
  const auto gradient = scope.take<T, 2>({is_gradient_wanted ? slice : 0, V});
  const auto at = [](const auto& each, std::int64_t begin) {
    return each.empty() ? nullptr : each.pointer + begin;
  };
  for (std::int64_t begin = 0; begin < N; begin += slice) {
    const std::int64_t count = std::min(slice, N - begin);
    const auto inputs = slice_of_rows(x, begin, count);
    product_into<T, A>(b, false, true, false, inputs, head, {}, slice_of_rows(held, 0, count));
    product_into<T, A>(b, false, true, false, slice_of_rows(teacher_x, begin, count), teacher_head,
                       {}, slice_of_rows(teacher_held, 0, count));
    with_logit_vectors<A>(V, [&](auto width) {
      launch(b, "head_kl_divergence", kl_divergence_kernel<T, decltype(width)::value>,
             {.blocks = count, .threads = logit_threads},
             kl_divergence_args<T>{held.pointer, teacher_held.pointer,
                                   is_gradient_wanted ? gradient.pointer : nullptr, V, kl_weight,
                                   ce_weight, scale, at(targets, begin), losses.pointer + begin,
                                   at(best, begin), at(teacher_best, begin)});
    });
    if (is_gradient_wanted) {
      head_backward<T>(b, head, inputs, slice_of_rows(gradient, 0, count),
                       slice_of_rows(dx, begin, count), dhead);
    }
  }
}

}  // namespace radlads::cuda_detail
