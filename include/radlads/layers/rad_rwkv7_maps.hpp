// SPDX-License-Identifier: Apache-2.0
#pragma once
// The elementwise arithmetic of RAD-RWKV7: between its projections and the recurrence, in one pass
// over memory each way, decay, in-context learning rate (iclr), key, removal key and replacement
// key, from grouped keys where the state is balanced; and the functors of the value residual and of
// the removal key, which the mixer applies.

#include "radlads/core/backend.hpp"
#include "radlads/core/config.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/l2norm_map.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "radlads/scalar_functions/exp_neg_sigmoid.hpp"

#include <array>
#include <cmath>
#include <complex>
#include <cstdint>

namespace radlads::layers {

/// With balance_state, from the low-rank outputs d and a, with kappa = k / |k| in a head:
///   log w = -c sigma(w0 + d),  iclr = sigma(a0 + a),  key = k (1 - w + iclr)
///   removal_key = -kappa,  replacement_key = kappa iclr
struct balanced_maps {
  static constexpr bool reads_unit_vector = true;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& k, const X& kappa, const X& d,
                                                     const X& a, const X& w0, const X& a0, X& log_w,
                                                     X& iclr, X& key, X& removal_key,
                                                     X& replacement_key) const {
    using std::exp;
    log_w = scalar_functions::exp_neg_sigmoid::value(w0 + d);
    iclr = scalar_functions::sigmoid::value(a0 + a);
    key = k * (X(1) - exp(log_w) + iclr);
    removal_key = -kappa;
    replacement_key = kappa * iclr;
  }
};

/// Gradients of balanced_maps; dd and da are those of w0 + d and a0 + a:
///   dk = dkey (1 - w + iclr),  dkappa = dreplacement_key iclr - dremoval_key
///   dd = (dlog_w - dkey k w) (log w)',  da = (dreplacement_key kappa + dkey k) iclr (1 - iclr)
struct balanced_maps_backward {
  static constexpr bool reads_unit_vector = true;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& k, const X& kappa, const X& log_w,
                                                     const X& iclr, const X& dlog_w, const X& dkey,
                                                     const X& dremoval_key,
                                                     const X& dreplacement_key, X& dk, X& dkappa,
                                                     X& dd, X& da) const {
    using std::exp;
    const X w = exp(log_w);
    dk = dkey * (X(1) - w + iclr);
    dkappa = dreplacement_key * iclr - dremoval_key;
    dd = (dlog_w - dkey * k * w) * scalar_functions::exp_neg_sigmoid::derivative(log_w, log_w);
    da = (dreplacement_key * kappa + dkey * k) * iclr * (X(1) - iclr);
  }
};

/// Without balance_state as balanced_maps, but for key = k (1 + (iclr - 1) k_a).
struct unbalanced_maps {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& d, const X& a, const X& k,
                                                     const X& kappa, const X& w0, const X& a0,
                                                     const X& k_a, X& log_w, X& iclr, X& key,
                                                     X& removal_key, X& replacement_key) const {
    log_w = scalar_functions::exp_neg_sigmoid::value(w0 + d);
    iclr = scalar_functions::sigmoid::value(a0 + a);
    key = k * (X(1) + (iclr - X(1)) * k_a);
    removal_key = -kappa;
    replacement_key = kappa * iclr;
  }
};

/// Gradients of unbalanced_maps:
///   dk = dkey (1 + (iclr - 1) k_a),  dkappa = dreplacement_key iclr - dremoval_key
///   dd = dlog_w (log w)',  da = (dreplacement_key kappa + dkey k k_a) iclr (1 - iclr)
///   dk_a = dkey k (iclr - 1)
struct unbalanced_maps_backward {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& k, const X& kappa, const X& log_w,
                                                     const X& iclr, const X& dlog_w, const X& dkey,
                                                     const X& dremoval_key,
                                                     const X& dreplacement_key, const X& k_a, X& dk,
                                                     X& dkappa, X& dd, X& da, X& dk_a) const {
    dk = dkey * (X(1) + (iclr - X(1)) * k_a);
    dkappa = dreplacement_key * iclr - dremoval_key;
    dd = dlog_w * scalar_functions::exp_neg_sigmoid::derivative(log_w, log_w);
    da = (dreplacement_key * kappa + dkey * k * k_a) * iclr * (X(1) - iclr);
    dk_a = dkey * k * (iclr - X(1));
  }
};

/// mix = sigma(v0 + low),  v = own + (first - own) mix
struct value_residual {
  static constexpr bool reads_unit_vector = false;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& own, const X& first, const X& low,
                                                     const X& v0, X& mix, X& v) const {
    mix = scalar_functions::sigmoid::value(v0 + low);
    v = own + (first - own) * mix;
  }
};

/// Gradients of value_residual from d; dfirst is added to what came before:
///   down = d (1 - mix),  dfirst = first_before + d mix,  dpre = d (first - own) mix (1 - mix)
struct value_residual_backward {
  static constexpr bool reads_unit_vector = false;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& own, const X& d, const X& first,
                                                     const X& mix, const X& first_before, X& down,
                                                     X& dfirst, X& dpre) const {
    down = d * (X(1) - mix);
    dfirst = first_before + d * mix;
    dpre = d * (first - own) * mix * (X(1) - mix);
  }
};

