// SPDX-License-Identifier: Apache-2.0
#pragma once
// Activations: logistic sigmoid, silu, squared relu, hyperbolic tangent.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/scalar_functions/concepts.hpp"

#include <cmath>
#include <complex>

namespace radlads::scalar_functions {

/// 1 / (1 + e^-z).
struct sigmoid {
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    using std::exp;
    const Z zero = constant<Z>(0), one = constant<Z>(1);
    // The exponent is -|z|: e^z of a large z would be infinite, and infinity over infinity NaN.
    const Z e = exp(select_at_least(z, 0, zero - z, z));
    return select_at_least(z, 0, one, e) / (one + e);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z&, const Z& value) {
    return value * (constant<Z>(1) - value);
  }
};

/// z sigmoid(z).
struct silu {
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    return z * sigmoid::value(z);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z& z, const Z& value) {
    const Z s = sigmoid::value(z);
    return s + value * (constant<Z>(1) - s);
  }
};

/// max(z, 0)^2.
struct squared_relu {
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    const Z positive = relu(z);
    return positive * positive;
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z& z, const Z&) {
    const Z positive = relu(z);
    return positive + positive;
  }

 private:
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z relu(const Z& z) {
    const Z zero = constant<Z>(0);
    // Asked in this direction, NaN is kept.
    return select_at_least(zero - z, 0, zero, z);
  }
};

/// tanh(z).
struct hyperbolic_tangent {
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z value(const Z& z) {
    using std::tanh;
    return tanh(z);
  }
  template <class Z>
  RADLADS_HOST_DEVICE RADLADS_INLINE static Z derivative(const Z&, const Z& value) {
    return constant<Z>(1) - value * value;
  }
};

static_assert(scalar_function<sigmoid> && scalar_function<silu> && scalar_function<squared_relu> &&
              scalar_function<hyperbolic_tangent>);

}  // namespace radlads::scalar_functions
