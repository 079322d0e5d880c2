// SPDX-License-Identifier: Apache-2.0
#pragma once
// Decay of gated linear attention: w = sigmoid(z)^(1 / tau).

#include "radlads/core/config.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "radlads/scalar_functions/concepts.hpp"
#include "radlads/scalar_functions/softplus.hpp"

namespace radlads::scalar_functions {

/// Natural logarithm of the decay: log w = log(sigmoid(z)) / Tau.
template <int Tau = 16>
struct sigmoid_root {
  static_assert(Tau >= 1, "tau is at least one");

  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    return constant<Z>(-1.0 / Tau) * softplus::value(constant<Z>(0) - z);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z& z, const Z&) {
    return constant<Z>(1.0 / Tau) * sigmoid::value(constant<Z>(0) - z);
  }
};

static_assert(scalar_function<sigmoid_root<>>);

}  // namespace radlads::scalar_functions
