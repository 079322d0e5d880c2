// SPDX-License-Identifier: Apache-2.0
#include "layers/layer_case.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/linear.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace radlads::test {
namespace linear_test {

using layers::linear;

static_assert(layers::layer<linear>);

TEST(linear, gradients) {
  check_layer<linear>({.in = 1, .out = 1, .has_bias = true}, 1, 1);
  check_layer<linear>({.in = 5, .out = 3, .has_bias = true}, 7, 5);
  check_layer<linear>({.in = 19, .out = 33, .has_bias = false}, 4, 19);
}

TEST(linear, no_rows) { check_no_rows<linear>({.in = 5, .out = 3, .has_bias = true}, 5); }

TEST(linear, the_weight_is_stored_out_by_in) {
  cpu_backend b({.threads = 2, .poison = true});
  const named_values<float> point{
      {"x", {1, 10}}, {"weight", {1, 2, 3, 4, 5, 6}}, {"bias", {7, 8, 9}}};
  layer_run<linear, float> run(b, {.in = 2, .out = 3, .has_bias = true}, 1, 2, point);
  run.loss();
  EXPECT_EQ(values_of(run.y), (std::vector<float>{28, 51, 74}));
}

TEST(linear, a_bias_that_is_not_wanted_is_no_parameter) {
  cpu_backend b({.threads = 2, .poison = true});
  linear::params<float, cpu_backend> p;
  p.allocate(b, {.in = 2, .out = 3, .has_bias = false});
  EXPECT_EQ(values_by_name<float>(p).count("bias"), 0u);
  EXPECT_EQ(parameter_count(p), 6);
}

}  // namespace linear_test
}  // namespace radlads::test
