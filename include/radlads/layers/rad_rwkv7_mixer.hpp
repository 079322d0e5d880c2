// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV7 time mixing (arXiv 2505.03005, appendix A.2): the teacher's q, k, v, o around the
// RWKV-7 recurrence, no token shift, keys balanced by what decay and removal key take away.
//   log w = -e^(-1/2) sigma(w0 + tanh(x w1) w2),  iclr = sigma(a0 + (x a1) a2),  g = sigma(x g1) g2
//   v = v' + (v_first - v') sigma(v0 + (x v1) v2),  kappa = k / |k|
//   S_t = S_{t-1} (diag(w) - kappa^T (iclr kappa)) + v^T (k (1 - w + iclr))
//   y = (S_t r / sqrt(K)) g
// The arithmetic between projections and recurrence stands in rad_rwkv7_maps.hpp.

#include "radlads/core/parameters.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/instances.hpp"
#include "radlads/layers/low_rank.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/layers/mixer_input.hpp"
#include "radlads/layers/output_gate.hpp"
#include "radlads/layers/projections.hpp"
#include "radlads/layers/rad_rwkv7_maps.hpp"
#include "radlads/layers/recurrent_state.hpp"
#include "radlads/ops/l2norm_map.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/normalize.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/scalar_functions/activation.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::layers {

/// RAD-RWKV7. `balance_state` selects the paper's key balancing (default); without it k_k and k_a
/// shape the keys as in RWKV-7. `group_norm` replaces the factor 1/sqrt(K).
struct rad_rwkv7_mixer {
  static constexpr std::string_view name = "rad_rwkv7";
  static constexpr bool uses_v_first = true;
  using config = mixer_config;
  using decay_map = low_rank<scalar_functions::hyperbolic_tangent>;
  using plain_map = low_rank<no_activation>;

  static config configure(config c, const mixer_options& o) {
    c.use_rope = o.use_rope.value_or(true);
    c.balance_state = o.balance_state.value_or(true);
    c.group_norm = o.group_norm.value_or(false);
    c.gate_rank_type = o.gate_rank_type.value_or(2);
    c.token_shift = false;
    const std::int64_t usual = low_rank_size(c.hidden, 0.5, 1.8);
    c.rank_decay = o.rank_decay > 0 ? o.rank_decay : usual;
    c.rank_iclr = o.rank_iclr > 0 ? o.rank_iclr : usual;
    c.rank_value_mix = o.rank_value_mix > 0 ? o.rank_value_mix : low_rank_size(c.hidden, 0.5, 1.3);
    c.rank_gate = o.rank_gate > 0 ? o.rank_gate : low_rank_size(c.hidden, 0.8, 0.6);
    check_sizes(c, name);
    return c;
  }

  template <class T, class B>
  struct params : projections::params<T, B> {
    tensor<T, 3, B> w0, a0, v0;                          // (1, 1, D_a); v0 empty in the provider
    typename decay_map::template params<T, B> w;         // decay
    typename plain_map::template params<T, B> a, v_mix;  // in-context learning rate, value residual
    output_gate::params<T, B> gate;
    tensor<T, 3, B> k_k, k_a;  // (1, 1, D_a), only without balance_state

