// SPDX-License-Identifier: Apache-2.0
#pragma once
// What follows a recurrence in the RAD mixers: the scale 1/sqrt(K) or a group norm per head, times
// the gate. Gate types: 0 none, 1 sigma(x W^T), 2 sigma(x g1) g2    (arXiv 2505.03005, appendix A)

#include "radlads/core/config.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/low_rank.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/matmul.hpp"
#include "radlads/ops/norm.hpp"
#include "radlads/scalar_functions/activation.hpp"

#include <array>
#include <cmath>
#include <cstdint>

namespace radlads::layers {

/// y = x gate scale, as a functor for elementwise; R is real_t of the tensor's scalar.
template <class R>
struct scaled_gate {
  R scale;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& x, const X& gate, X& y) const {
    y = x * gate * scale;
  }
};

/// dx = d gate scale,  dgate = d x scale, as a functor for elementwise.
template <class R>
struct scaled_gate_backward {
  R scale;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& d, const X& x, const X& gate, X& dx,
                                                     X& dgate) const {
    dx = d * gate * scale;
    dgate = d * x * scale;
  }
};

struct output_gate {
  using narrow_gate = low_rank<scalar_functions::sigmoid>;

  template <class T, class B>
  struct params {
    tensor<T, 2, B> full;                           // (D_a, C), gate type 1
    typename narrow_gate::template params<T, B> g;  // gate type 2
    tensor<T, 1, B> norm_weight, norm_bias;         // (D_a), only with group_norm

