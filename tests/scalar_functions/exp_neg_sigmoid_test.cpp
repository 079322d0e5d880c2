// SPDX-License-Identifier: Apache-2.0
// Decay of RWKV-7 against the two ways in which its papers write it.

#include "radlads/scalar_functions/exp_neg_sigmoid.hpp"
#include "scalar_functions/check_scalar_function.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace exp_neg_sigmoid_test {

using namespace radlads;

TEST(exp_neg_sigmoid, is_minus_the_exponential_of_minus_half_minus_softplus) {
  test::check_scalar_function(scalar_functions::exp_neg_sigmoid{}, [](long double z) {
    const long double softplus = z < 0 ? -z + std::log1p(std::exp(z)) : std::log1p(std::exp(-z));
    return -std::exp(-0.5L - softplus);
  });
}

TEST(exp_neg_sigmoid, decay_lies_in_the_range_of_the_paper) {
  EXPECT_NEAR(std::exp(scalar_functions::exp_neg_sigmoid::value(40.0)), 0.545239, 1e-6);
  EXPECT_EQ(std::exp(scalar_functions::exp_neg_sigmoid::value(-40.0)), 1.0);
  // w[0] of the test vector: d = 2 sin(0.2) - 1.
  EXPECT_NEAR(std::exp(scalar_functions::exp_neg_sigmoid::value(2 * std::sin(0.2) - 1)), 0.80690353,
              1e-8);
}

}  // namespace exp_neg_sigmoid_test
