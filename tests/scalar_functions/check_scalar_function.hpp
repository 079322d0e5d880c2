// SPDX-License-Identifier: Apache-2.0
#pragma once
// What holds for every scalar function: its value against a formula in extended precision, its
// derivative against the complex step, lanes against scalars, and finite numbers for any
// argument.

#include "radlads/core/cpu/lanes.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace radlads::test {

/// Arguments from -100 to 100, dense around zero.
inline std::vector<double> function_arguments() {
  std::vector<double> arguments = {0};
  for (double z = 1e-3; z < 110; z *= 1.37) {
    arguments.push_back(z);
    arguments.push_back(-z);
  }
  return arguments;
}

/// |found - expected| within the tolerance of sums in T, relative to `expected`.
template <class T>
void expect_near_value(double found, double expected, double z) {
  const double smallest = static_cast<double>(std::numeric_limits<T>::min());
  EXPECT_LE(std::abs(found - expected), order_tolerance<T> * std::abs(expected) + smallest)
      << "found " << found << ", expected " << expected << " at " << z;
}

template <class T, class G, class F>
void check_scalar_function_values(const G& function, const F& formula) {
  const std::vector<double> arguments = function_arguments();
  constexpr std::size_t width = lanes<T>::width;
  for (std::size_t first = 0; first < arguments.size(); first += width) {
    lanes<T> in_lanes(T(0));
    const std::size_t last = std::min(first + width, arguments.size());
    for (std::size_t i = first; i < last; ++i) {
      in_lanes.value[static_cast<Eigen::Index>(i - first)] = static_cast<T>(arguments[i]);
    }
    const lanes<T> values = function.value(in_lanes);
    const lanes<T> slopes = function.derivative(in_lanes, values);
    for (std::size_t i = first; i < last; ++i) {
      const T z = static_cast<T>(arguments[i]);
      const auto lane = static_cast<Eigen::Index>(i - first);
      const auto expected = static_cast<double>(formula(static_cast<long double>(z)));
      expect_near_value<T>(static_cast<double>(function.value(z)), expected, arguments[i]);
      expect_near_value<T>(static_cast<double>(values.value[lane]), expected, arguments[i]);
      const T slope = function.derivative(z, function.value(z));
      EXPECT_NEAR(static_cast<double>(slopes.value[lane]), static_cast<double>(slope),
                  order_tolerance<T> * (1 + std::abs(static_cast<double>(slope))));
    }
  }
}

template <class T, class G>
void check_scalar_function_limits(const G& function) {
  for (const double size : {88.0, 90.0, 104.0, 709.0, 746.0, 1e4, 1e15}) {
    for (const T z : {static_cast<T>(size), static_cast<T>(-size)}) {
      const T value = function.value(z);
      const lanes<T> in_lanes = function.value(lanes<T>(z));
      EXPECT_TRUE(std::isfinite(value)) << "at " << z;
      EXPECT_TRUE(std::isfinite(function.derivative(z, value))) << "at " << z;
      EXPECT_TRUE(std::isfinite(in_lanes.value[0])) << "at " << z;
      EXPECT_TRUE(std::isfinite(function.derivative(lanes<T>(z), in_lanes).value[0])) << "at " << z;
    }
  }
  const T nothing = std::numeric_limits<T>::quiet_NaN();
  EXPECT_TRUE(std::isnan(function.value(nothing)));
  EXPECT_TRUE(std::isnan(function.value(lanes<T>(nothing)).value[0]));
}

/// The scalar function against `formula`, a function of long double.
template <class G, class F>
void check_scalar_function(const G& function, const F& formula) {
  check_scalar_function_values<float>(function, formula);
  check_scalar_function_values<double>(function, formula);
  check_scalar_function_limits<float>(function);
  check_scalar_function_limits<double>(function);
  for (const double z : function_arguments()) {
    const double slope = complex_step([&](const auto& x) { return function.value(x[0]); }, {z})[0];
    EXPECT_NEAR(function.derivative(z, function.value(z)), slope,
                gradient_tolerance * std::abs(slope) + order_tolerance<double>)
        << "at " << z;
    const complex point(z, 1e-50);
    const complex value = function.value(lanes<complex>(point)).value[1];
    EXPECT_NEAR(value.imag() / 1e-50, slope, gradient_tolerance * std::abs(slope)) << "at " << z;
  }
}

}  // namespace radlads::test
