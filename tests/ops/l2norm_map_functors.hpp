// SPDX-License-Identifier: Apache-2.0
#pragma once
// Functions for the tests of l2norm_map on both backends: with the unit vector and without.

#include "radlads/core/config.hpp"

namespace l2norm_map_test {

/// sum = x + 3 unit_vector z,  product = x unit_vector z^2
struct of_unit_vector {
  static constexpr bool reads_unit_vector = true;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& unit_vector, const X& z, X& sum,
                                      X& product) const {
    sum = x + unit_vector * z * X(3);
    product = x * unit_vector * z * z;
  }
};
struct of_unit_vector_backward {
  static constexpr bool reads_unit_vector = true;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& unit_vector, const X& z, const X& dsum,
                                      const X& dproduct, X& dx, X& dunit_vector, X& dz) const {
    dx = dsum + dproduct * unit_vector * z * z;
    dunit_vector = dsum * z * X(3) + dproduct * x * z * z;
    dz = dsum * unit_vector * X(3) + dproduct * x * unit_vector * z * X(2);
  }
};
/// y = x z
struct scaled_by {
  static constexpr bool reads_unit_vector = false;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& z, X& y) const {
    y = x * z;
  }
};
struct scaled_by_backward {
  static constexpr bool reads_unit_vector = false;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& x, const X& z, const X& dy, X& dx, X& dz) const {
    dx = dy * z;
    dz = dy * x;
  }
};

}  // namespace l2norm_map_test
