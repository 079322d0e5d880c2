// SPDX-License-Identifier: Apache-2.0
#pragma once
// Attention on the CPU: which of its two forms runs. Small heads go through lanes, wide heads and
// single queries through matrix products.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/dispatch.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/attention_lanes.hpp"
#include "radlads/ops/cpu/attention_products.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads::cpu_detail {

/// Widest head that the lanes form takes: beyond it a row's sums no longer fit the registers.
inline constexpr std::int64_t widest_lanes_attention = 16;

template <class T>
void attention_forward_on(cpu_backend& b, real_t<T> scale, view<const T, 4> q, view<const T, 4> k,
                          view<const T, 4> v, view<T, 4> y, view<T, 3> log_sum) {
  static_assert(std::is_same_v<T, accumulate_t<T>>, "the CPU computes in float or double");
  const attention_inputs<T> in{scale, q, k, v};
  // A single query would leave most lanes idle.
  if (q.extent(3) > widest_lanes_attention || q.extent(1) == 1) {
    product_attention::forward(b, in, y, log_sum);
    return;
  }
  dispatch_at_least<8, widest_lanes_attention>(
      "attention_forward: the head size", q.extent(3),
      [&](auto width) { lanes_attention::forward<width.value>(b, in, y, log_sum); });
}

template <class T>
void attention_backward_on(cpu_backend& b, real_t<T> scale, view<const T, 4> q, view<const T, 4> k,
                           view<const T, 4> v, view<const T, 4> y, view<const T, 3> log_sum,
                           view<const T, 4> dy, view<T, 4> dq, view<T, 4> dk, view<T, 4> dv) {
  static_assert(std::is_same_v<T, accumulate_t<T>>, "the CPU computes in float or double");
  const attention_inputs<T> in{scale, q, k, v};
  const attention_gradients<T> out{y, log_sum, dy, dq, dk, dv};
  if (q.extent(3) > widest_lanes_attention) {
    product_attention::backward(b, in, out);
    return;
  }
  dispatch_at_least<8, widest_lanes_attention>(
      "attention_backward: the head size", q.extent(3),
      [&](auto width) { lanes_attention::backward<width.value>(b, in, out); });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void attention_forward_on<float>(cpu_backend&, float, view<const float, 4>,
                                                  view<const float, 4>, view<const float, 4>,
                                                  view<float, 4>, view<float, 3>);
RADLADS_INSTANCE void attention_forward_on<double>(cpu_backend&, double, view<const double, 4>,
                                                   view<const double, 4>, view<const double, 4>,
                                                   view<double, 4>, view<double, 3>);
RADLADS_INSTANCE void attention_backward_on<float>(cpu_backend&, float, view<const float, 4>,
                                                   view<const float, 4>, view<const float, 4>,
                                                   view<const float, 4>, view<const float, 3>,
                                                   view<const float, 4>, view<float, 4>,
                                                   view<float, 4>, view<float, 4>);
RADLADS_INSTANCE void attention_backward_on<double>(cpu_backend&, double, view<const double, 4>,
                                                    view<const double, 4>, view<const double, 4>,
                                                    view<const double, 4>, view<const double, 3>,
                                                    view<const double, 4>, view<double, 4>,
                                                    view<double, 4>, view<double, 4>);
#endif

}  // namespace radlads::cpu_detail