    void allocate(B& b, const mixer_config& c) {
      const std::int64_t width = c.attention_width();
      if (c.gate_rank_type == 1) full.resize(b, {width, c.hidden});
      if (c.gate_rank_type == 2) g.allocate(b, {c.hidden, c.rank_gate, width});
      if (!c.group_norm) return;
      norm_weight.resize(b, {width});
      norm_bias.resize(b, {width});
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"gate.weight", tensor_role::matrix, tensor_purpose::gate}, p.full...);
      visit(f, {"g1", tensor_role::low_rank_down, tensor_purpose::gate}, p.g.down...);
      visit(f, {"g2", tensor_role::low_rank_up, tensor_purpose::gate}, p.g.up...);
      visit(f, {"ln_x.weight", tensor_role::norm}, p.norm_weight...);
      visit(f, {"ln_x.bias", tensor_role::bias}, p.norm_bias...);
    }
  };

  template <class T, class B>
  struct saved {
    typename narrow_gate::template saved<T, B> low;
    tensor<T, 2, B> gate;                         // (N, D_a)
    tensor<T, 2, B> normed;                       // (N, D_a), only with group_norm
    tensor<accumulate_t<T>, 2, B> mean, inverse;  // (N, H), only with group_norm
    tensor<T, 2, B> gated;                        // (N, D_a), input of the output projection
  };

  template <class T, class B>
  static void initialise(B& b, const mixer_config& c, params<T, B>& p,
                         const tensor_source& source) {
    if (c.gate_rank_type == 1) fill_constant(b, p.full, 0.0);
    if (c.gate_rank_type == 2) {
      fill_constant(b, p.g.down, 0.0);
      fill_orthogonal(b, p.g.up, 0.1, source.of("g2"));
    }
    if (!c.group_norm) return;
    fill_constant(b, p.norm_weight, 1.0);
    fill_constant(b, p.norm_bias, 0.0);
  }

  /// gated = normalised(read) * gate(x), for x (N, C) and read (B, T, H, K).
  template <class T, class B>
  static void forward(B& b, const mixer_config& c, const params<T, B>& p, view_on<const T, 2, B> x,
                      const tensor<T, 4, B>& read, saved<T, B>& s) {
    const shape<2> wide{x.extent(0), c.attention_width()};
    s.gated.resize(b, wide);
    view_on<const T, 2, B> mixed = reshape<2>(read.read(), wide);
    if (c.group_norm) {
      s.normed.resize(b, wide);
      s.mean.resize(b, {wide[0], c.heads});
      s.inverse.resize(b, {wide[0], c.heads});
      const shape<3> heads{wide[0], c.heads, c.head_size};
      ops::group_norm_forward<T>(b, group_epsilon(c), p.norm_weight, p.norm_bias,
                                 reshape<3>(mixed, heads), reshape<3>(s.normed.whole(), heads),
                                 s.mean, s.inverse);
      mixed = s.normed;
    }
    const real_t<T> scale = scale_of<T>(c);
    if (c.gate_rank_type == 0) {
      ops::elementwise<T>(b, ops::scaled<real_t<T>>{scale}, std::array{s.gated.whole()},
                          std::array{mixed});
      return;
    }
    s.gate.resize(b, wide);
    if (c.gate_rank_type == 1) {
      ops::linear<T>(b, p.full, {}, x, s.gate);
      ops::map_forward<T>(b, scalar_functions::sigmoid{}, s.gate, s.gate);
    } else {
      narrow_gate::template forward<T, B>(b, {}, p.g, x, s.gate, s.low);
    }
    ops::elementwise<T>(b, scaled_gate<real_t<T>>{scale}, std::array{s.gated.whole()},
                        std::array{mixed, s.gate.read()});
  }

  /// From dgated (N, D_a), which it overwrites, to dread (overwritten) and dx (added to, or not
  /// wanted when empty).
  template <class T, class B>
  static void backward(B& b, const mixer_config& c, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, const tensor<T, 4, B>& read,
                       view_on<T, 2, B> dgated, view_on<T, 4, B> dread, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    const shape<2> wide = dgated.sizes();
    const view_on<T, 2, B> dmixed = reshape<2>(dread, wide);
    const view_on<const T, 2, B> before = reshape<2>(read.read(), wide);
    const real_t<T> scale = scale_of<T>(c);
    if (c.gate_rank_type == 0) {
      ops::elementwise<T>(b, ops::scaled<real_t<T>>{scale}, std::array{dmixed},
                          std::array{view_on<const T, 2, B>(dgated)});
    } else {
      ops::elementwise<T>(b, scaled_gate_backward<real_t<T>>{scale}, std::array{dmixed, dgated},
                          std::array{view_on<const T, 2, B>(dgated),
                                     c.group_norm ? s.normed.read() : before, s.gate.read()});
      backward_gate<T, B>(b, c, p, s, x, dgated, dx, grads);
    }
    if (c.group_norm) {
      const shape<3> heads{wide[0], c.heads, c.head_size};
      const view_on<T, 3, B> through = reshape<3>(dmixed, heads);
      ops::group_norm_backward<T>(b, p.norm_weight, reshape<3>(before, heads), s.mean, s.inverse,
                                  through, through, grads.norm_weight, grads.norm_bias);
    }
  }

 private:
  /// 1e-5 times the head size, as the reference implementation has it.
  static double group_epsilon(const mixer_config& c) {
    return 1e-5 * static_cast<double>(c.head_size);
  }

  template <class T>
  static real_t<T> scale_of(const mixer_config& c) {
    const double scale = c.group_norm ? 1.0 : 1.0 / std::sqrt(static_cast<double>(c.head_size));
    return static_cast<real_t<T>>(scale);
  }

  template <class T, class B>
  static void backward_gate(B& b, const mixer_config& c, const params<T, B>& p,
                            const saved<T, B>& s, view_on<const T, 2, B> x, view_on<T, 2, B> dgate,
                            view_on<T, 2, B> dx, params<T, B>& grads) {
    if (c.gate_rank_type == 2) {
      narrow_gate::template backward<T, B>(b, {}, p.g, s.low, x, dgate, dx, grads.g);
      return;
    }
    ops::map_backward<T>(b, scalar_functions::sigmoid{}, s.gate, s.gate, dgate, dgate);
    ops::linear_backward<T>(b, p.full, x, dgate, dx, grads.full, {}, true);
  }
};

}  // namespace radlads::layers
