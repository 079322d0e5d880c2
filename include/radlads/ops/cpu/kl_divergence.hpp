// SPDX-License-Identifier: Apache-2.0
#pragma once
// Divergence of a student's tokens from a teacher's through both heads on the CPU.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cpu/cross_entropy.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstdint>

namespace radlads::cpu_detail {

/// What a pass over student and teacher logits sums, with s and t the logits below their largest.
template <class T>
struct divergence_sums {
  T student;     // sum exp s
  T teacher;     // sum exp t
  T difference;  // sum exp(t) (t - s)
};

/// Replaces both rows of V logits by exp(logit - largest).
template <class T>
divergence_sums<T> divergence_pass(T* student, T* teacher, std::int64_t V, real_t<T> largest,
                                   real_t<T> teacher_largest) {
  using lanes_t = lanes<T>;
  constexpr std::int64_t W = lanes_t::width;
  const T shift(largest), teacher_shift(teacher_largest);
  lanes_t p(T(0)), q(T(0)), d(T(0));
  std::int64_t v = 0;
  for (; v + W <= V; v += W) {
    const lanes_t s = lanes_t::load(student + v) - shift,
                  t = lanes_t::load(teacher + v) - teacher_shift;
    const lanes_t es = exp(s), et = exp(t);
    es.store(student + v);
    et.store(teacher + v);
    p += es;
    q += et;
    d += et * (t - s);
  }
  divergence_sums<T> sums{p.sum(), q.sum(), d.sum()};
  for (; v < V; ++v) {
    using std::exp;
    const T s = student[v] - shift, t = teacher[v] - teacher_shift;
    student[v] = exp(s);
    teacher[v] = exp(t);
    sums.student += student[v];
    sums.teacher += teacher[v];
    sums.difference += teacher[v] * (t - s);
  }
  return sums;
}

/// The weights of the two losses and of their gradient.
template <class T>
struct divergence_weights {
  real_t<T> kl, ce, scale;
};

/// Loss of one token; leaves the gradient of scale * loss in the student's row.
///   sum_v p_T (log p_T - log p_S) = sum_v p_T (t - s) + log(sum exp s / sum exp t)
template <class T>
T divergence_row(T* student, T* teacher, std::int64_t V, std::int32_t target,
                 const divergence_weights<T>& weights, real_t<T> largest,
                 real_t<T> teacher_largest) {
  using std::log;
  using array = Eigen::Array<T, Eigen::Dynamic, 1>;
  const real_t<T> ce = target < 0 ? real_t<T>(0) : weights.ce;
  const T wanted = target < 0 ? T(0) : student[target] - largest;
  const divergence_sums<T> sums = divergence_pass(student, teacher, V, largest, teacher_largest);
  // Both products are rounded before they are subtracted: fused into one operation they would leave
  // a gradient of rounding size between equal distributions.
  Eigen::Map<array> gradient(student, V), teacher_part(teacher, V);
  gradient *= weights.scale * (weights.kl + ce) / sums.student;
  teacher_part *= weights.scale * weights.kl / sums.teacher;
  gradient -= teacher_part;
  T loss = weights.kl * (sums.difference / sums.teacher + log(sums.student / sums.teacher));
  if (target >= 0) {
    student[target] -= weights.scale * ce;
    loss += ce * (log(sums.student) - wanted);
  }
  return loss;
}

template <class T>
void head_kl_divergence_on(cpu_backend& b, real_t<T> kl_weight, real_t<T> ce_weight,
                           real_t<T> scale, view<const T, 2> head, view<const T, 2> x,
                           view<const T, 2> teacher_head, view<const T, 2> teacher_x,
                           view<const std::int32_t, 1> targets, view<T, 1> losses, view<T, 2> dx,
                           view<T, 2> dhead, view<std::int32_t, 1> best,
                           view<std::int32_t, 1> teacher_best) {
  const std::int64_t N = x.extent(0), V = head.extent(0);
  require_targets("head_kl_divergence", targets, V);
  const divergence_weights<T> weights{kl_weight, ce_weight, scale};
  const std::int64_t slice = std::min(tokens_in_slice<T>(2 * V), N);
  const view<const T, 1> no_bias;
  scratch_scope scope(b);
  const view<T, 2> held = scope.template take<T, 2>({slice, V});
  const view<T, 2> teacher_held = scope.template take<T, 2>({slice, V});
  for (std::int64_t begin = 0; begin < N; begin += slice) {
    const std::int64_t count = std::min(slice, N - begin);
    const view<T, 2> logits = slice_of_rows(held, 0, count);
    const view<T, 2> teacher_logits = slice_of_rows(teacher_held, 0, count);
    const view<const T, 2> inputs = slice_of_rows(x, begin, count);
    matmul_on<T>(b, false, true, false, inputs, head, no_bias, logits);
    matmul_on<T>(b, false, true, false, slice_of_rows(teacher_x, begin, count), teacher_head,
                 no_bias, teacher_logits);
    b.parallel_for(count, 1 + (1 << 12) / V, [&](std::int64_t first, std::int64_t last, int) {
      for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t n = begin + i;
        T* const student = logits.row(i);
        T* const teacher = teacher_logits.row(i);
        const real_t<T> largest = largest_logit(student, V);
        const real_t<T> teacher_largest = largest_logit(teacher, V);
        if (!best.empty()) best(n) = first_largest(student, V, largest);
        if (!teacher_best.empty()) teacher_best(n) = first_largest(teacher, V, teacher_largest);
        losses(n) = divergence_row(student, teacher, V, targets.empty() ? -1 : targets(n), weights,
                                   largest, teacher_largest);
      }
    });
    head_backward<T>(b, head, inputs, logits, slice_of_rows(dx, begin, count), dhead);
  }
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void head_kl_divergence_on<float>(cpu_backend&, float, float, float,
                                                   view<const float, 2>, view<const float, 2>,
                                                   view<const float, 2>, view<const float, 2>,
                                                   view<const std::int32_t, 1>, view<float, 1>,
                                                   view<float, 2>, view<float, 2>,
                                                   view<std::int32_t, 1>, view<std::int32_t, 1>);
RADLADS_INSTANCE void head_kl_divergence_on<double>(cpu_backend&, double, double, double,
                                                    view<const double, 2>, view<const double, 2>,
                                                    view<const double, 2>, view<const double, 2>,
                                                    view<const std::int32_t, 1>, view<double, 1>,
                                                    view<double, 2>, view<double, 2>,
                                                    view<std::int32_t, 1>, view<std::int32_t, 1>);
#endif

}  // namespace radlads::cpu_detail
