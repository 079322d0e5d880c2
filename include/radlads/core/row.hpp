// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sums over one row of recurrent state, with four independent chains so that additions overlap.

#include "radlads/core/config.hpp"

namespace radlads {

/// sum_j s[j] * x[j] over K entries; S is the cell's scalar (lanes on the CPU), X indexes
/// scalars.
template <int K, class S, class X>
RADLADS_HOST_DEVICE RADLADS_INLINE S dot(const S (&s)[K], const X& x) {
  static_assert(K % 4 == 0, "rows come padded to a multiple of four");
  S chain[4] = {s[0] * x[0], s[1] * x[1], s[2] * x[2], s[3] * x[3]};
  RADLADS_UNROLL_STATE(K / 4, S[4])
  for (int j = 4; j < K; j += 4) {
    RADLADS_UNROLL
    for (int i = 0; i < 4; ++i) chain[i] += s[j + i] * x[j + i];
  }
  return (chain[0] + chain[1]) + (chain[2] + chain[3]);
}

}  // namespace radlads
