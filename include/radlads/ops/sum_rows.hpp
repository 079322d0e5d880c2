// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sums over rows, for the gradients of biases and other parameters per channel; sum of squares, for
// the norm of a gradient. Neither depends on the number of threads.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <concepts>

namespace radlads::ops {

/// Adds to `total` (C) the sums of the columns of x (N, C).
template <class T, backend B>
void sum_rows(B& b, view_on<const T, 2, B> x, view_on<T, 1, B> total) {
  require_shape(total, {x.extent(1)}, "sum_rows", "total");
  if (x.size() > 0) sum_rows_on<T>(b, x, total);
}

/// Writes the sum of the squares of all elements to `total` (1), which lies with the backend:
/// nothing waits.
template <class T, backend B>
void sum_squares_into(B& b, view_on<const T, 1, B> x, view_on<double, 1, B> total) {
  static_assert(std::floating_point<accumulate_t<T>>, "sums of squares are of real numbers");
  require_shape(total, {1}, "sum_squares_into", "total");
  if (x.size() > 0) {
    sum_squares_into_on<T>(b, x, total);
  } else {
    set_zero<double, 1, B>(b, total);
  }
}

/// The sum of the squares of all elements, on the host.
template <class T, backend B>
double sum_squares(B& b, view_on<const T, 1, B> x) {
  scratch_scope<B> scope(b);
  const view_on<double, 1, B> total = scope.template take<double, 1>({1});
  sum_squares_into<T>(b, x, total);
  double result = 0;
  b.copy(&result, total.data(), sizeof(result));
  b.synchronize();
  return result;
}

}  // namespace radlads::ops
