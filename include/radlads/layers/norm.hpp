// SPDX-License-Identifier: Apache-2.0
#pragma once
// Root mean square norm with its weight, as a layer that combinators.hpp can put before others.
//   y = x / sqrt(mean(x^2) + epsilon) weight

#include "radlads/core/parameters.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/ops/norm.hpp"

#include <cstdint>

namespace radlads::layers {

/// RMS norm of rows.
struct rms_norm {
  struct config {
    std::int64_t width = 0;  ///< C
    double epsilon = 1e-6;
  };

  template <class T, class B>
  struct params {
    tensor<T, 1, B> weight;  // (C)

    void allocate(B& b, const config& c) { weight.resize(b, {c.width}); }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"weight", tensor_role::norm}, p.weight...);
    }
  };

  template <class T, class B>
  struct saved {
    tensor<accumulate_t<T>, 1, B> inverse;  // (N), reciprocal root mean squares
  };

  static std::int64_t out_width(const config& c) { return c.width; }

  /// x, y (N, C).
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>& s) {
    s.inverse.resize(b, {x.extent(0)});
    ops::rms_norm_forward<T>(b, c.epsilon, p.weight, x, y, s.inverse);
  }

  /// dx is overwritten, or not wanted when empty; the gradient of the weight adds.
  template <class T, class B>
  static void backward(B& b, const config&, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    scratch_scope<B> scope(b);
    if (dx.empty()) dx = scope.template take<T, 2>(x.sizes());
    ops::rms_norm_backward<T>(b, p.weight, x, s.inverse, dy, dx, grads.weight);
  }
};

static_assert(layer<rms_norm>);

}  // namespace radlads::layers
