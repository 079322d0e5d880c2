// SPDX-License-Identifier: Apache-2.0
#pragma once
// What every mixer of this library shares with softmax attention: the q, k, v and o projections,
// the per-head norms of Qwen3 and the rotary position. Their tensors keep the names of the
// teacher's files.

#include "radlads/core/parameters.hpp"
#include "radlads/layers/initialise.hpp"
#include "radlads/layers/linear.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/norm.hpp"
#include "radlads/ops/repeat_heads.hpp"
#include "radlads/ops/rope.hpp"

#include <cstdint>
#include <string_view>

namespace radlads::layers {

/// The four projections and the optional head norms.
struct projections {
  template <class T, class B>
  struct params {
    linear::params<T, B> q, k, v, o;
    tensor<T, 1, B> q_norm, k_norm;  // (K), empty unless qk_norm

    void allocate(B& b, const mixer_config& c) {
      q.allocate(b, {c.hidden, c.attention_width(), c.qkv_bias});
      k.allocate(b, {c.hidden, c.kv_width(), c.qkv_bias});
      v.allocate(b, {c.hidden, c.kv_width(), c.qkv_bias});
      o.allocate(b, {c.attention_width(), c.hidden, c.output_bias});
      if (!c.qk_norm) return;
      q_norm.resize(b, {c.head_size});
      k_norm.resize(b, {c.head_size});
    }

    template <class F, class... P>
    static void for_each(F&& f, P&... p) {
      for_each_linear(f, "q_proj.", p.q...);
      for_each_linear(f, "k_proj.", p.k...);
      for_each_linear(f, "v_proj.", p.v...);
      for_each_linear(f, "o_proj.", p.o...);
      visit(f, {"q_norm.weight", tensor_role::norm}, p.q_norm...);
      visit(f, {"k_norm.weight", tensor_role::norm}, p.k_norm...);
    }

   private:
    template <class F, class... P>
    static void for_each_linear(F&& f, std::string_view prefix, P&... p) {
      linear::params<T, B>::for_each(
          [&](tensor_info info, auto&... each) {
            info.purpose = tensor_purpose::projection;
            f(info.within(prefix), each...);
          },
          p...);
    }
  };

  /// Random weights for training from scratch: normal with deviation 0.02, biases 0, norms 1.
  template <class T, class B>
  static void initialise(B& b, params<T, B>& p, const tensor_source& source) {
    params<T, B>::for_each(
        [&](const tensor_info& info, auto& each) {
          const bool is_norm = info.role == tensor_role::norm;
          if (is_norm || info.role == tensor_role::bias) {
            fill_constant(b, each, is_norm ? 1.0 : 0.0);
          } else {
            fill_normal(b, each, 0.02, source.of(info.name));
          }
        },
        p);
  }

  /// One of receptance, query or key on its way from the projection to the mixer.
  template <class T, class B>
  struct saved_heads {
    tensor<T, 2, B> projected;              // (N, H K), only kept with a head norm
    tensor<accumulate_t<T>, 1, B> inverse;  // (N H)
    tensor<T, 4, B> heads;                  // (B, T, H, K), normalised and rotated
  };

  /// heads = rope(norm(x W^T + b)); x is (N, C), `sizes` (B, T, H, K).
  template <class T, class B>
  static void forward_heads(B& b, const mixer_config& c, const linear::params<T, B>& p,
                            const tensor<T, 1, B>& norm, view_on<const T, 2, B> x,
                            const shape<4>& sizes, const ops::position<B>& position,
                            saved_heads<T, B>& s) {
    const shape<2> rows{x.extent(0), sizes[2] * sizes[3]};
    const shape<2> per_head{x.extent(0) * sizes[2], sizes[3]};
    s.heads.resize(b, sizes);
    if (c.qk_norm) {
      s.projected.resize(b, rows);
      s.inverse.resize(b, {per_head[0]});
      ops::linear<T>(b, p.weight, p.bias, x, s.projected);
      ops::rms_norm_forward<T>(b, c.norm_epsilon, norm, reshape<2>(s.projected.read(), per_head),
                               reshape<2>(s.heads.whole(), per_head), s.inverse);
    } else {
      ops::linear<T>(b, p.weight, p.bias, x, reshape<2>(s.heads.whole(), rows));
    }
    if (c.use_rope) ops::rope<T>(b, {c.rope_base, c.rope_scaling}, position, +1, s.heads, s.heads);
  }

  /// Takes dheads, which it overwrites, back through rotation and norm. The result, (N, H K), is
  /// the gradient of the projection's output and lives in dheads or in `dprojected`.
  template <class T, class B>
  static view_on<const T, 2, B> backward_heads(B& b, const mixer_config& c,
                                               const tensor<T, 1, B>& norm,
                                               const saved_heads<T, B>& s, view_on<T, 4, B> dheads,
                                               view_on<T, 2, B> dprojected,
                                               tensor<T, 1, B>& dnorm) {
    if (c.use_rope) ops::rope<T>(b, {c.rope_base, c.rope_scaling}, 0, -1, dheads, dheads);
    const shape<2> rows{dheads.extent(0) * dheads.extent(1), dheads.extent(2) * dheads.extent(3)};
    if (!c.qk_norm) return reshape<2>(dheads, rows);
    const shape<2> per_head{rows[0] * dheads.extent(2), dheads.extent(3)};
    ops::rms_norm_backward<T>(b, norm, reshape<2>(s.projected.read(), per_head), s.inverse,
                              reshape<2>(dheads, per_head), reshape<2>(dprojected, per_head),
                              dnorm);
    return dprojected;
  }
};

/// to (B, T, H, K) = from (B, T, Hkv, K), each head copied to its group.
template <class T, class B>
void repeat(B& b, const tensor<T, 4, B>& from, tensor<T, 4, B>& to) {
  const shape<4> f = from.sizes(), t = to.sizes();
  ops::repeat_heads_forward<T>(b, reshape<3>(from.read(), {f[0] * f[1], f[2], f[3]}),
                               reshape<3>(to.whole(), {t[0] * t[1], t[2], t[3]}));
}

/// Backward of repeat: sums over each group. Overwrites dfrom.
template <class T, class B>
void repeat_backward(B& b, view_on<const T, 4, B> dto, view_on<T, 4, B> dfrom) {
  const shape<4> f = dfrom.sizes(), t = dto.sizes();
  ops::repeat_heads_backward<T>(b, reshape<3>(dto, {t[0] * t[1], t[2], t[3]}),
                                reshape<3>(dfrom, {f[0] * f[1], f[2], f[3]}));
}

}  // namespace radlads::layers
