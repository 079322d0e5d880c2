// SPDX-License-Identifier: Apache-2.0
#pragma once
// y = x W^T + b, the parameters of every projection.

#include "radlads/core/parameters.hpp"
#include "radlads/ops/matmul.hpp"

#include <cstdint>
#include <string>

namespace radlads::layers {

/// Linear map with the weight stored (out, in).
struct linear {
  struct config {
    std::int64_t in = 0;
    std::int64_t out = 0;
    bool has_bias = false;
  };

  template <class T, class B>
  struct params {
    tensor<T, 2, B> weight;  // (O, I)
    tensor<T, 1, B> bias;    // (O), empty without one

    void allocate(B& b, const config& c) {
      weight.resize(b, {c.out, c.in});
      if (c.has_bias) bias.resize(b, {c.out});
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"weight", tensor_role::matrix}, p.weight...);
      visit(f, {"bias", tensor_role::bias}, p.bias...);
    }
  };

  template <class T, class B>
  struct saved {};

  static std::int64_t out_width(const config& c) { return c.out; }

  /// x (N, I), y (N, O).
  template <class T, class B>
  static void forward(B& b, const config&, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>&) {
    ops::linear<T>(b, p.weight, p.bias, x, y);
  }

  /// dx is overwritten, or not wanted when empty; gradients of the parameters add.
  template <class T, class B>
  static void backward(B& b, const config&, const params<T, B>& p, const saved<T, B>&,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    ops::linear_backward<T>(b, p.weight, x, dy, dx, grads.weight, grads.bias);
  }
};

}  // namespace radlads::layers
