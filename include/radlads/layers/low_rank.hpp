// SPDX-License-Identifier: Apache-2.0
#pragma once
// y = f(x A) B with a narrow middle: the low-rank maps behind decays, in-context learning rates and
// gates. The factors are stored as used from the right, (in, rank) and (rank, out).

#include "radlads/core/parameters.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/ops/matmul.hpp"
#include "radlads/scalar_functions/activation.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads::layers {

/// No activation between the two factors.
struct no_activation {};

/// Low-rank map with activation `Gate` on the bottleneck.
template <class Gate>
struct low_rank {
  struct config {
    std::int64_t in = 0;
    std::int64_t rank = 0;
    std::int64_t out = 0;
  };

  template <class T, class B>
  struct params {
    tensor<T, 2, B> down;  // (I, R)
    tensor<T, 2, B> up;    // (R, O)

    void allocate(B& b, const config& c) {
      down.resize(b, {c.in, c.rank});
      up.resize(b, {c.rank, c.out});
    }
    bool empty() const { return down.empty(); }
    auto sizes() const { return down.sizes(); }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      visit(f, {"down", tensor_role::low_rank_down}, p.down...);
      visit(f, {"up", tensor_role::low_rank_up}, p.up...);
    }
  };

  template <class T, class B>
  struct saved {
    tensor<T, 2, B> low;        // (N, R), x A
    tensor<T, 2, B> activated;  // (N, R), f(x A); empty without an activation
  };

  static constexpr bool adds_to_dx = true;
  static constexpr bool has_activation = !std::is_same_v<Gate, no_activation>;
  static std::int64_t out_width(const config& c) { return c.out; }

  /// x (N, I), y (N, O).
  template <class T, class B>
  static void forward(B& b, const config&, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>& s) {
    s.low.resize(b, {x.extent(0), p.down.extent(1)});
    ops::matmul<T>(b, {}, x, p.down, s.low);
    if constexpr (has_activation) {
      s.activated.resize(b, s.low.sizes());
      ops::map_forward<T>(b, Gate{}, s.low, s.activated);
      ops::matmul<T>(b, {}, s.activated, p.up, y);
    } else {
      ops::matmul<T>(b, {}, s.low, p.up, y);
    }
  }

  /// dx is added to, or not wanted when empty: several maps share one input. Gradients of the
  /// parameters add.
  template <class T, class B>
  static void backward(B& b, const config&, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    scratch_scope<B> scope(b);
    const view_on<T, 2, B> dlow = scope.template take<T, 2>(s.low.sizes());
    const view_on<const T, 2, B> middle = has_activation ? s.activated.read() : s.low.read();
    ops::matmul<T>(b, {.transpose_a = true, .accumulate = true}, middle, dy, grads.up);
    ops::matmul<T>(b, {.transpose_b = true}, dy, p.up, dlow);
    if constexpr (has_activation) {
      ops::map_backward<T>(b, Gate{}, s.low, s.activated, dlow, dlow);
    }
    ops::matmul<T>(b, {.transpose_a = true, .accumulate = true}, x, dlow, grads.down);
    if (!dx.empty()) {
      ops::matmul<T>(b, {.transpose_b = true, .accumulate = true}, dlow, p.down, dx);
    }
  }
};

}  // namespace radlads::layers
