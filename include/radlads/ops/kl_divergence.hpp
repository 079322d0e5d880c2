// SPDX-License-Identifier: Apache-2.0
#pragma once
// Two heads, the divergence of the student's tokens from the teacher's and its gradient in one
// operation, by slices of tokens: logits of all tokens are never held.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"

#include <cstdint>

namespace radlads::ops {

/// losses (N) = kl_weight KL(teacher || student) + ce_weight CE(targets) of the distributions
/// softmax(x head^T) and softmax(teacher_x teacher_head^T), for head (V, C), x (N, C), teacher_head
/// (V, D), teacher_x (N, D). targets (N) may be empty when ce_weight is 0; -1 takes part in the
/// divergence alone. With the gradient of scale * sum of losses, overwrites dx (N, C) and adds to
/// dhead (V, C), unless empty. best and teacher_best (N), unless empty, are the top-1 tokens.
/// Throws when a target is neither -1 nor a token, but not in a captured graph
/// (core/graph_capture.hpp).
template <class T, backend B>
void head_kl_divergence(B& b, real_t<T> kl_weight, real_t<T> ce_weight, real_t<T> scale,
                        view_on<const T, 2, B> head, view_on<const T, 2, B> x,
                        view_on<const T, 2, B> teacher_head, view_on<const T, 2, B> teacher_x,
                        view_on<const std::int32_t, 1, B> targets,
                        view_on<accumulate_t<T>, 1, B> losses, view_on<T, 2, B> dx,
                        view_on<T, 2, B> dhead, view_on<std::int32_t, 1, B> best = {},
                        view_on<std::int32_t, 1, B> teacher_best = {}) {
  const char* const name = "head_kl_divergence";
  const std::int64_t N = x.extent(0), V = head.extent(0), C = head.extent(1);
  require(V > 0, name, ": the head has no rows");
  require_shape(x, {N, C}, name, "x");
  require_shape(teacher_head, {V, teacher_head.extent(1)}, name, "teacher_head");
  require_shape(teacher_x, {N, teacher_head.extent(1)}, name, "teacher_x");
  if (ce_weight != 0 || !targets.empty()) require_shape(targets, {N}, name, "targets");
  require_shape(losses, {N}, name, "losses");
  if (!dx.empty()) require_shape(dx, {N, C}, name, "dx");
  if (!dhead.empty()) require_shape(dhead, {V, C}, name, "dhead");
  if (!best.empty()) require_shape(best, {N}, name, "best");
  if (!teacher_best.empty()) require_shape(teacher_best, {N}, name, "teacher_best");
  head_kl_divergence_on<T>(b, kl_weight, ce_weight, scale, head, x, teacher_head, teacher_x,
                           targets, losses, dx, dhead, best, teacher_best);
}

}  // namespace radlads::ops
