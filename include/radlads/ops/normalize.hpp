// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vectors of unit Euclidean length, one a head.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

namespace radlads::ops {

/// The largest factor: a vector shorter than its reciprocal 1e-12 is scaled, not normalised.
inline constexpr double largest_normalize_factor = 1e12;

/// y = x / max(sqrt(|x|^2 + epsilon), 1e-12) for each head of x and y (N, H, K); `inverse` (N, H)
/// receives the factor. RAD-RWKV7 has epsilon 0, Gated DeltaNet 1e-6.
template <class T, backend B>
void normalize_forward(B& b, double epsilon, view_on<const T, 3, B> x, view_on<T, 3, B> y,
                       view_on<accumulate_t<T>, 2, B> inverse) {
  require_shape(y, x.sizes(), "normalize_forward", "y");
  require_shape(inverse, {x.extent(0), x.extent(1)}, "normalize_forward", "inverse");
  if (x.size() > 0) normalize_forward_on<T>(b, epsilon, x, y, inverse);
}

/// dx = (dy - y (y . dy)) inverse for each head, with y and inverse of the forward call. Overwrites
/// dx, which may be dy.
template <class T, backend B>
void normalize_backward(B& b, view_on<const T, 3, B> y,
                        view_on<const accumulate_t<T>, 2, B> inverse, view_on<const T, 3, B> dy,
                        view_on<T, 3, B> dx) {
  require_shape(inverse, {y.extent(0), y.extent(1)}, "normalize_backward", "inverse");
  require_shape(dy, y.sizes(), "normalize_backward", "dy");
  require_shape(dx, y.sizes(), "normalize_backward", "dx");
  if (y.size() > 0) normalize_backward_on<T>(b, y, inverse, dy, dx);
}

}  // namespace radlads::ops
