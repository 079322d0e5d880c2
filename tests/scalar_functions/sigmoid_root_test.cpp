// SPDX-License-Identifier: Apache-2.0
// Decay of gated linear attention.

#include "radlads/scalar_functions/sigmoid_root.hpp"
#include "scalar_functions/check_scalar_function.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace sigmoid_root_test {

using namespace radlads;

TEST(sigmoid_root, is_a_sixteenth_of_the_logarithm_of_the_sigmoid) {
  test::check_scalar_function(scalar_functions::sigmoid_root<>{}, [](long double z) {
    return (z < 0 ? z - std::log1p(std::exp(z)) : -std::log1p(std::exp(-z))) / 16;
  });
}

TEST(sigmoid_root, takes_another_root) {
  const scalar_functions::sigmoid_root<3> function;
  const double w = std::exp(function.value(0.7));
  EXPECT_NEAR(w * w * w, 1 / (1 + std::exp(-0.7)), 1e-14);
}

}  // namespace sigmoid_root_test
