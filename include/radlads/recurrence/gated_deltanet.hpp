// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gated DeltaNet's recurrence, one state row. Decay g and beta, here b, are per-token scalars; what
// the decayed state already answers to the key is taken from the value.
//   S'_t = exp(g_t) S_{t-1},   S_t = S'_t + b_t (v_t - S'_t k_t) k_t^T,   y_t = S_t r_t
//                                                                                 (Yang et al.
//                                                                                 2025)

#include "radlads/core/config.hpp"
#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace radlads::recurrence {

/// Recurrence of Gated DeltaNet. Inputs r, k: (B, T, H, K); g, the decay's logarithm, and b: (B, T,
/// H, 1). Keys are expected with length one; scales of the query belong to the caller.
struct gated_deltanet {
  enum : int { r, k, vectors, g = vectors, b, inputs };
  static constexpr std::string_view names = "rkgb";
  static constexpr int decay = g;
  using form = delta_rule_by_token;

  template <int K, class S, class X>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step(S (&s)[K], const X& x, S v) {
    const S n = (v - dot(s, x[k]) * x[g][0]) * x[b][0];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) s[j] = s[j] * x[g][0] + n * x[k][j];
    return dot(s, x[r]);
  }

  template <int K, class S, class X, class DX>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step_backward(const S (&s)[K], const X& x, S v, S dy,
                                                            S (&ds)[K], DX& dx) {
    const S rest = v - dot(s, x[k]) * x[g][0];
    const S n = rest * x[b][0];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(r, j, (s[j] * x[g][0] + n * x[k][j]) * dy);
      ds[j] += dy * x[r][j];
    }
    const S dn = dot(ds, x[k]);
    S drest = dn * x[b][0];
    dx.add(b, 0, dn * rest);
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(k, j, ds[j] * n - drest * (s[j] * x[g][0]));
      ds[j] = ds[j] - drest * x[k][j];
    }
    dx.add(g, 0, dot(ds, s));
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) ds[j] = ds[j] * x[g][0];
    return drest;
  }
};

static_assert(check_recurrence<gated_deltanet>());

}  // namespace radlads::recurrence
