// SPDX-License-Identifier: Apache-2.0
#pragma once
// From gradients of a chunk's scaled vectors to those of a recurrence's inputs. Formulas stand in
// chunk_gradient.cuh.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/cuda/chunk_gradient.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"

#include <cstdint>

namespace radlads::recurrence::chunkwise {

/// Gradient of the bonus for this thread's keys, over the chunks of a block. Empty without one.
template <class Form>
struct bonus_gradient {};
template <>
struct bonus_gradient<diagonal_with_bonus> {
  float u[2][2] = {};

  /// Adds up the tokens that other threads had and calls put(column, two sums) in one of eight.
  template <class F>
  __device__ void store(F&& put) {
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    RADLADS_UNROLL_ROW
    for (int half = 0; half < 2; ++half) {
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 2; ++i) {
        RADLADS_UNROLL_ROW
        for (int bit = 4; bit < 32; bit *= 2) u[half][i] += __shfl_xor_sync(~0u, u[half][i], bit);
      }
      if (lane < 4) put(warp * 16 + half * 8 + lane * 2, u[half][0], u[half][1]);
    }
  }
};

/// The inputs of one token and key, and what became of them.
struct key_of_token {
  float g, decay;        // g and the decay's logarithm, to base 2
  float r, k;            // as given
  float q, right, a, b;  // scaled: q', k', a', b'
};
/// Gradients of the same; `gamma` is (q' dq' - k' dk' - b' db' + a' da'), `own` what of it the
/// token's own decay does not move.
struct key_gradient {
  float r, k, a, b, gamma, own;
};

/// `rest` is (u, dy v) of a bonus or (beta, -); `rest_gradient` gets what the key adds to the
/// gradient of the bonus or of beta.
template <class Form>
__device__ inline key_gradient gradient_of_key(const key_of_token& x, float dq, float dk, float da,
                                               float db, [[maybe_unused]] float first_rest,
                                               [[maybe_unused]] float second_rest,
                                               [[maybe_unused]] float& rest_gradient) {
  const float exp_g = exp2_of(x.g), exp_neg_g = exp2_of(-x.g);
  key_gradient d{};
  d.gamma = x.q * dq - x.right * dk;
  if constexpr (has_bonus<Form>) {
    d.own = x.q * dq;
    d.r = dq * exp2_of(x.g - x.decay) + second_rest * first_rest * x.k;
    d.k = dk * exp_neg_g + second_rest * first_rest * x.r;
    rest_gradient += second_rest * x.r * x.k;
  } else if constexpr (has_beta<Form>) {
    d.gamma += x.a * da;
    const float written = dk * exp_neg_g;
    d.r = dq * exp_g;
    d.k = first_rest * written - da * exp_g;
    rest_gradient += x.k * written;
  } else {
    d.r = dq * exp_g;
    d.k = dk * exp_neg_g;
    if constexpr (writes_twice<Form>) {
      d.a = da * exp2_of(x.g - x.decay);
      d.b = db * exp_neg_g;
      d.own = x.a * da;
      d.gamma += d.own - x.b * db;
    }
  }
  return d;
}

