// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV6 time mixing (arXiv 2505.03005, appendix A.1): the teacher's q, k, v, o around gated
// linear attention with a decay per channel, keys balanced by what decay takes away.
//   log w = max(-exp(d0 + tanh(x_w d1) d2), -5),  k~ = k (1 - w)
//   S_t = diag(w) S_{t-1} + k~^T v,  y = (r S_t / sqrt(K)) g
// The inputs x_r, x_k, x_v, x_w, x_g come from the data-dependent shift of token_shift_mix.hpp.

#include "radlads/core/config.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/instances.hpp"
#include "radlads/layers/low_rank.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/layers/mixer_input.hpp"
#include "radlads/layers/output_gate.hpp"
#include "radlads/layers/projections.hpp"
#include "radlads/layers/recurrent_state.hpp"
#include "radlads/layers/token_shift_mix.hpp"
#include "radlads/ops/l2norm_map.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "radlads/scalar_functions/exp_neg_exp.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstdint>
#include <string_view>

namespace radlads::layers {

/// d = d0 + low,  log w = Decay(d),  key = k (1 - w balance), as a functor for l2norm_map; balance
/// is one or zero, R real_t of the tensor's scalar.
template <class Decay, class R>
struct rad_rwkv6_decay_and_key {
  static constexpr bool reads_unit_vector = false;
  R balance;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& k, const X& low, const X& d0, X& d,
                                                     X& log_w, X& key) const {
    using std::exp;
    d = d0 + low;
    log_w = Decay::value(d);
    key = k * (X(1) - exp(log_w) * balance);
  }
};

/// dk = dkey (1 - w balance),  dd = (dlog_w - dkey k w balance) Decay'(d), as a functor for
/// l2norm_map.
template <class Decay, class R>
struct rad_rwkv6_decay_and_key_backward {
  static constexpr bool reads_unit_vector = false;
  R balance;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& k, const X& d, const X& log_w,
                                                     const X& dlog_w, const X& dkey, X& dk,
                                                     X& dd) const {
    using std::exp;
    const X taken = exp(log_w) * balance;
    dd = (dlog_w - dkey * k * taken) * Decay::derivative(d, log_w);
    dk = dkey * (X(1) - taken);
  }
};

/// RAD-RWKV6, with `Decay` giving the logarithm of the decay.
template <class Decay = scalar_functions::exp_neg_exp<>>
struct basic_rad_rwkv6_mixer {
  static constexpr std::string_view name = "rad_rwkv6";
  static constexpr bool uses_v_first = false;
  using config = mixer_config;
  using decay_map = low_rank<scalar_functions::hyperbolic_tangent>;

  static config configure(config c, const mixer_options& o) {
    c.use_rope = o.use_rope.value_or(false);
    c.balance_state = o.balance_state.value_or(true);
    c.group_norm = o.group_norm.value_or(false);
    c.gate_rank_type = o.gate_rank_type.value_or(1);
    c.token_shift = o.token_shift.value_or(true);
    const std::int64_t usual = low_rank_size(c.hidden, 0.5, 1.8);
    c.rank_decay = o.rank_decay > 0 ? o.rank_decay : usual;
    c.rank_token_shift = o.rank_token_shift > 0 ? o.rank_token_shift : usual;
    c.rank_gate = o.rank_gate > 0 ? o.rank_gate : low_rank_size(c.hidden, 0.8, 0.6);
    check_sizes(c, name);
    return c;
  }

  template <class T, class B>
  struct params : projections::params<T, B> {
    token_shift_mix::params<T, B> shift;
    tensor<T, 3, B> decay;  // (1, 1, D_a)
    typename decay_map::template params<T, B> w;
    output_gate::params<T, B> gate;

    void allocate(B& b, const config& c) {
      projections::params<T, B>::allocate(b, c);
      if (c.token_shift) shift.allocate(b, c);
      decay.resize(b, {1, 1, c.attention_width()});
      w.allocate(b, {c.hidden, c.rank_decay, c.attention_width()});
      gate.allocate(b, c);
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      projections::params<T, B>::for_each(f, p...);
      token_shift_mix::params<T, B>::for_each(f, p.shift...);
      visit(f, {"time_decay", tensor_role::channels, tensor_purpose::decay}, p.decay...);
      visit(f, {"time_decay_w1", tensor_role::low_rank_down, tensor_purpose::decay}, p.w.down...);
      visit(f, {"time_decay_w2", tensor_role::low_rank_up, tensor_purpose::decay}, p.w.up...);
      output_gate::params<T, B>::for_each(f, p.gate...);
    }
  };

