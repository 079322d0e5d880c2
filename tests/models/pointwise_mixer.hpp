// SPDX-License-Identifier: Apache-2.0
#pragma once
// Mixers without time, small enough to see what blocks and stacks do around a mixer:
//   scaling:  y = x s
//   value:    the provider writes v_first = x u and y = v_first s, later layers y = (x + v_first) s
// with s, u of one number a channel; D_a is C.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/layers/mixer_input.hpp"

#include <cstdint>
#include <string_view>

namespace radlads::test {

template <bool UsesVFirst>
struct pointwise_mixer {
  static constexpr std::string_view name = UsesVFirst ? "value" : "scaling";
  static constexpr bool uses_v_first = UsesVFirst;
  using config = layers::mixer_config;

  static config configure(config c, const layers::mixer_options&) {
    layers::check_sizes(c, name);
    return c;
  }

  template <class T, class B>
  struct params {
    tensor<T, 1, B> s, u;  // (C)

    void allocate(B& b, const config& c) {
      s.resize(b, {c.hidden});
      if (UsesVFirst && c.provides_v_first) u.resize(b, {c.hidden});
    }
    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, "s", p.s...);
      visit(f, "u", p.u...);
    }
  };

  template <class T, class B>
  struct saved {
    bool is_training = false;
  };

  /// Counts the tokens it has seen.
  template <class T, class B>
  struct state {
    std::int64_t batch = 0, tokens = 0;
    void reset(B&, const config&, std::int64_t sequences) {
      batch = sequences;
      tokens = 0;
    }
    std::int64_t bytes() const { return 100 * batch + tokens; }
  };

  template <class T, class B>
  static void initialise(B& b, const config&, params<T, B>& p,
                         const layers::tensor_source& source) {
    layers::fill_normal(b, p.s, 1, source.of("s"));
    if (!p.u.empty()) layers::fill_normal(b, p.u, 1, source.of("u"));
  }

  template <class T, class B>
  static void forward(B&, const config&, const params<T, B>& p, const layers::mixer_input<T, B>& in,
                      view_on<T, 3, B> y, state<T, B>* carried, saved<T, B>&) {
    if (carried != nullptr) carried->tokens += in.x.extent(1);
    const std::int64_t C = in.x.extent(2);
    for (std::int64_t i = 0; i < in.x.size(); ++i) {
      T value = in.x.data()[i];
      if (UsesVFirst && !p.u.empty()) in.v_first.data()[i] = value = value * p.u.data()[i % C];
      if (UsesVFirst && p.u.empty()) value += in.v_first.data()[i];
      y.data()[i] = value * p.s.data()[i % C];
    }
  }

  template <class T, class B>
  static void backward(B&, const config&, const params<T, B>& p, const saved<T, B>&,
                       const layers::mixer_input<T, B>& in, view_on<const T, 3, B> dy,
                       const layers::mixer_input_gradient<T, B>& din, params<T, B>& grads) {
    const std::int64_t C = in.x.extent(2);
    for (std::int64_t i = 0; i < in.x.size(); ++i) {
      const T through = dy.data()[i] * p.s.data()[i % C];
      const T x = in.x.data()[i];
      if (UsesVFirst && !p.u.empty()) {
        const T dvalue = through + din.dv_first.data()[i];
        grads.s.data()[i % C] += dy.data()[i] * in.v_first.data()[i];
        grads.u.data()[i % C] += dvalue * x;
        din.dx.data()[i] = dvalue * p.u.data()[i % C];
      } else {
        grads.s.data()[i % C] += dy.data()[i] * (UsesVFirst ? x + in.v_first.data()[i] : x);
        if (UsesVFirst) din.dv_first.data()[i] += through;
        din.dx.data()[i] = through;
      }
    }
  }
};

using scaling_mixer = pointwise_mixer<false>;
using value_mixer = pointwise_mixer<true>;

static_assert(layers::check_mixer<scaling_mixer>() && layers::check_mixer<value_mixer>());

}  // namespace radlads::test
