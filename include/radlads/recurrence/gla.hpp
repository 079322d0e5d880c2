// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gated linear attention, one state row. Scales of the query belong to the caller.
//   S_t = S_{t-1} diag(w_t) + v_t k_t^T,   y_t = S_t r_t                           (Yang et al.
//   2024)

#include "radlads/core/config.hpp"
#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace radlads::recurrence {

/// Recurrence of gated linear attention. Inputs r, w, k: (B, T, H, K), w as its logarithm.
struct gla {
  enum : int { r, w, k, inputs };
  static constexpr std::string_view names = "rwk";
  static constexpr int decay = w;
  using form = diagonal;

  template <int K, class S, class X>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step(S (&s)[K], const X& x, S v) {
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) s[j] = s[j] * x[w][j] + v * x[k][j];
    return dot(s, x[r]);
  }

  template <int K, class S, class X, class DX>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step_backward(const S (&s)[K], const X& x, S v, S dy,
                                                            S (&ds)[K], DX& dx) {
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(r, j, (s[j] * x[w][j] + v * x[k][j]) * dy);
      ds[j] += dy * x[r][j];
    }
    S dv = dot(ds, x[k]);
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(w, j, ds[j] * s[j]);
      dx.add(k, j, ds[j] * v);
      ds[j] = ds[j] * x[w][j];
    }
    return dv;
  }
};

static_assert(check_recurrence<gla>());

}  // namespace radlads::recurrence
