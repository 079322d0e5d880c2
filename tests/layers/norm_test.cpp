// SPDX-License-Identifier: Apache-2.0
#include "layers/layer_case.hpp"
#include "radlads/layers/norm.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace radlads::test {
namespace norm_test {

using layers::rms_norm;

TEST(rms_norm, gradients) {
  check_layer<rms_norm>({.width = 1, .epsilon = 0.5}, 3, 1);
  check_layer<rms_norm>({.width = 7}, 5, 7);
  check_layer<rms_norm>({.width = 33, .epsilon = 1e-5}, 2, 33);
}

TEST(rms_norm, no_rows) { check_no_rows<rms_norm>({.width = 7}, 7); }

TEST(rms_norm, divides_by_the_root_of_the_mean_square_and_the_epsilon) {
  cpu_backend b({.threads = 2, .poison = true});
  // Mean squares (9 + 16 + 25 + 0) / 4 = 12.5 and 0; with epsilon 12.5 the roots are 5 and
  // sqrt 12.5.
  const named_values<double> point{{"x", {3, 4, -5, 0, 0, 0, 0, 0}}, {"weight", {1, 10, 2, 3}}};
  layer_run<rms_norm, double> run(b, {.width = 4, .epsilon = 12.5}, 2, 4, point);
  run.loss();
  EXPECT_LT(relative_error(values_of(run.y), std::vector<double>{0.6, 8, -2, 0, 0, 0, 0, 0}),
            1e-15);
}

}  // namespace norm_test
}  // namespace radlads::test
