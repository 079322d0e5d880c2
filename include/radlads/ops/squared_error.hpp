// SPDX-License-Identifier: Apache-2.0
#pragma once
// Distance of hidden states to their targets, token by token, with its gradient. Means over tokens
// and factors such as C^-1/2 are the caller's, through `scale`.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"

#include <cstdint>

namespace radlads::ops {

/// losses (N) = scale ||target_n - y_n||_2 for y, target (N, C). Overwrites losses, and dy (N, C),
/// the gradient of their sum, unless that is an empty view; where the error is zero so is its
/// gradient.
template <class T, backend B>
void alignment_l2(B& b, real_t<T> scale, view_on<const T, 2, B> y, view_on<const T, 2, B> target,
                  view_on<accumulate_t<T>, 1, B> losses, view_on<T, 2, B> dy) {
  require_shape(target, {y.extent(0), y.extent(1)}, "alignment_l2", "target");
  require_shape(losses, {y.extent(0)}, "alignment_l2", "losses");
  if (!dy.empty()) require_shape(dy, {y.extent(0), y.extent(1)}, "alignment_l2", "dy");
  alignment_on<T>(b, true, scale, y, target, losses, dy);
}

/// losses (N) = scale ||target_n - y_n||^2, the sum over channels; otherwise as alignment_l2.
template <class T, backend B>
void alignment_mse(B& b, real_t<T> scale, view_on<const T, 2, B> y, view_on<const T, 2, B> target,
                   view_on<accumulate_t<T>, 1, B> losses, view_on<T, 2, B> dy) {
  require_shape(target, {y.extent(0), y.extent(1)}, "alignment_mse", "target");
  require_shape(losses, {y.extent(0)}, "alignment_mse", "losses");
  if (!dy.empty()) require_shape(dy, {y.extent(0), y.extent(1)}, "alignment_mse", "dy");
  alignment_on<T>(b, false, scale, y, target, losses, dy);
}

}  // namespace radlads::ops
