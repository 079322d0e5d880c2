// SPDX-License-Identifier: Apache-2.0
#pragma once
// Data-dependent token shift of RWKV-6: five blends of each token with the one before it.
//   delta_t = x_{t-1} - x_t,  m = tanh((x + delta mu_x) W1) in five parts of R,
//   x_i = x + delta (mu_i + m_i W2_i)  for i in r, k, v, w, g     (arXiv 2505.03005, appendix A.1)

#include "radlads/core/config.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/matmul.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/ops/token_shift.hpp"
#include "radlads/scalar_functions/activation.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace radlads::layers {

/// out = token + delta mu, as a functor for elementwise.
struct shift_blend {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& token, const X& delta, const X& mu,
                                                     X& out) const {
    out = token + delta * mu;
  }
};

/// blend = mu + m,  out = token + delta blend, as a functor for elementwise.
struct data_dependent_blend {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& token, const X& delta, const X& mu,
                                                     const X& m, X& blend, X& out) const {
    blend = mu + m;
    out = token + delta * blend;
  }
};

/// Gradients of out = token + delta blend from d, added to what came before for two of them:
///   dblend = d delta,  dtoken = token_before + d,  ddelta = delta_before + d blend
struct shift_blend_backward {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& d, const X& blend, const X& delta,
                                                     const X& token_before, const X& delta_before,
                                                     X& dblend, X& dtoken, X& ddelta) const {
    dtoken = token_before + d;
    ddelta = delta_before + d * blend;
    dblend = d * delta;
  }
};

struct token_shift_mix {
  /// Order of the five blends in files and arrays.
  struct order {
    enum : std::size_t { r, k, v, w, g, count };
  };

  template <class T, class B>
  struct params {
    tensor<T, 3, B> mu_x;                          // (1, 1, C)
    std::array<tensor<T, 3, B>, order::count> mu;  // (1, 1, C) each
    tensor<T, 2, B> w1;                            // (C, 5R)
    tensor<T, 3, B> w2;                            // (5, R, C)