    void allocate(B& b, const config& c) {
      projections::params<T, B>::allocate(b, c);
      const shape<3> channels{1, 1, c.attention_width()};
      w0.resize(b, channels);
      a0.resize(b, channels);
      w.allocate(b, {c.hidden, c.rank_decay, c.attention_width()});
      a.allocate(b, {c.hidden, c.rank_iclr, c.attention_width()});
      if (!c.provides_v_first) {
        v0.resize(b, channels);
        v_mix.allocate(b, {c.hidden, c.rank_value_mix, c.attention_width()});
      }
      gate.allocate(b, c);
      if (c.balance_state) return;
      k_k.resize(b, channels);
      k_a.resize(b, channels);
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      projections::params<T, B>::for_each(f, p...);
      visit(f, {"w0", tensor_role::channels, tensor_purpose::decay}, p.w0...);
      visit(f, {"w1", tensor_role::low_rank_down, tensor_purpose::decay}, p.w.down...);
      visit(f, {"w2", tensor_role::low_rank_up, tensor_purpose::decay}, p.w.up...);
      visit(f, {"a0", tensor_role::channels, tensor_purpose::iclr}, p.a0...);
      visit(f, {"a1", tensor_role::low_rank_down, tensor_purpose::iclr}, p.a.down...);
      visit(f, {"a2", tensor_role::low_rank_up, tensor_purpose::iclr}, p.a.up...);
      visit(f, {"v0", tensor_role::channels, tensor_purpose::value_mix}, p.v0...);
      visit(f, {"v1", tensor_role::low_rank_down, tensor_purpose::value_mix}, p.v_mix.down...);
      visit(f, {"v2", tensor_role::low_rank_up, tensor_purpose::value_mix}, p.v_mix.up...);
      visit(f, {"k_k", tensor_role::channels}, p.k_k...);
      visit(f, {"k_a", tensor_role::channels}, p.k_a...);
      output_gate::params<T, B>::for_each(f, p.gate...);
    }
  };

  template <class T, class B>
  struct saved {
    bool is_training = false;
    projections::saved_heads<T, B> r, k_grouped;  // (B, T, H, K), (B, T, Hkv, K)
    typename decay_map::template saved<T, B> w;
    typename plain_map::template saved<T, B> a, v_mix;
    // Only without balance_state: keys repeated, k k_k, what of it has length one, 1 / |k k_k|.
    tensor<T, 4, B> k;                      // (B, T, H, K)
    tensor<T, 2, B> scaled;                 // (N, D_a)
    tensor<T, 4, B> kappa;                  // (B, T, H, K)
    tensor<accumulate_t<T>, 2, B> inverse;  // (N, H)
    tensor<T, 4, B> v_grouped;              // (B, T, Hkv, K)
    tensor<T, 4, B> v;                      // (B, T, H, K)
    tensor<T, 2, B> mix;                    // (N, D_a), sigma(v0 + (x v1) v2)
    // What the recurrence reads, (B, T, H, K).
    tensor<T, 4, B> log_w, iclr, key, removal_key, replacement_key;
    tensor<T, 4, B> read;  // (B, T, H, K), the recurrence's output
    tensor<accumulate_t<T>, 4, B> checkpoints;
    output_gate::saved<T, B> gate;
  };

  template <class T, class B>
  using state = recurrent_state<T, B>;

