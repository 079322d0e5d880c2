// SPDX-License-Identifier: Apache-2.0
#include "layers/layer_case.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/swiglu.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {
namespace swiglu_test {

using layers::swiglu;

static_assert(layers::layer<swiglu>);

TEST(swiglu, gradients) {
  check_layer<swiglu>({.hidden = 1, .intermediate = 1}, 1, 1);
  check_layer<swiglu>({.hidden = 6, .intermediate = 17}, 5, 6);
  check_layer<swiglu>({.hidden = 21, .intermediate = 7}, 3, 21);
}

TEST(swiglu, no_rows) { check_no_rows<swiglu>({.hidden = 6, .intermediate = 17}, 6); }

TEST(swiglu, matches_the_formula_in_double_loops) {
  constexpr std::size_t N = 3, C = 4, F = 5;
  cpu_backend b({.threads = 2, .poison = true});
  const swiglu::config c{.hidden = C, .intermediate = F};
  const named_values<double> point = layer_point<swiglu>(b, c, N, C);
  std::vector<double> expected(N * C, 0);
  for (std::size_t n = 0; n < N; ++n) {
    for (std::size_t f = 0; f < F; ++f) {
      double gate = 0, up = 0;
      for (std::size_t i = 0; i < C; ++i) {
        gate += point.at("x")[n * C + i] * point.at("gate_proj.weight")[f * C + i];
        up += point.at("x")[n * C + i] * point.at("up_proj.weight")[f * C + i];
      }
      const double combined = gate / (1 + std::exp(-gate)) * up;
      for (std::size_t o = 0; o < C; ++o) {
        expected[n * C + o] += combined * point.at("down_proj.weight")[o * F + f];
      }
    }
  }
  layer_run<swiglu, double> run(b, c, N, C, point);
  run.loss();
  EXPECT_LT(relative_error(values_of(run.y), expected), order_tolerance<double>);
  layer_run<swiglu, float> single(b, c, N, C, convert<float>(point));
  single.loss();
  EXPECT_LT(relative_error(values_of(single.y), expected), order_tolerance<float>);
}

}  // namespace swiglu_test
}  // namespace radlads::test
