// SPDX-License-Identifier: Apache-2.0
#pragma once
// A mixer written by a user of the library: retention (Sun et al. 2023), gated linear attention
// whose decay is a constant of each head.
//   S_t = g_h S_{t-1} + v_t k_t^T,  y = (S_t q_t) Wo^T,  g_h = 1 - 2^(-5-h)
// The four projections, their file names and the rotary position are those of the other mixers. The
// scale of q is left to Wo.

#include "radlads/gla.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/projections.hpp"
#include "radlads/layers/recurrent_state.hpp"

#include <array>
#include <cmath>
#include <cstdint>
#include <string_view>

struct retention_mixer {
  static constexpr std::string_view name = "retention";
  static constexpr bool uses_v_first = false;
  using config = radlads::layers::mixer_config;
  using cell = radlads::recurrence::gla;
  using projections = radlads::layers::projections;

  static config configure(config c, const radlads::layers::mixer_options& o) {
    c.use_rope = o.use_rope.value_or(true);
    check_sizes(c, name);
    return c;
  }

  template <class T, class B>
  using params = projections::params<T, B>;
  template <class T, class B>
  using state = radlads::layers::recurrent_state<T, B>;

  template <class T, class B>
  struct saved {
    bool is_training = false;
    projections::saved_heads<T, B> q, k_grouped;  // (B, T, H, K), (B, T, Hkv, K)
    radlads::tensor<T, 4, B> v_grouped;           // (B, T, Hkv, K)
    radlads::tensor<T, 4, B> read;                // (B, T, H, K)
    radlads::tensor<T, 4, B> log_decay;           // (1, 1, H, K)
    radlads::tensor<radlads::accumulate_t<T>, 4, B> checkpoints;
  };

  template <class T, class B>
  static void initialise(B& b, const config&, params<T, B>& p,
                         const radlads::layers::tensor_source& source) {
    projections::initialise<T, B>(b, p, source);
  }

  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p,
                      const radlads::layers::mixer_input<T, B>& in, radlads::view_on<T, 3, B> y,
                      state<T, B>* carried, saved<T, B>& s) {
    const std::int64_t batch = in.x.extent(0), tokens = in.x.extent(1), rows = batch * tokens;
    const radlads::shape<4> heads{batch, tokens, c.heads, c.head_size};
    const radlads::shape<4> grouped{batch, tokens, c.kv_heads, c.head_size};
    const auto position = carried != nullptr ? carried->position : radlads::ops::position<B>{};
    const radlads::view_on<const T, 2, B> x = radlads::reshape<2>(in.x, {rows, c.hidden});
    s.read.resize(b, heads);
    s.v_grouped.resize(b, grouped);
    fill_decay(b, c, s.log_decay);

    projections::forward_heads<T, B>(b, c, p.q, p.q_norm, x, heads, position, s.q);
    projections::forward_heads<T, B>(b, c, p.k, p.k_norm, x, grouped, position, s.k_grouped);
    radlads::ops::linear<T>(b, p.v.weight, p.v.bias, x,
                            radlads::reshape<2>(s.v_grouped.whole(), {rows, c.kv_width()}));
    radlads::layers::run_recurrence<cell, T, B>(b, inputs<T, B>(s), s.v_grouped, s.read, carried,
                                                s.is_training, s.checkpoints);
    radlads::ops::linear<T>(b, p.o.weight, p.o.bias,
                            radlads::reshape<2>(s.read.read(), {rows, c.attention_width()}),
                            radlads::reshape<2>(y, {rows, c.hidden}));
  }

  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       const radlads::layers::mixer_input<T, B>& in,
                       radlads::view_on<const T, 3, B> dy,
                       const radlads::layers::mixer_input_gradient<T, B>& din,
                       params<T, B>& grads) {
    const std::int64_t rows = in.x.extent(0) * in.x.extent(1);
    const radlads::shape<2> wide{rows, c.attention_width()}, narrow{rows, c.kv_width()};
    const radlads::view_on<const T, 2, B> x = radlads::reshape<2>(in.x, {rows, c.hidden});
    radlads::view_on<T, 2, B> dx;
    if (!din.dx.empty()) dx = radlads::reshape<2>(din.dx, x.sizes());
    radlads::scratch_scope<B> scope(b);
    const auto take = [&] { return scope.template take<T, 4>(s.read.sizes()); };
    const auto dread = take(), dq = take(), ddecay = take(), dk = take(), dv = take();
    const auto dgrouped = scope.template take<T, 4>(s.v_grouped.sizes());
    const auto dprojected = scope.template take<T, 2>(wide);

    radlads::ops::linear_backward<T>(b, p.o.weight, radlads::reshape<2>(s.read.read(), wide),
                                     radlads::reshape<2>(dy, {rows, c.hidden}),
                                     radlads::reshape<2>(dread, wide), grads.o.weight,
                                     grads.o.bias);
    radlads::recurrence::scan_backward<cell, T>(b, inputs<T, B>(s), s.v_grouped, s.checkpoints,
                                                dread, {}, {dq, ddecay, dk}, dv, {});
    radlads::layers::repeat_backward<T, B>(b, dv, dgrouped);
    radlads::ops::linear_backward<T>(b, p.v.weight, x, radlads::reshape<2>(dgrouped, narrow), dx,
                                     grads.v.weight, grads.v.bias);
    radlads::layers::repeat_backward<T, B>(b, dk, dgrouped);
    radlads::ops::linear_backward<T>(
        b, p.k.weight, x,
        projections::backward_heads<T, B>(b, c, p.k_norm, s.k_grouped, dgrouped,
                                          {dprojected.data(), narrow}, grads.k_norm),
        dx, grads.k.weight, grads.k.bias, true);
    radlads::ops::linear_backward<T>(
        b, p.q.weight, x,
        projections::backward_heads<T, B>(b, c, p.q_norm, s.q, dq, dprojected, grads.q_norm), dx,
        grads.q.weight, grads.q.bias, true);
  }

 private:
  /// The decay is the same in every call: the first one makes it on the host and copies it.
  template <class T, class B>
  static void fill_decay(B& b, const config& c, radlads::tensor<T, 4, B>& log_decay) {
    const radlads::shape<4> sizes{1, 1, c.heads, c.head_size};
    if (log_decay.sizes() == sizes) return;
    log_decay.resize(b, sizes);
    radlads::layers::fill(b, log_decay, [&](std::int64_t i) {
      const std::int64_t head = i / c.head_size;
      return std::log1p(-std::exp2(-5.0 - static_cast<double>(head)));
    });
  }

  /// The decay stands still while the tokens pass: its strides over batch and time are zero.
  /// Grouped keys are read where they are.
  template <class T, class B>
  static std::array<radlads::view_on<const T, 4, B>, cell::inputs> inputs(const saved<T, B>& s) {
    radlads::view_on<const T, 4, B> decay = s.log_decay.read();
    for (int axis = 0; axis < 2; ++axis) {
      decay.extents[axis] = s.read.extent(axis);
      decay.strides[axis] = 0;
    }
    return {s.q.heads.read(), decay, s.k_grouped.heads.read()};
  }
};
