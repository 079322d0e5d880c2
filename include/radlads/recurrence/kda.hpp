// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kimi Delta Attention's recurrence, one state row. Every key channel has a decay w of its own;
// what the decayed state already answers to the key is taken from the value.
//   S'_t = S_{t-1} diag(w_t),   S_t = S'_t + b_t (v_t - S'_t k_t) k_t^T,   y_t = S_t r_t
//                                                                             (Kimi Team 2025)

#include "radlads/core/config.hpp"
#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace radlads::recurrence {

/// Recurrence of Kimi Delta Attention. Inputs r, w, k: (B, T, H, K), w as its logarithm, and b: (B,
/// T, H, 1). Keys are expected with length one; scales of the query belong to the caller.
struct kda {
  enum : int { r, w, k, vectors, b = vectors, inputs };
  static constexpr std::string_view names = "rwkb";
  static constexpr int decay = w;
  using form = delta_rule;

  template <int K, class S, class X>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step(S (&s)[K], const X& x, S v) {
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) s[j] = s[j] * x[w][j];
    const S n = (v - dot(s, x[k])) * x[b][0];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) s[j] = s[j] + n * x[k][j];
    return dot(s, x[r]);
  }

  template <int K, class S, class X, class DX>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step_backward(const S (&s)[K], const X& x, S v, S dy,
                                                            S (&ds)[K], DX& dx) {
    S decayed[K];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) decayed[j] = s[j] * x[w][j];
    const S rest = v - dot(decayed, x[k]);
    const S n = rest * x[b][0];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(r, j, (decayed[j] + n * x[k][j]) * dy);
      ds[j] += dy * x[r][j];
    }
    const S dn = dot(ds, x[k]);
    S drest = dn * x[b][0];
    dx.add(b, 0, dn * rest);
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(k, j, ds[j] * n - drest * decayed[j]);
      ds[j] = ds[j] - drest * x[k][j];
      dx.add(w, j, ds[j] * s[j]);
      ds[j] = ds[j] * x[w][j];
    }
    return drest;
  }
};

static_assert(check_recurrence<kda>());

}  // namespace radlads::recurrence
