// SPDX-License-Identifier: Apache-2.0
#pragma once
// Feed-forward of Qwen and Llama: y = (silu(x Wg^T) * (x Wu^T)) Wd^T.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/matmul.hpp"
#include "radlads/scalar_functions/activation.hpp"

#include <array>
#include <cstdint>

namespace radlads::layers {

/// y = silu(gate) up, as a functor for elementwise.
struct silu_product {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& gate, const X& up, X& y) const {
    y = scalar_functions::silu::value(gate) * up;
  }
};

/// dup = d silu(gate),  dgate = d up silu'(gate), as a functor for elementwise.
struct silu_product_backward {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& gate, const X& up, const X& d, X& dup,
                                                     X& dgate) const {
    const X activated = scalar_functions::silu::value(gate);
    dgate = d * up * scalar_functions::silu::derivative(gate, activated);
    dup = d * activated;
  }
};

struct swiglu {
  struct config {
    std::int64_t hidden = 0;        ///< C
    std::int64_t intermediate = 0;  ///< F
  };

  template <class T, class B>
  struct params {
    tensor<T, 2, B> gate;  // (F, C)
    tensor<T, 2, B> up;    // (F, C)
    tensor<T, 2, B> down;  // (C, F)

    void allocate(B& b, const config& c) {
      gate.resize(b, {c.intermediate, c.hidden});
      up.resize(b, {c.intermediate, c.hidden});
      down.resize(b, {c.hidden, c.intermediate});
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"gate_proj.weight", tensor_role::matrix}, p.gate...);
      visit(f, {"up_proj.weight", tensor_role::matrix}, p.up...);
      visit(f, {"down_proj.weight", tensor_role::matrix}, p.down...);
    }
  };

  template <class T, class B>
  struct saved {
    tensor<T, 2, B> gate;      // (N, F), x Wg^T
    tensor<T, 2, B> up;        // (N, F), x Wu^T
    tensor<T, 2, B> combined;  // (N, F), silu(gate) * up
  };

  static std::int64_t out_width(const config& c) { return c.hidden; }

  /// x, y (N, C).
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>& s) {
    const shape<2> wide{x.extent(0), c.intermediate};
    s.gate.resize(b, wide);
    s.up.resize(b, wide);
    s.combined.resize(b, wide);
    ops::linear<T>(b, p.gate, {}, x, s.gate);
    ops::linear<T>(b, p.up, {}, x, s.up);
    ops::elementwise<T>(b, silu_product{}, std::array{s.combined.whole()},
                        std::array{s.gate.read(), s.up.read()});
    ops::linear<T>(b, p.down, {}, s.combined, y);
  }

  /// dx is overwritten, or not wanted when empty; gradients of the parameters add.
  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    scratch_scope<B> scope(b);
    const shape<2> wide{x.extent(0), c.intermediate};
    const view_on<T, 2, B> dcombined = scope.template take<T, 2>(wide);
    const view_on<T, 2, B> dgate = scope.template take<T, 2>(wide);
    ops::linear_backward<T>(b, p.down, s.combined, dy, dcombined, grads.down, {});
    ops::elementwise<T>(b, silu_product_backward{}, std::array{dcombined, dgate},
                        std::array{s.gate.read(), s.up.read(), view_on<const T, 2, B>(dcombined)});
    ops::linear_backward<T>(b, p.gate, x, dgate, dx, grads.gate, {});
    ops::linear_backward<T>(b, p.up, x, dcombined, dx, grads.up, {}, true);
  }
};

#if defined(RADLADS_LAYER_INSTANCE)
#define RADLADS_SWIGLU_INSTANCES(T)                                                         \
  RADLADS_LAYER_INSTANCE void swiglu::forward<T>(                                           \
      cpu_backend&, const swiglu::config&, const swiglu::params<T, cpu_backend>&,           \
      view<const T, 2>, view<T, 2>, swiglu::saved<T, cpu_backend>&);                        \
  RADLADS_LAYER_INSTANCE void swiglu::backward<T>(                                          \
      cpu_backend&, const swiglu::config&, const swiglu::params<T, cpu_backend>&,           \
      const swiglu::saved<T, cpu_backend>&, view<const T, 2>, view<const T, 2>, view<T, 2>, \
      swiglu::params<T, cpu_backend>&)
RADLADS_SWIGLU_INSTANCES(float);
RADLADS_SWIGLU_INSTANCES(double);
#undef RADLADS_SWIGLU_INSTANCES
#endif

}  // namespace radlads::layers
