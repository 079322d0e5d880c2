// SPDX-License-Identifier: Apache-2.0
#pragma once
// Mamba-2's recurrence, one state row: gated linear attention whose decay g is a per-token scalar.
// With Mamba-2's names r is C, k is B, g is Delta A, and v is Delta x. RetNet is the case where g
// depends on the head alone.
//   S_t = exp(g_t) S_{t-1} + v_t k_t^T,   y_t = S_t r_t                      (Dao and Gu 2024)

#include "radlads/core/config.hpp"
#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace radlads::recurrence {

/// Recurrence of Mamba-2 and RetNet. Inputs r, k: (B, T, H, K), and g, the decay's logarithm: (B,
/// T, H, 1). Scales of the query and what skips the recurrence belong to the caller.
struct mamba2 {
  enum : int { r, k, vectors, g = vectors, inputs };
  static constexpr std::string_view names = "rkg";
  static constexpr int decay = g;
  using form = diagonal_by_token;

  template <int K, class S, class X>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step(S (&s)[K], const X& x, S v) {
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) s[j] = s[j] * x[g][0] + v * x[k][j];
    return dot(s, x[r]);
  }

  template <int K, class S, class X, class DX>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step_backward(const S (&s)[K], const X& x, S v, S dy,
                                                            S (&ds)[K], DX& dx) {
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(r, j, (s[j] * x[g][0] + v * x[k][j]) * dy);
      ds[j] += dy * x[r][j];
    }
    S dv = dot(ds, x[k]);
    dx.add(g, 0, dot(ds, s));
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(k, j, ds[j] * v);
      ds[j] = ds[j] * x[g][0];
    }
    return dv;
  }
};

static_assert(check_recurrence<mamba2>());

}  // namespace radlads::recurrence
