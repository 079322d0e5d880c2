// SPDX-License-Identifier: Apache-2.0
#pragma once
// Causal softmax attention with grouped key/value heads, for teachers and hybrids. Positions and
// projections belong to the callers; the T x S scores are never held whole.
//   p_ts = exp(scale q_t.k_s - log_sum_t) for s <= S - T + t, else 0;   y_t = sum_s p_ts v_s

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads::ops {

/// Throws unless q (B, T, H, N), k and v (B, S, Hkv, N) fit together: Hkv divides H, T <= S.
template <class T, class Space>
void require_attention_shapes(const view<const T, 4, Space>& q, const view<const T, 4, Space>& k,
                              const view<const T, 4, Space>& v, const char* function) {
  const std::int64_t batches = q.extent(0), times = q.extent(1), heads = q.extent(2);
  const std::int64_t keys = k.extent(1), kv_heads = k.extent(2), width = q.extent(3);
  require_shape(k, {batches, keys, kv_heads, width}, function, "k");
  require_shape(v, k.sizes(), function, "v");
  require(kv_heads > 0 && heads % kv_heads == 0, function, ": ", heads,
          " query heads cannot share ", kv_heads, " key/value heads evenly");
  require(times <= keys, function, ": ", times, " queries need at least as many keys, found ",
          keys);
}

/// Query t sees the keys s <= S - T + t; query head h reads key/value head h / (H / Hkv).
/// q, y: (B, T, H, N); k, v: (B, S, Hkv, N); log_sum: (B, H, T), the logarithm of the sum of
/// exponentials of the scaled scores, or an empty view. Overwrites y and log_sum; throws on other
/// shapes.
template <class T, backend B>
void attention_forward(B& b, real_t<T> scale, view_on<const T, 4, B> q, view_on<const T, 4, B> k,
                       view_on<const T, 4, B> v, view_on<T, 4, B> y,
                       view_on<accumulate_t<T>, 3, B> log_sum) {
  constexpr const char* function = "attention_forward";
  require_attention_shapes(q, k, v, function);
  require_shape(y, q.sizes(), function, "y");
  if (log_sum.pointer != nullptr) {
    require_shape(log_sum, {q.extent(0), q.extent(2), q.extent(1)}, function, "log_sum");
  }
  attention_forward_on<T>(b, scale, q, k, v, y, log_sum);
}

/// Gradients of attention_forward from its inputs, its outputs y and log_sum, and dy (B, T, H, N).
/// Overwrites dq (B, T, H, N), dk and dv (B, S, Hkv, N); throws on other shapes.
template <class T, backend B>
void attention_backward(B& b, real_t<T> scale, view_on<const T, 4, B> q, view_on<const T, 4, B> k,
                        view_on<const T, 4, B> v, view_on<const T, 4, B> y,
                        view_on<const accumulate_t<T>, 3, B> log_sum, view_on<const T, 4, B> dy,
                        view_on<T, 4, B> dq, view_on<T, 4, B> dk, view_on<T, 4, B> dv) {
  constexpr const char* function = "attention_backward";
  require_attention_shapes(q, k, v, function);
  require_shape(y, q.sizes(), function, "y");
  require_shape(log_sum, {q.extent(0), q.extent(2), q.extent(1)}, function, "log_sum");
  require_shape(dy, q.sizes(), function, "dy");
  require_shape(dq, q.sizes(), function, "dq");
  require_shape(dk, k.sizes(), function, "dk");
  require_shape(dv, k.sizes(), function, "dv");
  attention_backward_on<T>(b, scale, q, k, v, y, log_sum, dy, dq, dk, dv);
}

}  // namespace radlads::ops