/// Gradients of k k_k from d; dk is added to what came before:  dk = k_before + d k_k,  dk_k = d k
struct scaled_removal_key_backward {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& k_before, const X& d, const X& k,
                                                     const X& k_k, X& dk, X& dk_k) const {
    dk = k_before + d * k_k;
    dk_k = d * k;
  }
};

/// Forward and backward of the maps for scalar T on backend B.
template <class T, class B>
struct rad_rwkv7_maps {
  using rows_in = view_on<const T, 2, B>;
  using rows_out = view_on<T, 2, B>;

  /// With balance_state reads the low-rank outputs (N, D_a) and the grouped keys of `s`; without,
  /// k and kappa of `s`. Writes log_w, iclr, key, removal_key and replacement_key of `s`.
  template <class Params, class Saved>
  static void forward(B& b, const mixer_config& c, const Params& p, rows_in decay, rows_in iclr,
                      Saved& s) {
    const shape<2> wide = decay.sizes();
    const auto out = [&](auto& t) { return reshape<2>(t.whole(), wide); };
    const auto in = [&](const auto& t) { return reshape<2>(t.read(), wide); };
    const std::array outputs{out(s.log_w), out(s.iclr), out(s.key), out(s.removal_key),
                             out(s.replacement_key)};
    const rows_in w0 = ops::broadcast_rows(p.w0.flat(), wide[0]);
    const rows_in a0 = ops::broadcast_rows(p.a0.flat(), wide[0]);
    if (c.balance_state) {
      ops::l2norm_map_forward<T>(b, balanced_maps{}, grouped_keys(c, s, wide[0]), outputs,
                                 std::array{decay, iclr, w0, a0});
      return;
    }
    ops::elementwise<T>(b, unbalanced_maps{}, outputs,
                        std::array{decay, iclr, in(s.k), in(s.kappa), w0, a0,
                                   ops::broadcast_rows(p.k_a.flat(), wide[0])});
  }

  /// With balance_state: from the recurrence's input gradients `d` to those of the grouped keys and
  /// of the two pre-activations (all overwritten).
  template <class Saved>
  static void backward_balanced(B& b, const mixer_config& c, const Saved& s,
                                const std::array<view_on<T, 4, B>, recurrence::rwkv7::inputs>& d,
                                view_on<T, 4, B> dk_grouped, rows_out ddecay, rows_out diclr) {
    using cell = recurrence::rwkv7;
    const shape<2> wide = ddecay.sizes();
    const auto in = [&](const auto& t) { return reshape<2>(t.read(), wide); };
    const auto rows = [&](const view_on<T, 4, B>& v) { return rows_in(reshape<2>(v, wide)); };
    ops::l2norm_map_backward<T>(b, balanced_maps_backward{}, grouped_keys(c, s, wide[0]),
                                reshape<3>(dk_grouped, {wide[0], c.kv_heads, c.head_size}),
                                std::array{ddecay, diclr},
                                std::array{in(s.log_w), in(s.iclr), rows(d[cell::w]),
                                           rows(d[cell::k]), rows(d[cell::a]), rows(d[cell::b])});
  }

  /// Without: to those of k and kappa (both overwritten, without what comes to k through kappa) and
  /// of the two pre-activations (overwritten). Adds to grads.k_a.
  template <class Params, class Saved>
  static void backward_unbalanced(B& b, const Params& p, const Saved& s,
                                  const std::array<view_on<T, 4, B>, recurrence::rwkv7::inputs>& d,
                                  view_on<T, 4, B> dk, view_on<T, 4, B> dkappa, rows_out ddecay,
                                  rows_out diclr, Params& grads) {
    using cell = recurrence::rwkv7;
    const shape<2> wide = ddecay.sizes();
    const auto in = [&](const auto& t) { return reshape<2>(t.read(), wide); };
    const auto rows = [&](const view_on<T, 4, B>& v) { return reshape<2>(v, wide); };
    scratch_scope<B> scope(b);
    const rows_out dk_a = scope.template take<T, 2>(wide);
    ops::elementwise<T>(
        b, unbalanced_maps_backward{}, std::array{rows(dk), rows(dkappa), ddecay, diclr, dk_a},
        std::array<rows_in, 9>{in(s.k), in(s.kappa), in(s.log_w), in(s.iclr), rows(d[cell::w]),
                               rows(d[cell::k]), rows(d[cell::a]), rows(d[cell::b]),
                               ops::broadcast_rows(p.k_a.flat(), wide[0])});
    ops::sum_rows<T>(b, dk_a, grads.k_a.flat());
  }

 private:
  template <class Saved>
  static view_on<const T, 3, B> grouped_keys(const mixer_config& c, const Saved& s,
                                             std::int64_t rows) {
    return reshape<3>(s.k_grouped.heads.read(), {rows, c.kv_heads, c.head_size});
  }
};

}  // namespace radlads::layers