  template <class T, class B>
  struct saved {
    bool is_training = false;
    token_shift_mix::saved<T, B> shift;
    projections::saved_heads<T, B> r, k_grouped;  // (B, T, H, K), (B, T, Hkv, K)
    typename decay_map::template saved<T, B> w;
    tensor<T, 2, B> d;                 // (N, D_a), pre-activation of the decay
    tensor<T, 4, B> v_grouped;         // (B, T, Hkv, K)
    tensor<T, 4, B> log_w, key, read;  // (B, T, H, K)
    tensor<accumulate_t<T>, 4, B> checkpoints;
    output_gate::saved<T, B> gate;
  };

  template <class T, class B>
  using state = recurrent_state<T, B>;

  /// Section 4.4 of the paper's reference: no token shift at the start, a decay ramp over channels.
  template <class T, class B>
  static void initialise(B& b, const config& c, params<T, B>& p, const tensor_source& source) {
    projections::initialise<T, B>(b, p, source);
    if (c.token_shift) token_shift_mix::initialise<T, B>(b, p.shift, source);
    const double last = static_cast<double>(std::max<std::int64_t>(c.attention_width() - 1, 1));
    const double exponent = 0.7 + 1.3 * c.depth();
    fill(b, p.decay, [&](std::int64_t n) {
      return -6.0 + 5.0 * std::pow(static_cast<double>(n) / last, exponent);
    });
    fill_constant(b, p.w.down, 0.0);
    fill_uniform(b, p.w.up, -0.01, 0.01, source.of("time_decay_w2"));
    output_gate::initialise<T, B>(b, c, p.gate, source);
  }

  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, const mixer_input<T, B>& in,
                      view_on<T, 3, B> y, state<T, B>* carried, saved<T, B>& s) {
    const std::int64_t batch = in.x.extent(0), tokens = in.x.extent(1), rows = batch * tokens;
    const shape<4> heads{batch, tokens, c.heads, c.head_size};
    const shape<4> grouped{batch, tokens, c.kv_heads, c.head_size};
    const shape<2> wide{rows, c.attention_width()};
    const auto position = carried != nullptr ? carried->position : ops::position<B>{};
    for (auto* each : {&s.log_w, &s.key, &s.read}) each->resize(b, heads);
    s.d.resize(b, wide);
    s.v_grouped.resize(b, grouped);

    if (c.token_shift) {
      token_shift_mix::forward<T, B>(b, p.shift, in.x,
                                     carried != nullptr ? &carried->last : nullptr, s.shift);
    }
    const auto x = inputs_of<T, B>(c, in, s);
    projections::forward_heads<T, B>(b, c, p.q, p.q_norm, x[shifted::r], heads, position, s.r);
    projections::forward_heads<T, B>(b, c, p.k, p.k_norm, x[shifted::k], grouped, position,
                                     s.k_grouped);
    ops::linear<T>(b, p.v.weight, p.v.bias, x[shifted::v],
                   reshape<2>(s.v_grouped.whole(), {rows, c.kv_width()}));

    decay_map::template forward<T, B>(b, {}, p.w, x[shifted::w], s.d, s.w);
    const real_t<T> balance(c.balance_state ? 1 : 0);
    ops::l2norm_map_forward<T>(
        b, rad_rwkv6_decay_and_key<Decay, real_t<T>>{balance},
        reshape<3>(s.k_grouped.heads.read(), {rows, c.kv_heads, c.head_size}),
        std::array{s.d.whole(), reshape<2>(s.log_w.whole(), wide), reshape<2>(s.key.whole(), wide)},
        std::array{s.d.read(), ops::broadcast_rows(p.decay.flat(), rows)});

    const std::array<view_on<const T, 4, B>, recurrence::gla::inputs> inputs{
        s.r.heads.read(), s.log_w.read(), s.key.read()};
    run_recurrence<recurrence::gla, T, B>(b, inputs, s.v_grouped, s.read, carried, s.is_training,
                                          s.checkpoints);
    output_gate::forward<T, B>(b, c, p.gate, x[shifted::g], s.read, s.gate);
    ops::linear<T>(b, p.o.weight, p.o.bias, s.gate.gated, reshape<2>(y, {rows, c.hidden}));
  }

  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       const mixer_input<T, B>& in, view_on<const T, 3, B> dy,
                       const mixer_input_gradient<T, B>& din, params<T, B>& grads) {
    const std::int64_t rows = in.x.extent(0) * in.x.extent(1);
    const shape<2> wide{rows, c.attention_width()};
    const shape<2> narrow{rows, c.kv_width()};
    scratch_scope<B> scope(b);
    const auto take = [&] { return scope.template take<T, 4>(s.read.sizes()); };
    const auto x = inputs_of<T, B>(c, in, s);
    const auto dx = input_gradients<T, B>(b, c, in, din, scope);

    const auto dgated = scope.template take<T, 2>(wide);
    ops::linear_backward<T>(b, p.o.weight, s.gate.gated, reshape<2>(dy, {rows, c.hidden}), dgated,
                            grads.o.weight, grads.o.bias);
    const view_on<T, 4, B> dread = take();
    output_gate::backward<T, B>(b, c, p.gate, s.gate, x[shifted::g], s.read, dgated, dread,
                                dx[shifted::g], grads.gate);

    const std::array<view_on<const T, 4, B>, recurrence::gla::inputs> inputs{
        s.r.heads.read(), s.log_w.read(), s.key.read()};
    const std::array<view_on<T, 4, B>, recurrence::gla::inputs> d{take(), take(), take()};
    const view_on<T, 4, B> dv = take();
    recurrence::scan_backward<recurrence::gla, T>(b, inputs, s.v_grouped.read(),
                                                  s.checkpoints.read(), dread, {}, d, dv, {});

    const view_on<T, 2, B> dlog_w = reshape<2>(d[recurrence::gla::w], wide);
    const auto dk_grouped = scope.template take<T, 4>(s.v_grouped.sizes());
    const shape<3> grouped{rows, c.kv_heads, c.head_size};
    const real_t<T> balance(c.balance_state ? 1 : 0);
    ops::l2norm_map_backward<T>(
        b, rad_rwkv6_decay_and_key_backward<Decay, real_t<T>>{balance},
        reshape<3>(s.k_grouped.heads.read(), grouped), reshape<3>(dk_grouped, grouped),
        std::array{dlog_w},
        std::array{s.d.read(), reshape<2>(s.log_w.read(), wide), view_on<const T, 2, B>(dlog_w),
                   view_on<const T, 2, B>(reshape<2>(d[recurrence::gla::k], wide))});
    ops::sum_rows<T>(b, dlog_w, grads.decay.flat());
    decay_map::template backward<T, B>(b, {}, p.w, s.w, x[shifted::w], dlog_w, dx[shifted::w],
                                       grads.w);

    const auto dv_grouped = scope.template take<T, 4>(s.v_grouped.sizes());
    const auto dprojected = scope.template take<T, 2>(wide);
    repeat_backward<T, B>(b, dv, dv_grouped);
    ops::linear_backward<T>(b, p.v.weight, x[shifted::v], reshape<2>(dv_grouped, narrow),
                            dx[shifted::v], grads.v.weight, grads.v.bias, true);
    ops::linear_backward<T>(b, p.k.weight, x[shifted::k],
                            projections::backward_heads<T, B>(
                                b, c, p.k_norm, s.k_grouped, dk_grouped,
                                view_on<T, 2, B>(dprojected.data(), narrow), grads.k_norm),
                            dx[shifted::k], grads.k.weight, grads.k.bias, true);
    ops::linear_backward<T>(
        b, p.q.weight, x[shifted::r],
        projections::backward_heads<T, B>(b, c, p.q_norm, s.r, d[recurrence::gla::r], dprojected,
                                          grads.q_norm),
        dx[shifted::r], grads.q.weight, grads.q.bias, true);
    if (c.token_shift) {
      token_shift_mix::backward<T, B>(b, p.shift, s.shift, in.x, dx, din.dx, grads.shift);
    }
  }

 private:
  using shifted = token_shift_mix::order;

  /// x_r, x_k, x_v, x_w, x_g as rows: the shifted inputs, or five times x without token shift.
  template <class T, class B>
  static std::array<view_on<const T, 2, B>, shifted::count> inputs_of(const config& c,
                                                                      const mixer_input<T, B>& in,
                                                                      const saved<T, B>& s) {
    const shape<2> rows{in.x.extent(0) * in.x.extent(1), c.hidden};
    std::array<view_on<const T, 2, B>, shifted::count> result;
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = c.token_shift ? s.shift.shifted[i].read() : reshape<2>(in.x, rows);
    }
    return result;
  }

  /// Zeroed gradients for the five inputs. Without token shift all five are dx itself, which may be
  /// unwanted.
  template <class T, class B>
  static std::array<view_on<T, 2, B>, shifted::count> input_gradients(
      B& b, const config& c, const mixer_input<T, B>& in, const mixer_input_gradient<T, B>& din,
      scratch_scope<B>& scope) {
    const shape<2> rows{in.x.extent(0) * in.x.extent(1), c.hidden};
    std::array<view_on<T, 2, B>, shifted::count> result;
    if (!c.token_shift && !din.dx.empty()) {
      result.fill(reshape<2>(din.dx, rows));
      set_zero<T, 2, B>(b, result[0]);
    }
    if (c.token_shift) {
      for (auto& each : result) {
        each = scope.template take<T, 2>(rows);
        set_zero<T, 2, B>(b, each);
      }
    }
    return result;
  }
};

/// RAD-RWKV6 with the decay of the paper.
using rad_rwkv6_mixer = basic_rad_rwkv6_mixer<>;

static_assert(mixer<rad_rwkv6_mixer>);

RADLADS_MIXER_INSTANCES(basic_rad_rwkv6_mixer<>);

}  // namespace radlads::layers