/// What rounding the scaled vectors took from gamma, as far as S and G have part in it: where a
/// decay is a per-token scalar its gradient is a sum over keys, and needs it. Empty elsewhere.
template <int D, class Form>
struct unrounded_gamma {
  template <class... X>
  __device__ explicit unrounded_gamma(X&&...) {}
};
template <int D, class Form>
requires(has_token_decay<Form>) struct unrounded_gamma<D, Form> {
  float rest[2][4];

  /// With the part of the gradients that S and G have; adds to what sum_written gave.
  __device__ unrounded_gamma(const bf16* raw, const chunk_extras<D, Form>& extras, const bf16* high,
                             const float* sums, const vector_gradients& d, float (&written)[2][2]) {
    constexpr int stride = sizes<D>::stride, tile = sizes<D>::tile;
    const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
    float of_keys[2][2] = {};
    RADLADS_UNROLL_ROW
    for (int n = 0; n < 8; ++n) {
      const int half = n / 4, i = n % 2, token = lane / 4 + n % 4 / 2 * 8;
      const int at = token * stride + warp * 16 + half * 8 + lane % 4 * 2 + i;
      const auto number = [&](const bf16* tiles, int which) {
        return static_cast<float>(tiles[at + which * tile]);
      };
      const float g = sums[at], exp_g = exp2_of(g);
      const float r = number(raw, in_r), k = number(raw, in_k<Form>);
      float written_rest = k * exp2_of(-g), a_rest = 0.0f;
      if constexpr (has_beta<Form>) {
        written_rest *= extras.token[beta<Form>][token];
        a_rest = -k * exp_g - number(high, left_a);
      }
      written_rest = (written_rest - number(high, right_k)) * d.k[half][n % 4];
      rest[half][n % 4] = (r * exp_g - number(high, left_q)) * d.q[half][n % 4] - written_rest +
                          a_rest * d.a[half][n % 4];
      of_keys[half][i] += written_rest;
    }
    RADLADS_UNROLL_ROW
    for (int n = 0; n < 4; ++n) {
      float& sum = of_keys[n / 2][n % 2];
      RADLADS_UNROLL_ROW
      for (int bit = 4; bit < 32; bit *= 2) sum += __shfl_xor_sync(~0u, sum, bit);
      written[n / 2][n % 2] += sum;
    }
  }
};
/// From gradients of the scaled vectors (16 tokens, this warp's keys) to those of the inputs: rows
/// take the inputs' place, the rest goes to `parts` and `du`. `colsum_dS_S` is colsum(G S) by warp
/// tiles, `written` what sum_written gave. The decay's gradient is a difference of large numbers
/// where decays are strong: so each product of a pair of tokens enters both sides with the same
/// rounded factors, and cancels.
template <int D, class Form>
__device__ inline void put_gradients(bf16* raw, const chunk_extras<D, Form>& extras,
                                     const bf16* high, const float* sums, const float* colsum_dS_S,
                                     const float (&written)[2][2], const vector_gradients& d,
                                     const unrounded_gamma<D, Form>& unrounded,
                                     gradient_extras<D, Form>& parts, bonus_gradient<Form>& du) {
  constexpr int stride = sizes<D>::stride, tile = sizes<D>::tile;
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const auto each = [](word pair, int i) {
    return i == 0 ? mma::first_of(pair) : mma::second_of(pair);
  };
  // Of the per-token scalars, for this thread's two rows.
  [[maybe_unused]] float of_token[token_scalars<Form> + 1][2] = {};
  RADLADS_UNROLL_ROW
  for (int half = 0; half < 2; ++half) {
    const int column = warp * 16 + half * 8 + lane % 4 * 2;
    const int at[2] = {lane / 4 * stride + column, (lane / 4 + 8) * stride + column};
    float gamma[4], own[4];
    RADLADS_UNROLL_ROW
    for (int row = 0; row < 2; ++row) {
      bf16* here = raw + at[row];
      [[maybe_unused]] const int token = lane / 4 + 8 * row;
      const auto given = [&](int which) {
        return *reinterpret_cast<const word*>(here + which * tile);
      };
      const auto scaled_at = [&](scaled which) {
        return *reinterpret_cast<const word*>(high + at[row] + which * tile);
      };
      const float2 g = *reinterpret_cast<const float2*>(sums + at[row]);
      const word r = given(in_r), k = given(in_k<Form>), q = scaled_at(left_q),
                 right = scaled_at(right_k);
      word w{}, a{}, b{};
      if constexpr (!has_token_decay<Form>) w = given(in_w);
      if constexpr (has_rank_one<Form>) a = scaled_at(left_a);
      if constexpr (writes_twice<Form>) b = scaled_at(right_b);
      key_gradient out[2];
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 2; ++i) {
        const int n = 2 * row + i;
        float decay = 0.0f, first_rest = 0.0f, second_rest = 0.0f, unused = 0.0f;
        if constexpr (has_token_decay<Form>) {
          decay = decay_of(extras.token[0][token]);
        } else {
          decay = decay_of(each(w, i));
        }
        float* rest_gradient = &unused;
        if constexpr (has_bonus<Form>) {
          first_rest = extras.bonus[column + i];
          second_rest = parts.written[token];
          rest_gradient = &du.u[half][i];
        }
        if constexpr (has_beta<Form>) {
          first_rest = extras.token[beta<Form>][token];
          rest_gradient = &of_token[beta<Form>][row];
        }
        const key_of_token x{i == 0 ? g.x : g.y, decay,          each(r, i), each(k, i),
                             each(q, i),         each(right, i), each(a, i), each(b, i)};
        out[i] = gradient_of_key<Form>(x, d.q[half][n], d.k[half][n], d.a[half][n], d.b[half][n],
                                       first_rest, second_rest, *rest_gradient);
        gamma[n] = out[i].gamma;
        if constexpr (has_token_decay<Form>) gamma[n] += unrounded.rest[half][n];
        own[n] = out[i].own;
      }
      const auto put = [&](int which, float first, float second) {
        *reinterpret_cast<word*>(here + which * tile) = bf16_pair(first, second);
      };
      put(in_r, out[0].r, out[1].r);
      put(in_k<Form>, out[0].k, out[1].k);
      if constexpr (writes_twice<Form>) {
        put(in_a, out[0].a, out[1].a);
        put(in_b, out[0].b, out[1].b);
      }
    }
    float2 behind{written[half][0], written[half][1]};
    RADLADS_UNROLL_ROW
    for (int i = 0; i < sizes<D>::warps; ++i) {
      const float2 part = *reinterpret_cast<const float2*>(colsum_dS_S + i * D + column);
      behind.x += part.x;
      behind.y += part.y;
    }
    RADLADS_UNROLL_ROW
    for (int step = 1; step < 8; step *= 2) {
      RADLADS_UNROLL_ROW
      for (int n = 0; n < 4; ++n) {
        const float later = __shfl_down_sync(~0u, gamma[n], 4 * step);
        gamma[n] += lane / 4 + step < 8 ? later : 0.0f;
      }
    }
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) gamma[i] += __shfl_sync(~0u, gamma[2 + i], lane % 4);
    RADLADS_UNROLL_ROW
    for (int row = 0; row < 2; ++row) {
      const float first = gamma[2 * row] - own[2 * row] + behind.x,
                  second = gamma[2 * row + 1] - own[2 * row + 1] + behind.y;
      if constexpr (has_token_decay<Form>) {
        of_token[0][row] += first + second;
      } else {
        *reinterpret_cast<word*>(raw + in_w * tile + at[row]) = bf16_pair(first, second);
      }
    }
  }
  if constexpr (token_scalars<Form> != 0) {
    RADLADS_UNROLL_ROW
    for (int n = 0; n < 2 * token_scalars<Form>; ++n) {
      float sum = of_token[n / 2][n % 2];
      sum += __shfl_xor_sync(~0u, sum, 1);
      sum += __shfl_xor_sync(~0u, sum, 2);
      if (lane % 4 == 0) parts.part[n / 2][warp][lane / 4 + 8 * (n % 2)] = sum;
    }
  }
}

/// Writes the gradients of a chunk's per-token scalars, a barrier behind put_gradients.
template <int D, class Form>
__device__ inline void store_token_gradients(const gradient_extras<D, Form>& parts,
                                             const head_tensor<bf16> (&din)[inputs<Form>],
                                             std::int64_t b, std::int64_t h, std::int64_t first,
                                             std::int64_t tokens) {
  if constexpr (token_scalars<Form> != 0) {
    const int which = static_cast<int>(threadIdx.x) / chunk,
              row = static_cast<int>(threadIdx.x) % chunk;
    if (which >= token_scalars<Form> || first + row >= tokens) return;
    float sum = 0.0f;
    RADLADS_UNROLL_ROW
    for (int i = 0; i < sizes<D>::warps; ++i) sum += parts.part[which][i][row];
    const auto& to = which == 0 ? din[in_rest<Form>] : din[inputs<Form> - 1];
    *to.at(b, first + row, h) = bf16(sum);
  }
}

}  // namespace radlads::recurrence::chunkwise
