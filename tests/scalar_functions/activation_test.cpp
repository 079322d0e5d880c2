// SPDX-License-Identifier: Apache-2.0
// Activations against their formulas, in extended precision.

#include "radlads/scalar_functions/activation.hpp"
#include "scalar_functions/check_scalar_function.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace activation_test {

using namespace radlads;

TEST(activation, sigmoid_is_the_logistic_function) {
  test::check_scalar_function(scalar_functions::sigmoid{},
                              [](long double z) { return 1 / (1 + std::exp(-z)); });
}

TEST(activation, silu_is_the_argument_times_its_sigmoid) {
  test::check_scalar_function(scalar_functions::silu{},
                              [](long double z) { return z / (1 + std::exp(-z)); });
}

TEST(activation, squared_relu_is_zero_below_zero) {
  test::check_scalar_function(scalar_functions::squared_relu{},
                              [](long double z) { return z > 0 ? z * z : 0 * z; });
}

TEST(activation, hyperbolic_tangent_is_tanh) {
  test::check_scalar_function(scalar_functions::hyperbolic_tangent{},
                              [](long double z) { return std::tanh(z); });
}

}  // namespace activation_test