    void allocate(B& b, const mixer_config& c) {
      const auto five = static_cast<std::int64_t>(order::count);
      mu_x.resize(b, {1, 1, c.hidden});
      for (auto& each : mu) each.resize(b, {1, 1, c.hidden});
      w1.resize(b, {c.hidden, five * c.rank_token_shift});
      w2.resize(b, {five, c.rank_token_shift, c.hidden});
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"time_maa_x", tensor_role::channels, tensor_purpose::token_shift}, p.mu_x...);
      visit(f, {"time_maa_r", tensor_role::channels, tensor_purpose::token_shift},
            p.mu[order::r]...);
      visit(f, {"time_maa_k", tensor_role::channels, tensor_purpose::token_shift},
            p.mu[order::k]...);
      visit(f, {"time_maa_v", tensor_role::channels, tensor_purpose::token_shift},
            p.mu[order::v]...);
      visit(f, {"time_maa_w", tensor_role::channels, tensor_purpose::decay}, p.mu[order::w]...);
      visit(f, {"time_maa_g", tensor_role::channels, tensor_purpose::token_shift},
            p.mu[order::g]...);
      visit(f, {"time_maa_w1", tensor_role::low_rank_down, tensor_purpose::token_shift}, p.w1...);
      visit(f, {"time_maa_w2", tensor_role::low_rank_up, tensor_purpose::token_shift}, p.w2...);
    }
  };

  template <class T, class B>
  struct saved {
    tensor<T, 3, B> delta;                              // (B, T, C)
    tensor<T, 2, B> probed;                             // (N, C), x + delta mu_x
    tensor<T, 2, B> low;                                // (N, 5R), after tanh
    std::array<tensor<T, 2, B>, order::count> blend;    // (N, C), mu_i + m_i W2_i
    std::array<tensor<T, 2, B>, order::count> shifted;  // (N, C), x_i
  };

  template <class T, class B>
  static void initialise(B& b, params<T, B>& p, const tensor_source& source) {
    fill_constant(b, p.mu_x, 1.0);
    for (auto& each : p.mu) fill_constant(b, each, 0.0);
    fill_constant(b, p.w1, 0.0);
    fill_uniform(b, p.w2, -0.01, 0.01, source.of("time_maa_w2"));
  }

  /// Fills `s` from x (B, T, C). `last` (B, C), when given, is the token before and is replaced by
  /// the last one.
  template <class T, class B>
  static void forward(B& b, const params<T, B>& p, view_on<const T, 3, B> x, tensor<T, 2, B>* last,
                      saved<T, B>& s) {
    const shape<2> rows{x.extent(0) * x.extent(1), x.extent(2)};
    s.delta.resize(b, x.sizes());
    s.probed.resize(b, rows);
    s.low.resize(b, {rows[0], p.w1.extent(1)});
    if (last != nullptr) {
      ops::token_shift_forward<T>(b, x, *last, s.delta, *last);
    } else {
      ops::token_shift_forward<T>(b, x, {}, s.delta, {});
    }
    const view_on<const T, 2, B> tokens = reshape<2>(x, rows),
                                 delta = reshape<2>(s.delta.read(), rows);
    ops::elementwise<T>(b, shift_blend{}, std::array{s.probed.whole()},
                        std::array{tokens, delta, ops::broadcast_rows(p.mu_x.flat(), rows[0])});
    ops::matmul<T>(b, {}, s.probed, p.w1, s.low);
    ops::map_forward<T>(b, scalar_functions::hyperbolic_tangent{}, s.low, s.low);
    for (std::size_t i = 0; i < order::count; ++i) {
      s.blend[i].resize(b, rows);
      s.shifted[i].resize(b, rows);
      ops::matmul<T>(b, {}, low_part<const T, B>(s.low.read(), p, i), up<T, B>(p.w2, i),
                     s.blend[i]);
      ops::elementwise<T>(b, data_dependent_blend{},
                          std::array{s.blend[i].whole(), s.shifted[i].whole()},
                          std::array{tokens, delta, ops::broadcast_rows(p.mu[i].flat(), rows[0]),
                                     s.blend[i].read()});
    }
  }

  /// From the gradients of the five x_i, which it overwrites, to dx (B, T, C) (overwritten, or not
  /// wanted when empty).
  template <class T, class B>
  static void backward(B& b, const params<T, B>& p, const saved<T, B>& s, view_on<const T, 3, B> x,
                       const std::array<view_on<T, 2, B>, order::count>& dshifted,
                       view_on<T, 3, B> dx, params<T, B>& grads) {
    const shape<2> rows{x.extent(0) * x.extent(1), x.extent(2)};
    const view_on<const T, 2, B> delta = reshape<2>(s.delta.read(), rows);
    scratch_scope<B> scope(b);
    const auto dlow = scope.template take<T, 2>(s.low.sizes());
    const auto dtoken = scope.template take<T, 2>(rows);
    const auto ddelta = scope.template take<T, 2>(rows);
    set_zero<T, 2, B>(b, dtoken);
    set_zero<T, 2, B>(b, ddelta);
    for (std::size_t i = 0; i < order::count; ++i) {
      ops::elementwise<T>(
          b, shift_blend_backward{}, std::array{dshifted[i], dtoken, ddelta},
          std::array{view_on<const T, 2, B>(dshifted[i]), s.blend[i].read(), delta,
                     view_on<const T, 2, B>(dtoken), view_on<const T, 2, B>(ddelta)});
      ops::sum_rows<T>(b, dshifted[i], grads.mu[i].flat());
      ops::matmul<T>(b, {.transpose_a = true, .accumulate = true},
                     low_part<const T, B>(s.low.read(), p, i), dshifted[i],
                     up_gradient<T, B>(grads.w2, i));
      ops::matmul<T>(b, {.transpose_b = true}, dshifted[i], up<T, B>(p.w2, i),
                     low_part<T, B>(dlow, p, i));
    }
    ops::map_backward<T>(b, scalar_functions::hyperbolic_tangent{}, s.low, s.low, dlow, dlow);
    ops::matmul<T>(b, {.transpose_a = true, .accumulate = true}, s.probed, dlow, grads.w1);
    const auto dprobed = scope.template take<T, 2>(rows);
    ops::matmul<T>(b, {.transpose_b = true}, dlow, p.w1, dprobed);
    const auto dmu = scope.template take<T, 2>(rows);
    ops::elementwise<T>(
        b, shift_blend_backward{}, std::array{dmu, dtoken, ddelta},
        std::array{view_on<const T, 2, B>(dprobed), ops::broadcast_rows(p.mu_x.flat(), rows[0]),
                   delta, view_on<const T, 2, B>(dtoken), view_on<const T, 2, B>(ddelta)});
    ops::sum_rows<T>(b, dmu, grads.mu_x.flat());
    if (dx.empty()) return;
    ops::token_shift_backward<T>(b, reshape<3>(ddelta, x.sizes()), dx);
    const view_on<T, 2, B> total = reshape<2>(dx, rows);
    ops::elementwise<T>(b, ops::sum_of_two{}, std::array{total},
                        std::array{view_on<const T, 2, B>(total), view_on<const T, 2, B>(dtoken)});
  }

 private:
  /// Columns of blend i in a (N, 5R) array.
  template <class T, class B, class Params>
  static view_on<T, 2, B> low_part(view_on<T, 2, B> low, const Params& p, std::size_t i) {
    const std::int64_t rank = p.w2.extent(1);
    low.pointer += static_cast<std::int64_t>(i) * rank;
    low.extents[1] = rank;
    return low;
  }

  /// Part i of W2, (R, C).
  template <class T, class B>
  static view_on<const T, 2, B> up(const tensor<T, 3, B>& w2, std::size_t i) {
    return {w2.data() + static_cast<std::int64_t>(i) * w2.extent(1) * w2.extent(2),
            {w2.extent(1), w2.extent(2)}};
  }
  template <class T, class B>
  static view_on<T, 2, B> up_gradient(tensor<T, 3, B>& w2, std::size_t i) {
    return {w2.data() + static_cast<std::int64_t>(i) * w2.extent(1) * w2.extent(2),
            {w2.extent(1), w2.extent(2)}};
  }
};

}  // namespace radlads::layers
