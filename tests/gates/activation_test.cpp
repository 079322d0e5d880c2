// SPDX-License-Identifier: Apache-2.0
// Activations against their formulas, in extended precision.

#include "gates/check_gate.hpp"
#include "radlads/gates/activation.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace activation_test {

using namespace radlads;

TEST(activation, sigmoid_is_the_logistic_function) {
  test::check_gate(gates::sigmoid{}, [](long double z) { return 1 / (1 + std::exp(-z)); });
}

TEST(activation, silu_is_the_argument_times_its_sigmoid) {
  test::check_gate(gates::silu{}, [](long double z) { return z / (1 + std::exp(-z)); });
}

TEST(activation, squared_relu_is_zero_below_zero) {
  test::check_gate(gates::squared_relu{}, [](long double z) { return z > 0 ? z * z : 0 * z; });
}

TEST(activation, tanh_gate_is_the_hyperbolic_tangent) {
  test::check_gate(gates::tanh_gate{}, [](long double z) { return std::tanh(z); });
}

}  // namespace activation_test
