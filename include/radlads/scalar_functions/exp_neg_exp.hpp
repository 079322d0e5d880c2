// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decay of RWKV-6 and RAD-RWKV6: w = exp(-exp(z)), its logarithm bounded from below.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/scalar_functions/concepts.hpp"

#include <cmath>
#include <complex>

namespace radlads::scalar_functions {

/// The floor that is none: e^-1000 is zero in double, so the bound changes no decay.
inline constexpr int no_floor = -1000;

/// Natural logarithm of the decay: log w = max(-e^z, Floor). The derivative is zero at the floor.
/// RAD-RWKV6 bounds it at -5, RWKV-6 does not.
template <int Floor = -5>
struct exp_neg_exp {
  static_assert(Floor < 0 && Floor >= no_floor, "the floor of log w lies in [-1000, 0)");

  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    using std::exp;
    // e^7 = 1097 is beyond every floor, so the bound on z only keeps e^z finite.
    const Z rate = exp(select_at_least(z, 7, constant<Z>(7), z));
    // Asked in this direction, NaN is kept.
    return select_at_least(rate, -Floor, constant<Z>(Floor), constant<Z>(0) - rate);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z&, const Z& value) {
    const Z zero = constant<Z>(0);
    return select_at_least(zero - value, -Floor, zero, value);
  }
};

static_assert(scalar_function<exp_neg_exp<>> && scalar_function<exp_neg_exp<no_floor>>);

}  // namespace radlads::scalar_functions
