// SPDX-License-Identifier: Apache-2.0
#pragma once
// One decoder block: norm, mixer, add, norm, feed-forward, add.
//   m = x + mixer(norm(x)),  y = m + ffn(norm(m))

#include "radlads/core/parameters.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/mixer_input.hpp"
#include "radlads/layers/swiglu.hpp"
#include "radlads/models/config.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/norm.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace radlads::models {

/// Input and output of a block's mixer: what hidden-state alignment reads from a teacher.
template <class T, class B>
struct captured_activations {
  tensor<T, 3, B> input;   // (B, T, C), normalised
  tensor<T, 3, B> output;  // (B, T, C)
};

/// A block around `Mixer` and `Ffn`.
template <class Mixer, class Ffn = layers::swiglu>
struct block {
  static_assert(layers::check_mixer<Mixer>());
  using mixer = Mixer;
  static constexpr tensor_part mixer_part =
      layers::is_recurrent<Mixer> ? tensor_part::recurrent_mixer : tensor_part::softmax_mixer;

  struct config {
    using block_type = block;
    typename Mixer::config mixer;
    typename Ffn::config ffn;
    double norm_epsilon = 1e-6;
  };

  static config configure(const models::config& c, layers::mixer_config sizes) {
    return {Mixer::configure(sizes, c.options), {c.hidden, c.intermediate}, c.norm_epsilon};
  }

  template <class T, class B>
  struct params {
    tensor<T, 1, B> input_norm;  // (C)
    typename Mixer::template params<T, B> mixer;
    tensor<T, 1, B> post_norm;  // (C)
    typename Ffn::template params<T, B> ffn;

    void allocate(B& b, const config& c) {
      input_norm.resize(b, {c.ffn.hidden});
      mixer.allocate(b, c.mixer);
      post_norm.resize(b, {c.ffn.hidden});
      ffn.allocate(b, c.ffn);
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"input_layernorm.weight", tensor_role::norm}, p.input_norm...);
      Mixer::template params<T, B>::for_each(
          [&](const tensor_info& info, auto&... each) {
            f(info.within("self_attn.", mixer_part), each...);
          },
          p.mixer...);
      visit(f, {"post_attention_layernorm.weight", tensor_role::norm}, p.post_norm...);
      Ffn::template params<T, B>::for_each(
          [&](const tensor_info& info, auto&... each) {
            f(info.within("mlp.", tensor_part::feed_forward), each...);
          },
          p.ffn...);
    }
  };

  template <class T, class B>
  struct saved {
    typename Mixer::template saved<T, B> mixer;
    typename Ffn::template saved<T, B> ffn;
    tensor<accumulate_t<T>, 1, B> input_inverse, post_inverse;  // (N), reciprocal root mean squares
    tensor<T, 2, B> middle;                                     // (N, C), after the mixer
    tensor<T, 2, B> post_normed;                                // (N, C)
  };

  template <class T, class B>
  using state = typename Mixer::template state<T, B>;

  template <class T, class B>
  static void initialise(B& b, const config& c, params<T, B>& p,
                         const layers::tensor_source& source) {
    layers::fill_constant(b, p.input_norm, 1.0);
    layers::fill_constant(b, p.post_norm, 1.0);
    Mixer::template initialise<T, B>(b, c.mixer, p.mixer,
                                     {source.seed, source.prefix + "self_attn."});
    Ffn::template params<T, B>::for_each(
        [&](const std::string& name, auto& each) {
          layers::fill_normal(b, each, 0.02, source.of("mlp." + name));
        },
        p.ffn);
  }

  /// x, y (B, T, C). The mixer's input and output are left in `t`.
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, view_on<const T, 3, B> x,
                      view_on<T, 3, B> v_first, view_on<T, 3, B> y, state<T, B>* carried,
                      captured_activations<T, B>& t, saved<T, B>& s) {
    forward_mixer<T, B>(b, c, p, x, v_first, carried, t, s);
    const shape<2> rows{x.extent(0) * x.extent(1), x.extent(2)};
    s.middle.resize(b, rows);
    s.post_normed.resize(b, rows);
    s.post_inverse.resize(b, {rows[0]});
    add<T, B>(b, reshape<2>(x, rows), reshape<2>(t.output.read(), rows), s.middle);
    ops::rms_norm_forward<T>(b, c.norm_epsilon, p.post_norm, s.middle, s.post_normed,
                             s.post_inverse);
    const view_on<T, 2, B> out = reshape<2>(y, rows);
    Ffn::template forward<T, B>(b, c.ffn, p.ffn, s.post_normed, out, s.ffn);
    add<T, B>(b, s.middle, out, out);
  }

  /// The first half of forward: fills `t` and stops.
  template <class T, class B>
  static void forward_mixer(B& b, const config& c, const params<T, B>& p, view_on<const T, 3, B> x,
                            view_on<T, 3, B> v_first, state<T, B>* carried,
                            captured_activations<T, B>& t, saved<T, B>& s) {
    const shape<2> rows{x.extent(0) * x.extent(1), x.extent(2)};
    t.input.resize(b, x.sizes());
    t.output.resize(b, x.sizes());
    s.input_inverse.resize(b, {rows[0]});
    ops::rms_norm_forward<T>(b, c.norm_epsilon, p.input_norm, reshape<2>(x, rows),
                             reshape<2>(t.input.whole(), rows), s.input_inverse);
    Mixer::template forward<T, B>(b, c.mixer, p.mixer, {t.input, v_first}, t.output, carried,
                                  s.mixer);
  }

  /// Overwrites dx (B, T, C); adds to dv_first and to the gradients of the parameters.
  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       const captured_activations<T, B>& t, view_on<const T, 3, B> x,
                       view_on<T, 3, B> v_first, view_on<const T, 3, B> dy, view_on<T, 3, B> dx,
                       view_on<T, 3, B> dv_first, params<T, B>& grads) {
    const shape<2> rows{x.extent(0) * x.extent(1), x.extent(2)};
    scratch_scope<B> scope(b);
    const auto dnormed = scope.template take<T, 2>(rows);
    const auto dmiddle = scope.template take<T, 2>(rows);
    const view_on<const T, 2, B> dout = reshape<2>(dy, rows);
    Ffn::template backward<T, B>(b, c.ffn, p.ffn, s.ffn, s.post_normed, dout, dnormed, grads.ffn);
    ops::rms_norm_backward<T>(b, p.post_norm, s.middle, s.post_inverse, dnormed, dmiddle,
                              grads.post_norm);
    add<T, B>(b, dmiddle, dout, dmiddle);

    Mixer::template backward<T, B>(b, c.mixer, p.mixer, s.mixer, {t.input, v_first},
                                   reshape<3>(dmiddle, x.sizes()),
                                   {reshape<3>(dnormed, x.sizes()), dv_first}, grads.mixer);
    const view_on<T, 2, B> result = reshape<2>(dx, rows);
    ops::rms_norm_backward<T>(b, p.input_norm, reshape<2>(x, rows), s.input_inverse, dnormed,
                              result, grads.input_norm);
    add<T, B>(b, result, dmiddle, result);
  }

 private:
  template <class T, class B>
  static void add(B& b, view_on<const T, 2, B> left, view_on<const T, 2, B> right,
                  view_on<T, 2, B> sum) {
    ops::elementwise<T>(b, ops::sum_of_two{}, std::array{sum}, std::array{left, right});
  }
};

}  // namespace radlads::models