  /// Section 4.3 of the paper's reference: decay ramp over channels, in-context learning rate 1/2,
  /// value mix 0.73 towards v_first, orthogonal up factors.
  template <class T, class B>
  static void initialise(B& b, const config& c, params<T, B>& p, const tensor_source& source) {
    projections::initialise<T, B>(b, p, source);
    const double last = static_cast<double>(std::max<std::int64_t>(c.attention_width() - 1, 1));
    const double exponent = 0.85 + std::sqrt(c.depth());
    fill(b, p.w0, [&](std::int64_t n) {
      return -7.0 + 5.0 * std::pow(static_cast<double>(n) / last, exponent) + 0.5;
    });
    fill_constant(b, p.w.down, 0.0);
    fill_orthogonal(b, p.w.up, 0.1, source.of("w2"));
    fill_constant(b, p.a0, 0.0);
    fill_constant(b, p.a.down, 0.0);
    fill_orthogonal(b, p.a.up, 0.1, source.of("a2"));
    if (!c.provides_v_first) {
      fill_constant(b, p.v0, 1.0);
      fill_constant(b, p.v_mix.down, 0.0);
      fill_orthogonal(b, p.v_mix.up, 0.1, source.of("v2"));
    }
    if (!c.balance_state) {
      fill_constant(b, p.k_k, 0.85);
      fill_constant(b, p.k_a, 1.0);
    }
    output_gate::initialise<T, B>(b, c, p.gate, source);
  }

  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, const mixer_input<T, B>& in,
                      view_on<T, 3, B> y, state<T, B>* carried, saved<T, B>& s) {
    using maps = rad_rwkv7_maps<T, B>;
    const std::int64_t batch = in.x.extent(0), tokens = in.x.extent(1), rows = batch * tokens;
    const shape<4> heads{batch, tokens, c.heads, c.head_size};
    const shape<4> grouped{batch, tokens, c.kv_heads, c.head_size};
    const shape<2> wide{rows, c.attention_width()};
    const view_on<const T, 2, B> x = reshape<2>(in.x, {rows, c.hidden});
    const auto position = carried != nullptr ? carried->position : ops::position<B>{};
    for (auto* each :
         {&s.v, &s.log_w, &s.iclr, &s.key, &s.removal_key, &s.replacement_key, &s.read})
      each->resize(b, heads);

    projections::forward_heads<T, B>(b, c, p.q, p.q_norm, x, heads, position, s.r);
    projections::forward_heads<T, B>(b, c, p.k, p.k_norm, x, grouped, position, s.k_grouped);
    s.v_grouped.resize(b, grouped);
    ops::linear<T>(b, p.v.weight, p.v.bias, x,
                   reshape<2>(s.v_grouped.whole(), {rows, c.kv_width()}));
    forward_value<T, B>(b, c, p, in, s, grouped, heads);

    scratch_scope<B> scope(b);
    const auto decay = scope.template take<T, 2>(wide);
    const auto iclr = scope.template take<T, 2>(wide);
    decay_map::template forward<T, B>(b, {}, p.w, x, decay, s.w);
    plain_map::template forward<T, B>(b, {}, p.a, x, iclr, s.a);
    if (!c.balance_state) forward_removal_key<T, B>(b, c, p, s, heads);
    maps::forward(b, c, p, decay, iclr, s);

    const std::array<view_on<const T, 4, B>, recurrence::rwkv7::inputs> inputs{
        s.r.heads.read(), s.log_w.read(), s.key.read(), s.removal_key.read(),
        s.replacement_key.read()};
    run_recurrence<recurrence::rwkv7, T, B>(b, inputs, s.v, s.read, carried, s.is_training,
                                            s.checkpoints);
    output_gate::forward<T, B>(b, c, p.gate, x, s.read, s.gate);
    ops::linear<T>(b, p.o.weight, p.o.bias, s.gate.gated, reshape<2>(y, {rows, c.hidden}));
  }

  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       const mixer_input<T, B>& in, view_on<const T, 3, B> dy,
                       const mixer_input_gradient<T, B>& din, params<T, B>& grads) {
    using maps = rad_rwkv7_maps<T, B>;
    const std::int64_t rows = in.x.extent(0) * in.x.extent(1);
    const shape<2> wide{rows, c.attention_width()};
    const view_on<const T, 2, B> x = reshape<2>(in.x, {rows, c.hidden});
    const view_on<T, 2, B> dx = din.dx.empty() ? view_on<T, 2, B>{} : reshape<2>(din.dx, x.sizes());
    if (!dx.empty()) set_zero<T, 2, B>(b, dx);
    scratch_scope<B> scope(b);
    const auto take = [&] { return scope.template take<T, 4>(s.read.sizes()); };

    const auto dgated = scope.template take<T, 2>(wide);
    ops::linear_backward<T>(b, p.o.weight, s.gate.gated, reshape<2>(dy, {rows, c.hidden}), dgated,
                            grads.o.weight, grads.o.bias);
    const view_on<T, 4, B> dread = take();
    output_gate::backward<T, B>(b, c, p.gate, s.gate, x, s.read, dgated, dread, dx, grads.gate);

    const std::array<view_on<const T, 4, B>, recurrence::rwkv7::inputs> inputs{
        s.r.heads.read(), s.log_w.read(), s.key.read(), s.removal_key.read(),
        s.replacement_key.read()};
    const std::array<view_on<T, 4, B>, recurrence::rwkv7::inputs> d{take(), take(), take(), take(),
                                                                    take()};
    const view_on<T, 4, B> dv = take();
    recurrence::scan_backward<recurrence::rwkv7, T>(b, inputs, s.v.read(), s.checkpoints.read(),
                                                    dread, {}, d, dv, {});

    const auto dk_grouped = scope.template take<T, 4>(s.v_grouped.sizes());
    const auto ddecay = scope.template take<T, 2>(wide);
    const auto diclr = scope.template take<T, 2>(wide);
    if (c.balance_state) {
      maps::backward_balanced(b, c, s, d, dk_grouped, ddecay, diclr);
    } else {
      const view_on<T, 4, B> dk = take(), dkappa = take();
      maps::backward_unbalanced(b, p, s, d, dk, dkappa, ddecay, diclr, grads);
      backward_removal_key<T, B>(b, c, p, s, dkappa, dk, grads);
      repeat_backward<T, B>(b, dk, dk_grouped);
    }
    ops::sum_rows<T>(b, ddecay, grads.w0.flat());
    ops::sum_rows<T>(b, diclr, grads.a0.flat());
    decay_map::template backward<T, B>(b, {}, p.w, s.w, x, ddecay, dx, grads.w);
    plain_map::template backward<T, B>(b, {}, p.a, s.a, x, diclr, dx, grads.a);
    backward_value<T, B>(b, c, p, s, in, x, dv, dx, din.dv_first, grads);

    const auto dprojected = scope.template take<T, 2>(wide);
    ops::linear_backward<T>(
        b, p.k.weight, x,
        projections::backward_heads<T, B>(b, c, p.k_norm, s.k_grouped, dk_grouped,
                                          view_on<T, 2, B>(dprojected.data(), {rows, c.kv_width()}),
                                          grads.k_norm),
        dx, grads.k.weight, grads.k.bias, true);
    ops::linear_backward<T>(
        b, p.q.weight, x,
        projections::backward_heads<T, B>(b, c, p.q_norm, s.r, d[recurrence::rwkv7::r], dprojected,
                                          grads.q_norm),
        dx, grads.q.weight, grads.q.bias, true);
  }

 private:
  // Nothing is added below the root: the removal key has length one, as the paper's does.
  static constexpr double removal_key_epsilon = 0.0;

  /// v' repeated over its group, then mixed with v_first, or kept as v_first by the provider.
  template <class T, class B>
  static void forward_value(B& b, const config& c, const params<T, B>& p,
                            const mixer_input<T, B>& in, saved<T, B>& s, const shape<4>& grouped,
                            const shape<4>& heads) {
    const shape<2> wide{grouped[0] * grouped[1], c.attention_width()};
    const view_on<T, 2, B> v = reshape<2>(s.v.whole(), wide);
    require_shape(in.v_first, {heads[0], heads[1], c.attention_width()}, "rad_rwkv7", "v_first");
    const view_on<T, 2, B> v_first = reshape<2>(in.v_first, wide);
    if (c.provides_v_first) {
      repeat<T, B>(b, s.v_grouped, s.v);
      copy<T, 2, B>(b, v, v_first);
      return;
    }
    s.mix.resize(b, wide);
    plain_map::template forward<T, B>(b, {}, p.v_mix, reshape<2>(in.x, {wide[0], c.hidden}), s.mix,
                                      s.v_mix);
    ops::l2norm_map_forward<T>(b, value_residual{},
                               reshape<3>(s.v_grouped.read(), {wide[0], c.kv_heads, c.head_size}),
                               std::array{s.mix.whole(), v},
                               std::array{view_on<const T, 2, B>(v_first), s.mix.read(),
                                          ops::broadcast_rows(p.v0.flat(), wide[0])});
  }

  template <class T, class B>
  static void backward_value(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                             const mixer_input<T, B>& in, view_on<const T, 2, B> x,
                             view_on<T, 4, B> dv, view_on<T, 2, B> dx, view_on<T, 3, B> dv_first,
                             params<T, B>& grads) {
    const shape<2> wide{x.extent(0), c.attention_width()};
    const view_on<T, 2, B> dvalue = reshape<2>(dv, wide), dfirst = reshape<2>(dv_first, wide);
    scratch_scope<B> scope(b);
    const auto dv_grouped = scope.template take<T, 4>(s.v_grouped.sizes());
    if (c.provides_v_first) {
      ops::elementwise<T>(
          b, ops::sum_of_two{}, std::array{dvalue},
          std::array{view_on<const T, 2, B>(dvalue), view_on<const T, 2, B>(dfirst)});
      repeat_backward<T, B>(b, dv, dv_grouped);
    } else {
      const auto dmix = scope.template take<T, 2>(wide);
      const shape<3> grouped{wide[0], c.kv_heads, c.head_size};
      ops::l2norm_map_backward<T>(b, value_residual_backward{},
                                  reshape<3>(s.v_grouped.read(), grouped),
                                  reshape<3>(dv_grouped, grouped), std::array{dfirst, dmix},
                                  std::array{view_on<const T, 2, B>(dvalue),
                                             view_on<const T, 2, B>(reshape<2>(in.v_first, wide)),
                                             s.mix.read(), view_on<const T, 2, B>(dfirst)});
      ops::sum_rows<T>(b, dmix, grads.v0.flat());
      plain_map::template backward<T, B>(b, {}, p.v_mix, s.v_mix, x, dmix, dx, grads.v_mix);
    }
    ops::linear_backward<T>(b, p.v.weight, x, reshape<2>(dv_grouped, {x.extent(0), c.kv_width()}),
                            dx, grads.v.weight, grads.v.bias, true);
  }

  /// Without balance_state: kappa = k k_k / |k k_k| per head.
  template <class T, class B>
  static void forward_removal_key(B& b, const config& c, const params<T, B>& p, saved<T, B>& s,
                                  const shape<4>& heads) {
    const shape<2> wide{heads[0] * heads[1], c.attention_width()};
    const shape<3> per_head{wide[0], c.heads, c.head_size};
    s.k.resize(b, heads);
    s.kappa.resize(b, heads);
    s.scaled.resize(b, wide);
    s.inverse.resize(b, {wide[0], c.heads});
    repeat<T, B>(b, s.k_grouped.heads, s.k);
    ops::elementwise<T>(
        b, ops::product_of_two{}, std::array{s.scaled.whole()},
        std::array{reshape<2>(s.k.read(), wide), ops::broadcast_rows(p.k_k.flat(), wide[0])});
    ops::normalize_forward<T>(b, removal_key_epsilon, reshape<3>(s.scaled.read(), per_head),
                              reshape<3>(s.kappa.whole(), per_head), s.inverse);
  }

  /// Without balance_state: adds to dk what comes through the normalised key; overwrites dkappa.
  template <class T, class B>
  static void backward_removal_key(B& b, const config& c, const params<T, B>& p,
                                   const saved<T, B>& s, view_on<T, 4, B> dkappa,
                                   view_on<T, 4, B> dk, params<T, B>& grads) {
    const shape<2> wide{s.inverse.extent(0), c.attention_width()};
    const shape<3> per_head{wide[0], c.heads, c.head_size};
    const view_on<T, 2, B> through = reshape<2>(dkappa, wide), total = reshape<2>(dk, wide);
    ops::normalize_backward<T>(b, reshape<3>(s.kappa.read(), per_head), s.inverse,
                               reshape<3>(dkappa, per_head), reshape<3>(dkappa, per_head));
    ops::elementwise<T>(
        b, scaled_removal_key_backward{}, std::array{total, through},
        std::array{view_on<const T, 2, B>(total), view_on<const T, 2, B>(through),
                   reshape<2>(s.k.read(), wide), ops::broadcast_rows(p.k_k.flat(), wide[0])});
    ops::sum_rows<T>(b, through, grads.k_k.flat());
  }
};

static_assert(mixer<rad_rwkv7_mixer>);

RADLADS_MIXER_INSTANCES(rad_rwkv7_mixer);

}  // namespace radlads::layers
