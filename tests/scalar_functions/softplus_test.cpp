// SPDX-License-Identifier: Apache-2.0
// Softplus and the logarithm it is made of.

#include "radlads/scalar_functions/softplus.hpp"
#include "scalar_functions/check_scalar_function.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace softplus_test {

using namespace radlads;

TEST(softplus, is_the_logarithm_of_one_plus_the_exponential) {
  test::check_scalar_function(scalar_functions::softplus{}, [](long double z) {
    return z > 0 ? z + std::log1p(std::exp(-z)) : std::log1p(std::exp(z));
  });
}

TEST(softplus, log_one_plus_keeps_the_digits_of_small_arguments) {
  for (double e = 1; e > 1e-30; e *= 0.83) {
    const double expected = std::log1p(e);
    EXPECT_NEAR(scalar_functions::log_one_plus(e) / expected, 1, 1e-14) << "at " << e;
    const float single = static_cast<float>(e);
    EXPECT_NEAR(scalar_functions::log_one_plus(single) / std::log1p(single), 1, 2e-6) << "at " << e;
  }
}

}  // namespace softplus_test
