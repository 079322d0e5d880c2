// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recurrence of RWKV-7, one state row. The rank-one term reads the undecayed previous state.
//   S_t = S_{t-1} (diag(w_t) + a_t b_t^T) + v_t k_t^T,   y_t = S_t r_t                (Peng et al.
//   2025)

#include "radlads/core/config.hpp"
#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace radlads::recurrence {

/// Recurrence of RWKV-7. Inputs r, w, k, a, b: (B, T, H, K), w as its logarithm.
struct rwkv7 {
  enum : int { r, w, k, a, b, inputs };
  static constexpr std::string_view names = "rwkab";
  static constexpr int decay = w;
  using form = diagonal_plus_rank_one;

  template <int K, class S, class X>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step(S (&s)[K], const X& x, S v) {
    const S u = dot(s, x[a]);
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) s[j] = s[j] * x[w][j] + u * x[b][j] + v * x[k][j];
    return dot(s, x[r]);
  }

  template <int K, class S, class X, class DX>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step_backward(const S (&s)[K], const X& x, S v, S dy,
                                                            S (&ds)[K], DX& dx) {
    const S u = dot(s, x[a]);
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      const S after = s[j] * x[w][j] + u * x[b][j] + v * x[k][j];
      dx.add(r, j, after * dy);
      ds[j] += dy * x[r][j];
    }
    const S du = dot(ds, x[b]);
    S dv = dot(ds, x[k]);
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(w, j, ds[j] * s[j]);
      dx.add(k, j, ds[j] * v);
      dx.add(a, j, s[j] * du);
      dx.add(b, j, ds[j] * u);
      ds[j] = ds[j] * x[w][j] + du * x[a][j];
    }
    return dv;
  }
};

static_assert(check_recurrence<rwkv7>());

}  // namespace radlads::recurrence
