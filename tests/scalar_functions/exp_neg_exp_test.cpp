// SPDX-License-Identifier: Apache-2.0
// Decay of RWKV-6, with and without the floor.

#include "radlads/scalar_functions/exp_neg_exp.hpp"
#include "scalar_functions/check_scalar_function.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace exp_neg_exp_test {

using namespace radlads;

TEST(exp_neg_exp, has_a_floor_of_minus_five) {
  test::check_scalar_function(scalar_functions::exp_neg_exp<>{}, [](long double z) {
    const long double unbounded = -std::exp(z);
    return unbounded > -5 ? unbounded : z * 0 - 5;
  });
}

TEST(exp_neg_exp, has_no_gradient_below_the_floor) {
  const scalar_functions::exp_neg_exp<> function;
  EXPECT_EQ(function.derivative(1.7, function.value(1.7)), 0.0);
  EXPECT_NEAR(function.derivative(1.6, function.value(1.6)), -std::exp(1.6), 1e-14);
}

TEST(exp_neg_exp, without_a_floor_the_decay_is_exact_until_it_vanishes) {
  const scalar_functions::exp_neg_exp<scalar_functions::no_floor> function;
  for (const double z : {-20.0, -1.0, 0.0, 2.0, 5.0, 6.5, 6.7, 8.0, 50.0}) {
    const double log_w = function.value(z);
    EXPECT_NEAR(std::exp(log_w), std::exp(-std::exp(z)), 1e-15) << "at " << z;
    if (z < 6.9) {
      EXPECT_NEAR(log_w / std::exp(z), -1, 1e-14) << "at " << z;
    }
  }
  test::check_scalar_function_limits<float>(function);
  test::check_scalar_function_limits<double>(function);
}

}  // namespace exp_neg_exp_test
