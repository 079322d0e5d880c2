// SPDX-License-Identifier: Apache-2.0
// A recurrence that cannot go backward.
// expect: a recurrence needs: template <int K, class S, class X, class DX> static S step_backward

#include "radlads/core/row.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <string_view>

namespace {

struct summing_cell {
  enum : int { r, w, k, inputs };
  static constexpr std::string_view names = "rwk";
  static constexpr int decay = w;
  using form = radlads::recurrence::diagonal;

  template <int K, class S, class X>
  static S step(S (&s)[K], const X& x, S v) {
    for (int j = 0; j < K; ++j) s[j] = s[j] + v * x[k][j];
    return radlads::dot(s, x[r]);
  }
#if !defined(RADLADS_MISTAKE)
  template <int K, class S, class X, class DX>
  static S step_backward(const S (&)[K], const X&, S v, S, S (&)[K], DX&) {
    return v;
  }
#endif
};

static_assert(radlads::recurrence::check_recurrence<summing_cell>());

}  // namespace
