// SPDX-License-Identifier: Apache-2.0
#pragma once
// Softplus, log(1 + e^z), accurate for large |z| of either sign.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "radlads/scalar_functions/concepts.hpp"

#include <cmath>
#include <complex>

namespace radlads::scalar_functions {

/// log(1 + e) for e in [0, 1]; relative accuracy also for small e, where 1 + e loses its digits.
template <class Z>
RADLADS_HOST_DEVICE RADLADS_INLINE Z log_one_plus(const Z& e) {
  using std::log;
  // 2 artanh(s) with s = e / (2 + e) <= 1/33 below the switch: the first term left out is s^13
  // / 13.
  const Z s = e / (constant<Z>(2) + e);
  const Z q = s * s;
  Z series = constant<Z>(2.0 / 11);
  series = series * q + constant<Z>(2.0 / 9);
  series = series * q + constant<Z>(2.0 / 7);
  series = series * q + constant<Z>(2.0 / 5);
  series = series * q + constant<Z>(2.0 / 3);
  series = series * q + constant<Z>(2);
  return select_at_least(e, 0.0625, log(constant<Z>(1) + e), series * s);
}

/// log(1 + e^z).
struct softplus {
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    using std::exp;
    const Z zero = constant<Z>(0);
    // max(z, 0) + log(1 + e^-|z|): e^z of a large z would be infinite.
    const Z e = exp(select_at_least(z, 0, zero - z, z));
    return select_at_least(z, 0, z, zero) + log_one_plus(e);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z& z, const Z&) {
    return sigmoid::value(z);
  }
};

static_assert(scalar_function<softplus>);

}  // namespace radlads::scalar_functions
