// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sums over rows, for the gradients of biases and other parameters per channel; sum of squares, for
// the norm of a gradient. Neither depends on the number of threads.

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/sum_rows.hpp"

#include <concepts>

namespace radlads::ops {

/// Adds to `total` (C) the sums of the columns of x (N, C).
template <class T, backend B>
void sum_rows(B& b, view_on<const T, 2, B> x, view_on<T, 1, B> total) {
  require_shape(total, {x.extent(1)}, "sum_rows", "total");
  if (x.size() > 0) sum_rows_on<T>(b, x, total);
}

/// The sum of the squares of all elements, on the host.
template <std::floating_point T, backend B>
double sum_squares(B& b, view_on<const T, 1, B> x) {
  return x.size() > 0 ? sum_squares_on<T>(b, x) : 0.0;
}

}  // namespace radlads::ops
