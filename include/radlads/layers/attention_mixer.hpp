// SPDX-License-Identifier: Apache-2.0
#pragma once
// Causal softmax attention with grouped key/value heads: the teacher's mixer, and the layers a
// hybrid keeps. Its state is the key/value cache.
//   y = softmax(q k^T / sqrt(K)) v Wo^T, q and k rotated        (Qwen2; Qwen3 adds q/k norms)

#include "radlads/core/graph_capture.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/instances.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/layers/mixer_input.hpp"
#include "radlads/layers/projections.hpp"
#include "radlads/ops/attention.hpp"
#include "radlads/ops/matmul.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string_view>

namespace radlads::layers {

/// Softmax attention as a mixer.
struct attention_mixer {
  static constexpr std::string_view name = "attention";
  static constexpr bool uses_v_first = false;
  static constexpr bool is_recurrent = false;
  using config = mixer_config;

  /// Attention always rotates; the other options belong to recurrent mixers.
  static config configure(config c, const mixer_options&) {
    c.use_rope = true;
    check_sizes(c, name);
    return c;
  }

  template <class T, class B>
  struct params : projections::params<T, B> {
    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      projections::params<T, B>::for_each(f, p...);
    }
  };

  template <class T, class B>
  struct saved {
    bool is_training = false;
    projections::saved_heads<T, B> q, k;    // (B, T, H, K), (B, T, Hkv, K)
    tensor<T, 4, B> v;                      // (B, T, Hkv, K)
    tensor<T, 4, B> mixed;                  // (B, T, H, K), before the output projection
    tensor<accumulate_t<T>, 3, B> log_sum;  // (B, H, T)
  };

  /// Keys and values of the tokens seen so far; grows by doubling.
  template <class T, class B>
  struct state {
    tensor<T, 4, B> k, v;  // (B, capacity, Hkv, K)
    std::int64_t length = 0;

    void reset(B& b, const config& c, std::int64_t batch) {
      length = 0;
      k.resize(b, {batch, 64, c.kv_heads, c.head_size});
      v.resize(b, k.sizes());
    }
    std::int64_t bytes() const {
      return 2 * length * k.extent(0) * k.extent(2) * k.extent(3) *
             static_cast<std::int64_t>(sizeof(T));
    }
  };

  template <class T, class B>
  static void initialise(B& b, const config&, params<T, B>& p, const tensor_source& source) {
    projections::initialise<T, B>(b, p, source);
  }

  /// y (B, T, C). With a state the tokens continue its sequence; without one they begin their own.
  template <class T, class B>
  static void forward(B& b, const config& c, const params<T, B>& p, const mixer_input<T, B>& in,
                      view_on<T, 3, B> y, state<T, B>* cache, saved<T, B>& s) {
    const std::int64_t batch = in.x.extent(0), tokens = in.x.extent(1);
    const shape<4> q_shape{batch, tokens, c.heads, c.head_size};
    const shape<4> kv_shape{batch, tokens, c.kv_heads, c.head_size};
    const view_on<const T, 2, B> x = reshape<2>(in.x, {batch * tokens, c.hidden});
    const std::int64_t position = cache != nullptr ? cache->length : 0;
    if (cache != nullptr && is_capturing(b))
      throw not_capturable("attention: the cache grows with every token");

    projections::forward_heads<T, B>(b, c, p.q, p.q_norm, x, q_shape, position, s.q);
    projections::forward_heads<T, B>(b, c, p.k, p.k_norm, x, kv_shape, position, s.k);
    s.v.resize(b, kv_shape);
    ops::linear<T>(b, p.v.weight, p.v.bias, x,
                   reshape<2>(s.v.whole(), {x.extent(0), c.kv_width()}));

    s.mixed.resize(b, q_shape);
    view_on<const T, 4, B> keys = s.k.heads.read(), values = s.v.read();
    if (cache != nullptr) append(b, *cache, keys, values);
    view_on<accumulate_t<T>, 3, B> log_sum;
    if (s.is_training) {
      s.log_sum.resize(b, {batch, c.heads, tokens});
      log_sum = s.log_sum;
    }
    ops::attention_forward<T>(b, scale<T>(c), s.q.heads, keys, values, s.mixed, log_sum);
    ops::linear<T>(b, p.o.weight, p.o.bias, flat_heads<T, B>(c, s.mixed.read()),
                   reshape<2>(y, {x.extent(0), c.hidden}));
  }

