// SPDX-License-Identifier: Apache-2.0
#pragma once
// Cross-entropy through a head on the CPU, and the passes over one row of logits that losses share.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cpu/matmul.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>

namespace radlads::cpu_detail {

/// Tokens whose logits are held at a time: about a megabyte of them, which stays in cache between
/// the passes, but enough tokens that the head is read for arithmetic and not for its own sake.
template <class T>
std::int64_t tokens_in_slice(std::int64_t V) {
  constexpr std::int64_t budget = std::int64_t{1} << 20;
  return std::clamp<std::int64_t>(budget / (V * static_cast<std::int64_t>(sizeof(T))), 128, 1024);
}

/// Largest real part of V > 0 logits.
template <class T>
real_t<T> largest_logit(const T* row, std::int64_t V) {
  if constexpr (std::is_same_v<T, real_t<T>>) {
    return Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>>(row, V).maxCoeff();
  } else {
    real_t<T> largest = real_of(row[0]);
    for (std::int64_t v = 1; v < V; ++v) largest = std::max(largest, real_of(row[v]));
    return largest;
  }
}

/// First token whose logit is `largest`; 0 when a NaN hides it.
template <class T>
std::int32_t first_largest(const T* row, std::int64_t V, real_t<T> largest) {
  for (std::int64_t v = 0; v < V; ++v) {
    if (real_of(row[v]) == largest) return static_cast<std::int32_t>(v);
  }
  return 0;
}

/// Throws unless every target is -1 or a token below V.
inline void require_targets(const char* function, view<const std::int32_t, 1> targets,
                            std::int64_t V) {
  for (std::int64_t n = 0; n < targets.extent(0); ++n) {
    require(targets(n) >= -1 && targets(n) < V, function, ": the target at position ", n, " is ",
            targets(n), ", but the vocabulary has ", V, " tokens");
  }
}

/// Replaces V logits by exp(logit - largest) and returns their sum.
template <class T>
T exponentials_in_place(T* row, std::int64_t V, real_t<T> largest) {
  using lanes_t = lanes<T>;
  constexpr std::int64_t W = lanes_t::width;
  const T shift(largest);
  lanes_t sum[2] = {lanes_t(T(0)), lanes_t(T(0))};
  std::int64_t v = 0;
  for (; v + 2 * W <= V; v += 2 * W) {
    for (int i = 0; i < 2; ++i) {
      const lanes_t e = exp(lanes_t::load(row + v + i * W) - shift);
      e.store(row + v + i * W);
      sum[i] += e;
    }
  }
  T total = (sum[0] + sum[1]).sum();
  for (; v < V; ++v) {
    using std::exp;
    row[v] = exp(row[v] - shift);
    total += row[v];
  }
  return total;
}

/// Loss of one row of logits; leaves the gradient of scale * loss in the row. A target of -1 costs
/// 0.
template <class T>
T cross_entropy_row(T* row, std::int64_t V, std::int32_t target, real_t<T> scale,
                    real_t<T> largest) {
  using std::log;
  Eigen::Map<Eigen::Array<T, Eigen::Dynamic, 1>> logits(row, V);
  if (target < 0) {
    logits.setZero();
    return T(0);
  }
  const T wanted = row[target] - largest;
  const T sum = exponentials_in_place(row, V, largest);
  logits *= scale / sum;
  row[target] -= scale;
  return log(sum) - wanted;
}

/// dx = dlogits head and dhead += dlogits^T x for one slice, each unless it is an empty view.
template <class T>
void head_backward(cpu_backend& b, view<const T, 2> head, view<const T, 2> x,
                   view<const T, 2> dlogits, view<T, 2> dx, view<T, 2> dhead) {
  const view<const T, 1> no_bias;
  if (!dx.empty()) matmul_on<T>(b, false, false, false, dlogits, head, no_bias, dx);
  if (!dhead.empty()) matmul_on<T>(b, true, false, true, dlogits, x, no_bias, dhead);
}

/// Rows [begin, begin + count) of a matrix; an empty view stays empty.
template <class T>
view<T, 2> slice_of_rows(view<T, 2> x, std::int64_t begin, std::int64_t count) {
  if (x.empty()) return {};
  x.pointer += begin * x.stride(0);
  x.extents[0] = count;
  return x;
}

template <class T>
void head_cross_entropy_on(cpu_backend& b, real_t<T> scale, view<const T, 2> head,
                           view<const T, 2> x, view<const std::int32_t, 1> targets,
                           view<T, 1> losses, view<std::int32_t, 1> best, view<T, 2> dx,
                           view<T, 2> dhead) {
  const std::int64_t N = x.extent(0), V = head.extent(0);
  require_targets("head_cross_entropy", targets, V);
  const std::int64_t slice = std::min(tokens_in_slice<T>(V), N);
  scratch_scope scope(b);
  const view<T, 2> held = scope.template take<T, 2>({slice, V});
  for (std::int64_t begin = 0; begin < N; begin += slice) {
    const std::int64_t count = std::min(slice, N - begin);
    const view<T, 2> logits = slice_of_rows(held, 0, count);
    const view<const T, 2> inputs = slice_of_rows(x, begin, count);
    matmul_on<T>(b, false, true, false, inputs, head, view<const T, 1>{}, logits);
    b.parallel_for(count, 1 + (1 << 12) / V, [&](std::int64_t first, std::int64_t last, int) {
      for (std::int64_t i = first; i < last; ++i) {
        const std::int64_t n = begin + i;
        const real_t<T> largest = largest_logit(logits.row(i), V);
        if (!best.empty()) best(n) = first_largest(logits.row(i), V, largest);
        losses(n) = cross_entropy_row(logits.row(i), V, targets(n), scale, largest);
      }
    });
    head_backward<T>(b, head, inputs, logits, slice_of_rows(dx, begin, count), dhead);
  }
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void head_cross_entropy_on<float>(cpu_backend&, float, view<const float, 2>,
                                                   view<const float, 2>,
                                                   view<const std::int32_t, 1>, view<float, 1>,
                                                   view<std::int32_t, 1>, view<float, 2>,
                                                   view<float, 2>);
RADLADS_INSTANCE void head_cross_entropy_on<double>(cpu_backend&, double, view<const double, 2>,
                                                    view<const double, 2>,
                                                    view<const std::int32_t, 1>, view<double, 1>,
                                                    view<std::int32_t, 1>, view<double, 2>,
                                                    view<double, 2>);
#endif

}  // namespace radlads::cpu_detail
