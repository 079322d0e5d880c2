// SPDX-License-Identifier: Apache-2.0
#pragma once
// A scalar function: a function of one number and its derivative, written once for float, double,
// complex numbers and lanes. Applying one to a tensor belongs to ops/map.hpp.

#include "radlads/core/config.hpp"

#include <concepts>
#include <utility>

namespace radlads::scalar_functions {

/// A scalar function and its derivative; derivative(z, value) is given value(z) and may use either.
template <class G>
concept scalar_function = requires(const G& g, double z, float y) {
  { g.value(z) } -> std::same_as<double>;
  { g.derivative(z, z) } -> std::same_as<double>;
  { g.value(y) } -> std::same_as<float>;
  { g.derivative(y, y) } -> std::same_as<float>;
};

/// The constant as a scalar or in every lane.
template <class Z>
RADLADS_HOST_DEVICE RADLADS_INLINE Z constant(double number) {
  if constexpr (requires(const Z& z) { z.sum(); }) {
    return Z(static_cast<decltype(std::declval<const Z&>().sum())>(number));
  } else {
    return static_cast<Z>(number);
  }
}

}  // namespace radlads::scalar_functions
