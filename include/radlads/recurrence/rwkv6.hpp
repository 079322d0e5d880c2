// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recurrence of RWKV-6, one state row. The token is read before it is written, with its own
// bonus u.
//   y_t = (S_{t-1} + v_t (u k_t)^T) r_t,   S_t = S_{t-1} diag(w_t) + v_t k_t^T      (Peng et al.
//   2024)

#include "radlads/core/config.hpp"
#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace radlads::recurrence {

/// Recurrence of RWKV-6. Inputs r, w, k, u: (B, T, H, K), w as its logarithm. Scales of the query
/// belong to the caller. The bonus u is one row a head: a view whose strides of batch and time are
/// zero, its gradient one whose stride of time is zero.
struct rwkv6 {
  enum : int { r, w, k, u, inputs };
  static constexpr std::string_view names = "rwku";
  static constexpr int decay = w;
  using form = diagonal_with_bonus;

  template <int K, class S, class X>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step(S (&s)[K], const X& x, S v) {
    S read[K];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      read[j] = s[j] + v * (x[u][j] * x[k][j]);
      s[j] = s[j] * x[w][j] + v * x[k][j];
    }
    return dot(read, x[r]);
  }

  template <int K, class S, class X, class DX>
  RADLADS_HOST_DEVICE static RADLADS_INLINE S step_backward(const S (&s)[K], const X& x, S v, S dy,
                                                            S (&ds)[K], DX& dx) {
    const S write = v * dy;
    S written[K];
    RADLADS_UNROLL_STATE(K, S)
    for (int j = 0; j < K; ++j) {
      dx.add(r, j, s[j] * dy + write * (x[u][j] * x[k][j]));
      dx.add(u, j, write * (x[r][j] * x[k][j]));
      dx.add(k, j, ds[j] * v + write * (x[r][j] * x[u][j]));
      dx.add(w, j, ds[j] * s[j]);
      written[j] = ds[j] + dy * (x[r][j] * x[u][j]);
      ds[j] = ds[j] * x[w][j] + dy * x[r][j];
    }
    return dot(written, x[k]);
  }
};

static_assert(check_recurrence<rwkv6>());

}  // namespace radlads::recurrence
