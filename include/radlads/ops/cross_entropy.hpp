// SPDX-License-Identifier: Apache-2.0
#pragma once
// Head, cross-entropy and their gradient in one operation, by slices of tokens: logits of all
// tokens are never held.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"

#include <cstdint>

namespace radlads::ops {

/// losses (N) = -log softmax(x_n head^T)[targets_n] for head (V, C), x (N, C); a target of -1 is
/// not scored: loss and gradient are 0. best (N) = the top-1 token, unless empty. With the
/// gradient of scale * sum of losses, overwrites dx (N, C) and adds to dhead (V, C), unless empty.
/// Throws when a target is neither -1 nor a token, but not in a captured graph
/// (core/graph_capture.hpp).
template <class T, backend B>
void head_cross_entropy(B& b, real_t<T> scale, view_on<const T, 2, B> head,
                        view_on<const T, 2, B> x, view_on<const std::int32_t, 1, B> targets,
                        view_on<accumulate_t<T>, 1, B> losses, view_on<std::int32_t, 1, B> best,
                        view_on<T, 2, B> dx, view_on<T, 2, B> dhead) {
  const char* const name = "head_cross_entropy";
  const std::int64_t N = x.extent(0), V = head.extent(0), C = head.extent(1);
  require(V > 0, name, ": the head has no rows");
  require_shape(x, {N, C}, name, "x");
  require_shape(targets, {N}, name, "targets");
  require_shape(losses, {N}, name, "losses");
  if (!best.empty()) require_shape(best, {N}, name, "best");
  if (!dx.empty()) require_shape(dx, {N, C}, name, "dx");
  if (!dhead.empty()) require_shape(dhead, {V, C}, name, "dhead");
  head_cross_entropy_on<T>(b, scale, head, x, targets, losses, best, dx, dhead);
}

}  // namespace radlads::ops
