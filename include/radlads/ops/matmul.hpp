// SPDX-License-Identifier: Apache-2.0
#pragma once
// Matrix products: the general one, and the affine map y = x W^T + b with its gradients.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/sum_rows.hpp"

#include <cstdint>

namespace radlads::ops {

/// How matmul reads its operands and whether it adds to the result.
struct matmul_options {
  bool transpose_a = false;  ///< a is stored as (K, M)
  bool transpose_b = false;  ///< b is stored as (N, K)
  bool accumulate = false;   ///< add to c instead of overwriting it
};

/// c (M, N) = op(a) (M, K) op(b) (K, N), plus c when accumulating. Rows may be strided; c aliases
/// neither operand. Throws when the shapes do not fit.
template <class T, backend B>
void matmul(B& b, const matmul_options& options, view_on<const T, 2, B> left,
            view_on<const T, 2, B> right, view_on<T, 2, B> c) {
  const std::int64_t M = left.extent(options.transpose_a ? 1 : 0);
  const std::int64_t K = left.extent(options.transpose_a ? 0 : 1);
  const std::int64_t N = right.extent(options.transpose_b ? 0 : 1);
  const std::int64_t found = right.extent(options.transpose_b ? 1 : 0);
  require(found == K, "matmul: the right operand sums over ", found, " entries, the left over ", K);
  require_shape(c, {M, N}, "matmul", "c");
  matmul_on<T>(b, options.transpose_a, options.transpose_b, options.accumulate, left, right,
               view_on<const T, 1, B>{}, c);
}

/// y (N, O) = x (N, I) weight^T + bias, for weight (O, I) and bias (O) or an empty view. Overwrites
/// y.
template <class T, backend B>
void linear(B& b, view_on<const T, 2, B> weight, view_on<const T, 1, B> bias,
            view_on<const T, 2, B> x, view_on<T, 2, B> y) {
  const std::int64_t O = weight.extent(0);
  require_shape(x, {x.extent(0), weight.extent(1)}, "linear", "x");
  require_shape(y, {x.extent(0), O}, "linear", "y");
  if (!bias.empty()) require_shape(bias, {O}, "linear", "bias");
  matmul_on<T>(b, false, true, false, x, weight, bias, y);
}

/// Gradients of linear for dy (N, O). Overwrites dx (N, I), or adds to it when `add_to_dx`; adds to
/// dweight (O, I) and dbias (O). Any of the three may be an empty view: then it is not computed.
template <class T, backend B>
void linear_backward(B& b, view_on<const T, 2, B> weight, view_on<const T, 2, B> x,
                     view_on<const T, 2, B> dy, view_on<T, 2, B> dx, view_on<T, 2, B> dweight,
                     view_on<T, 1, B> dbias, bool add_to_dx = false) {
  const std::int64_t N = x.extent(0), O = weight.extent(0), I = weight.extent(1);
  require_shape(x, {N, I}, "linear_backward", "x");
  require_shape(dy, {N, O}, "linear_backward", "dy");
  if (!dx.empty()) {
    require_shape(dx, {N, I}, "linear_backward", "dx");
    matmul_on<T>(b, false, false, add_to_dx, dy, weight, view_on<const T, 1, B>{}, dx);
  }
  if (!dweight.empty()) {
    require_shape(dweight, {O, I}, "linear_backward", "dweight");
    matmul_on<T>(b, true, false, true, dy, x, view_on<const T, 1, B>{}, dweight);
  }
  if (!dbias.empty()) {
    require_shape(dbias, {O}, "linear_backward", "dbias");
    sum_rows<T>(b, dy, dbias);
  }
}

}  // namespace radlads::ops
