// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decay of RWKV-7 and RAD-RWKV7: w = exp(-c sigmoid(z)) with c = e^(-1/2), hence w in (0.545, 1).

#include "radlads/core/config.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "radlads/scalar_functions/concepts.hpp"

namespace radlads::scalar_functions {

/// Natural logarithm of the decay: log w = -c sigmoid(z), in (-0.6065, 0).
struct exp_neg_sigmoid {
  static constexpr double c = 0.60653065971263342360;

  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    return constant<Z>(-c) * sigmoid::value(z);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z&, const Z& value) {
    return value * (constant<Z>(1) + value * constant<Z>(1 / c));
  }
};

static_assert(scalar_function<exp_neg_sigmoid>);

}  // namespace radlads::scalar_functions
