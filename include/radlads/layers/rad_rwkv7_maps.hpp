// SPDX-License-Identifier: Apache-2.0
#pragma once
// The elementwise arithmetic of RAD-RWKV7 between its projections and the recurrence, in one pass over
// memory each way: decay, learning rate, key, removal key and inserted direction.

#include "radlads/core/backend.hpp"
#include "radlads/gates/activation.hpp"
#include "radlads/gates/exp_neg_sigmoid.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/wkv/rwkv7.hpp"

#include <array>

namespace radlads::layers {

/// Forward and backward of the maps for scalar T on backend B.
template <class T, class B>
struct rad_rwkv7_maps {
  using rows_in = view_on<const T, 2, B>;
  using rows_out = view_on<T, 2, B>;

  /// Reads the low-rank outputs (N, D_a) and k, kappa of `s`; writes log_w, iota, key, removal and
  /// insertion of `s`.
  template <class Params, class Saved>
  static void forward(B& b, const mixer_config& c, const Params& p, rows_in decay, rows_in rate,
                      Saved& s) {
    const shape<2> wide = decay.sizes();
    const auto out = [&](auto& t) { return reshape<2>(t.whole(), wide); };
    const auto in = [&](const auto& t) { return reshape<2>(t.read(), wide); };
    const std::array outputs{out(s.log_w), out(s.iota), out(s.key), out(s.removal), out(s.insertion)};
    const rows_in w0 = ops::broadcast_rows(p.w0.flat(), wide[0]);
    const rows_in a0 = ops::broadcast_rows(p.a0.flat(), wide[0]);
    if (c.balance_state) {
      ops::elementwise<T>(
          b,
          [](const auto& d, const auto& a, const auto& k, const auto& kappa, const auto& w0_,
             const auto& a0_, auto& log_w, auto& iota, auto& key, auto& removal, auto& insertion) {
            using std::exp;
            log_w = gates::exp_neg_sigmoid::value(w0_ + d);
            iota = gates::sigmoid::value(a0_ + a);
            key = k * (T(1) - exp(log_w) + iota);
            removal = -kappa;
            insertion = kappa * iota;
          },
          outputs, std::array{decay, rate, in(s.k), in(s.kappa), w0, a0});
      return;
    }
    ops::elementwise<T>(
        b,
        [](const auto& d, const auto& a, const auto& k, const auto& kappa, const auto& w0_,
           const auto& a0_, const auto& k_a, auto& log_w, auto& iota, auto& key, auto& removal,
           auto& insertion) {
          log_w = gates::exp_neg_sigmoid::value(w0_ + d);
          iota = gates::sigmoid::value(a0_ + a);
          key = k * (T(1) + (iota - T(1)) * k_a);
          removal = -kappa;
          insertion = kappa * iota;
        },
        outputs,
        std::array{decay, rate, in(s.k), in(s.kappa), w0, a0,
                   ops::broadcast_rows(p.k_a.flat(), wide[0])});
  }

  /// From the recurrence's input gradients `d` to those of k and kappa (both overwritten, without what
  /// comes to k through kappa) and of the two pre-activations (overwritten). Adds to grads.k_a.
  template <class Params, class Saved>
  static void backward(B& b, const mixer_config& c, const Params& p, const Saved& s,
                       const std::array<view_on<T, 4, B>, wkv::rwkv7::inputs>& d,
                       view_on<T, 4, B> dk, view_on<T, 4, B> dkappa, rows_out ddecay, rows_out drate,
                       Params& grads) {
    using cell = wkv::rwkv7;
    const shape<2> wide = ddecay.sizes();
    const auto in = [&](const auto& t) { return reshape<2>(t.read(), wide); };
    const auto rows = [&](const view_on<T, 4, B>& v) { return reshape<2>(v, wide); };
    const std::array outputs{rows(dk), rows(dkappa), ddecay, drate};
    const std::array<rows_in, 8> inputs{in(s.k),         in(s.kappa),      in(s.log_w),     in(s.iota),
                                        rows(d[cell::w]), rows(d[cell::k]), rows(d[cell::a]), rows(d[cell::b])};
    if (c.balance_state) {
      ops::elementwise<T>(
          b,
          [](const auto& k, const auto& kappa, const auto& log_w, const auto& iota, const auto& dlog_w,
             const auto& dkey, const auto& dremoval, const auto& dinsertion, auto& dk_out,
             auto& dkappa_out, auto& dd, auto& da) {
            using std::exp;
            const auto w = exp(log_w);
            dk_out = dkey * (T(1) - w + iota);
            dkappa_out = dinsertion * iota - dremoval;
            dd = (dlog_w - dkey * k * w) * gates::exp_neg_sigmoid::derivative(log_w, log_w);
            da = (dinsertion * kappa + dkey * k) * iota * (T(1) - iota);
          },
          outputs, inputs);
      return;
    }
    scratch_scope<B> scope(b);
    const rows_out dk_a = scope.template take<T, 2>(wide);
    ops::elementwise<T>(
        b,
        [](const auto& k, const auto& kappa, const auto& log_w, const auto& iota, const auto& dlog_w,
           const auto& dkey, const auto& dremoval, const auto& dinsertion, const auto& k_a,
           auto& dk_out, auto& dkappa_out, auto& dd, auto& da, auto& dk_a_out) {
          dk_out = dkey * (T(1) + (iota - T(1)) * k_a);
          dkappa_out = dinsertion * iota - dremoval;
          dd = dlog_w * gates::exp_neg_sigmoid::derivative(log_w, log_w);
          da = (dinsertion * kappa + dkey * k * k_a) * iota * (T(1) - iota);
          dk_a_out = dkey * k * (iota - T(1));
        },
        std::array{outputs[0], outputs[1], outputs[2], outputs[3], dk_a},
        std::array{inputs[0], inputs[1], inputs[2], inputs[3], inputs[4], inputs[5], inputs[6],
                   inputs[7], ops::broadcast_rows(p.k_a.flat(), wide[0])});
    ops::sum_rows<T>(b, dk_a, grads.k_a.flat());
  }
};

}  // namespace radlads::layers
