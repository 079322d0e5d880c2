// SPDX-License-Identifier: Apache-2.0
#pragma once
// Layers made of layers: one after the other, around a residual, side by side. The type is the
// tape: each combinator derives config, params, saved and a mirrored backward from its parts. Where
// two paths meet the combinator adds; a part overwrites its outputs and its input gradient.

#include "radlads/core/parameters.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/ops/map.hpp"

#include <array>
#include <cstdint>
#include <string_view>

namespace radlads::layers {

/// to += from, both (N, C).
template <class T, class B>
void add_rows(B& b, view_on<const T, 2, B> from, view_on<T, 2, B> to) {
  ops::elementwise<T>(b, ops::sum_of_two{}, std::array{to},
                      std::array{view_on<const T, 2, B>(to), from});
}

/// Calls f(info, tensors...) for the parameters of one part, with `prefix` before their names.
template <class Part, class F, class... P>
void for_each_part(F&& f, std::string_view prefix, P&... p) {
  Part::for_each([&](const tensor_info& info, auto&... each) { f(info.within(prefix), each...); },
                 p...);
}

/// y = Second(First(x)).
template <layer First, layer Second>
struct then {
  struct config {
    typename First::config first;
    typename Second::config second;
  };

  template <class T, class B>
  struct params {
    typename First::template params<T, B> first;
    typename Second::template params<T, B> second;

    void allocate(B& b, const config& c) {
      first.allocate(b, c.first);
      second.allocate(b, c.second);
    }
    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      for_each_part<typename First::template params<T, B>>(f, "first.", p.first...);
      for_each_part<typename Second::template params<T, B>>(f, "second.", p.second...);
    }
  };

  template <class T, class B>
  struct saved {
    typename First::template saved<T, B> first;
    tensor<T, 2, B> middle;  // (N, width of First)
    typename Second::template saved<T, B> second;
  };

  static std::int64_t out_width(const config& c) { return Second::out_width(c.second); }

  /// x (N, in), y (N, out).
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>& s) {
    s.middle.resize(b, {x.extent(0), First::out_width(c.first)});
    First::template forward<T, B>(b, c.first, p.first, x, s.middle, s.first);
    Second::template forward<T, B>(b, c.second, p.second, s.middle, y, s.second);
  }

  /// dx is overwritten, or not wanted when empty; gradients of the parameters add.
  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    scratch_scope<B> scope(b);
    const auto dmiddle = scope.template take<T, 2>(s.middle.sizes());
    Second::template backward<T, B>(b, c.second, p.second, s.second, s.middle, dy, dmiddle,
                                    grads.second);
    First::template backward<T, B>(b, c.first, p.first, s.first, x, dmiddle, dx, grads.first);
  }
};

/// y = x + Inner(x); Inner keeps the width.
template <layer Inner>
struct residual {
  struct config {
    typename Inner::config inner;
  };

  template <class T, class B>
  struct params {
    typename Inner::template params<T, B> inner;

    void allocate(B& b, const config& c) { inner.allocate(b, c.inner); }
    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      for_each_part<typename Inner::template params<T, B>>(f, "inner.", p.inner...);
    }
  };

  template <class T, class B>
  struct saved {
    typename Inner::template saved<T, B> inner;
  };

  static std::int64_t out_width(const config& c) { return Inner::out_width(c.inner); }

  /// x, y (N, C).
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>& s) {
    Inner::template forward<T, B>(b, c.inner, p.inner, x, y, s.inner);
    add_rows<T, B>(b, x, y);
  }

  /// dx is overwritten, or not wanted when empty; gradients of the parameters add.
  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    Inner::template backward<T, B>(b, c.inner, p.inner, s.inner, x, dy, dx, grads.inner);
    if (!dx.empty()) add_rows<T, B>(b, dy, dx);
  }
};

/// y = First(x) + Second(x), of one width.
template <layer First, layer Second>
struct sum {
  using config = typename then<First, Second>::config;

  template <class T, class B>
  using params = typename then<First, Second>::template params<T, B>;

  template <class T, class B>
  struct saved {
    typename First::template saved<T, B> first;
    typename Second::template saved<T, B> second;
  };

  static std::int64_t out_width(const config& c) { return First::out_width(c.first); }

  /// x (N, in), y (N, out).
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, saved<T, B>& s) {
    scratch_scope<B> scope(b);
    const auto other = scope.template take<T, 2>(y.sizes());
    First::template forward<T, B>(b, c.first, p.first, x, y, s.first);
    Second::template forward<T, B>(b, c.second, p.second, x, other, s.second);
    add_rows<T, B>(b, other, y);
  }

  /// dx is overwritten, or not wanted when empty; gradients of the parameters add.
  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       view_on<const T, 2, B> x, view_on<const T, 2, B> dy, view_on<T, 2, B> dx,
                       params<T, B>& grads) {
    scratch_scope<B> scope(b);
    view_on<T, 2, B> other;
    if (!dx.empty()) other = scope.template take<T, 2>(dx.sizes());
    Second::template backward<T, B>(b, c.second, p.second, s.second, x, dy, other, grads.second);
    First::template backward<T, B>(b, c.first, p.first, s.first, x, dy, dx, grads.first);
    if (!dx.empty()) add_rows<T, B>(b, other, dx);
  }
};

}  // namespace radlads::layers