  template <class T, class B>
  static void backward(B& b, const config& c, const params<T, B>& p, const saved<T, B>& s,
                       const mixer_input<T, B>& in, view_on<const T, 3, B> dy,
                       const mixer_input_gradient<T, B>& din, params<T, B>& grads) {
    const std::int64_t rows = in.x.extent(0) * in.x.extent(1);
    const view_on<const T, 2, B> x = reshape<2>(in.x, {rows, c.hidden});
    const view_on<T, 2, B> dx = din.dx.empty() ? view_on<T, 2, B>{} : reshape<2>(din.dx, x.sizes());
    scratch_scope<B> scope(b);
    const auto dmixed = scope.template take<T, 4>(s.mixed.sizes());
    const auto dq = scope.template take<T, 4>(s.mixed.sizes());
    const auto dk = scope.template take<T, 4>(s.v.sizes());
    const auto dv = scope.template take<T, 4>(s.v.sizes());
    const auto dprojected_q = scope.template take<T, 2>({rows, c.attention_width()});
    const auto dprojected_k = scope.template take<T, 2>({rows, c.kv_width()});

    ops::linear_backward<T>(
        b, p.o.weight, flat_heads<T, B>(c, s.mixed.read()), reshape<2>(dy, {rows, c.hidden}),
        reshape<2>(dmixed, {rows, c.attention_width()}), grads.o.weight, grads.o.bias);
    ops::attention_backward<T>(b, scale<T>(c), s.q.heads, s.k.heads, s.v, s.mixed, s.log_sum,
                               dmixed, dq, dk, dv);
    ops::linear_backward<T>(b, p.v.weight, x, reshape<2>(dv, {rows, c.kv_width()}), dx,
                            grads.v.weight, grads.v.bias);
    ops::linear_backward<T>(
        b, p.k.weight, x,
        projections::backward_heads<T, B>(b, c, p.k_norm, s.k, dk, dprojected_k, grads.k_norm), dx,
        grads.k.weight, grads.k.bias, true);
    ops::linear_backward<T>(
        b, p.q.weight, x,
        projections::backward_heads<T, B>(b, c, p.q_norm, s.q, dq, dprojected_q, grads.q_norm), dx,
        grads.q.weight, grads.q.bias, true);
  }

 private:
  template <class T>
  static real_t<T> scale(const config& c) {
    return static_cast<real_t<T>>(1.0 / std::sqrt(static_cast<double>(c.head_size)));
  }

  template <class T, class B>
  static view_on<const T, 2, B> flat_heads(const config& c, view_on<const T, 4, B> heads) {
    return reshape<2>(heads, {heads.extent(0) * heads.extent(1), c.attention_width()});
  }

  /// Copies the new keys and values behind the cached ones and points the views at all of them.
  template <class T, class B>
  static void append(B& b, state<T, B>& cache, view_on<const T, 4, B>& keys,
                     view_on<const T, 4, B>& values) {
    require(cache.k.extent(0) == keys.extent(0), "attention: the cache holds ", cache.k.extent(0),
            " sequences, the input ", keys.extent(0));
    const std::int64_t length = cache.length + keys.extent(1);
    if (length > cache.k.extent(1)) {
      grow(b, cache.k, cache.length, length);
      grow(b, cache.v, cache.length, length);
    }
    copy_rows<T, B>(b, keys, cache.k, cache.length);
    copy_rows<T, B>(b, values, cache.v, cache.length);
    cache.length = length;
    keys = first_rows<T, B>(cache.k, length);
    values = first_rows<T, B>(cache.v, length);
  }

  template <class T, class B>
  static void grow(B& b, tensor<T, 4, B>& cached, std::int64_t used, std::int64_t needed) {
    const shape<4> old = cached.sizes();
    tensor<T, 4, B> larger(b, {old[0], std::max(2 * old[1], needed), old[2], old[3]});
    copy_rows<T, B>(b, first_rows<T, B>(cached, used), larger, 0);
    cached = std::move(larger);
  }

  template <class T, class B>
  static view_on<const T, 4, B> first_rows(const tensor<T, 4, B>& cached, std::int64_t length) {
    view_on<const T, 4, B> result = cached.read();
    result.extents[1] = length;
    return result;
  }

  /// cached[:, at : at + rows] = source.
  template <class T, class B>
  static void copy_rows(B& b, view_on<const T, 4, B> source, tensor<T, 4, B>& cached,
                        std::int64_t at) {
    const std::int64_t row = source.extent(2) * source.extent(3);
    for (std::int64_t batch = 0; batch < source.extent(0); ++batch) {
      if (source.extent(1) == 0) continue;
      b.copy(cached.data() + (batch * cached.extent(1) + at) * row, source.row(batch, 0, 0),
             static_cast<std::size_t>(source.extent(1) * row) * sizeof(T));
    }
  }
};

static_assert(mixer<attention_mixer>);

RADLADS_MIXER_INSTANCES(attention_mixer);

}  // namespace radlads::layers
