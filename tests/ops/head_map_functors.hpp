// SPDX-License-Identifier: Apache-2.0
#pragma once
// Functions for the tests of head_map on both backends: with the unit vector and without.

#include "radlads/core/config.hpp"

namespace head_map_test {

/// sum = x + 3 unit z,  product = x unit z^2
struct of_unit {
  static constexpr bool reads_unit = true;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& unit, const X& z, X& sum,
                                      X& product) const {
    sum = x + unit * z * X(3);
    product = x * unit * z * z;
  }
};
struct of_unit_backward {
  static constexpr bool reads_unit = true;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& unit, const X& z, const X& dsum,
                                      const X& dproduct, X& dx, X& dunit, X& dz) const {
    dx = dsum + dproduct * unit * z * z;
    dunit = dsum * z * X(3) + dproduct * x * z * z;
    dz = dsum * unit * X(3) + dproduct * x * unit * z * X(2);
  }
};
/// y = x z
struct scaled_by {
  static constexpr bool reads_unit = false;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& z, X& y) const {
    y = x * z;
  }
};
struct scaled_by_backward {
  static constexpr bool reads_unit = false;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& z, const X& dy, X& dx, X& dz) const {
    dx = dy * z;
    dz = dy * x;
  }
};

}  // namespace head_map_test
