// SPDX-License-Identifier: Apache-2.0
// Decay of Gated DeltaNet: value and the gradients of its three inputs.

#include "radlads/scalar_functions/softplus_rate.hpp"
#include "scalar_functions/check_scalar_function.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <vector>

namespace softplus_rate_test {

using namespace radlads;

constexpr double A = 0.4, b = -0.3;

TEST(softplus_rate, is_minus_the_rate_times_softplus) {
  for (const double z : test::function_arguments()) {
    const long double x = static_cast<long double>(z) + b;
    const long double softplus = x > 0 ? x + std::log1p(std::exp(-x)) : std::log1p(std::exp(x));
    const auto expected = static_cast<double>(-std::exp(static_cast<long double>(A)) * softplus);
    test::expect_near_value<double>(scalar_functions::softplus_rate::value(z, A, b), expected, z);
    const lanes<double> in_lanes = scalar_functions::softplus_rate::value<lanes<double>>(z, A, b);
    test::expect_near_value<double>(in_lanes.value[3], expected, z);
  }
}

TEST(softplus_rate, functors_agree_with_the_complex_step) {
  for (const double z : test::function_arguments()) {
    const std::vector<double> slopes = test::complex_step(
        [](const auto& x) {
          test::complex log_w;
          scalar_functions::softplus_rate::forward{}(x[0], x[1], x[2], log_w);
          return 1.7 * log_w;
        },
        {z, A, b});
    double dz = NAN, dA = NAN;
    scalar_functions::softplus_rate::backward{}(
        z, A, b, scalar_functions::softplus_rate::value(z, A, b), 1.7, dz, dA);
    const double scale = test::gradient_tolerance;
    EXPECT_NEAR(dz, slopes[0], scale * std::abs(slopes[0])) << "at " << z;
    EXPECT_NEAR(dA, slopes[1], scale * std::abs(slopes[1])) << "at " << z;
    EXPECT_NEAR(dz, slopes[2], scale * std::abs(slopes[2])) << "at " << z;
  }
}

}  // namespace softplus_rate_test
