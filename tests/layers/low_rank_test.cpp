// SPDX-License-Identifier: Apache-2.0
#include "layers/layer_case.hpp"
#include "radlads/layers/concepts.hpp"
#include "radlads/layers/low_rank.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {
namespace low_rank_test {

using plain = layers::low_rank<layers::no_activation>;
using with_tanh = layers::low_rank<scalar_functions::hyperbolic_tangent>;
using with_sigmoid = layers::low_rank<scalar_functions::sigmoid>;

constexpr bool dx_adds = true;
// So it is no layer of a combinator, which would have it add to memory that nobody wrote.
static_assert(!layers::layer<plain> && !layers::layer<with_tanh>);

TEST(low_rank, gradients) {
  check_layer<plain>({.in = 1, .rank = 1, .out = 1}, 1, 1, dx_adds);
  check_layer<plain>({.in = 9, .rank = 3, .out = 7}, 5, 9, dx_adds);
  check_layer<with_tanh>({.in = 9, .rank = 3, .out = 7}, 5, 9, dx_adds);
  check_layer<with_sigmoid>({.in = 17, .rank = 5, .out = 33}, 2, 17, dx_adds);
}

TEST(low_rank, no_rows) { check_no_rows<with_tanh>({.in = 9, .rank = 3, .out = 7}, 9); }

TEST(low_rank, factors_are_stored_as_used_from_the_right) {
  constexpr std::size_t N = 2, I = 3, R = 2, O = 4;
  cpu_backend b({.threads = 2, .poison = true});
  const plain::config c{.in = I, .rank = R, .out = O};
  const named_values<double> point = layer_point<plain>(b, c, N, I);
  std::vector<double> without(N * O, 0), with(N * O, 0);
  for (std::size_t n = 0; n < N; ++n) {
    for (std::size_t r = 0; r < R; ++r) {
      double low = 0;
      for (std::size_t i = 0; i < I; ++i)
        low += point.at("x")[n * I + i] * point.at("down")[i * R + r];
      for (std::size_t o = 0; o < O; ++o) {
        without[n * O + o] += low * point.at("up")[r * O + o];
        with[n * O + o] += std::tanh(low) * point.at("up")[r * O + o];
      }
    }
  }
  layer_run<plain, double> linear_run(b, c, N, I, point);
  linear_run.loss();
  EXPECT_LT(relative_error(values_of(linear_run.y), without), order_tolerance<double>);
  layer_run<with_tanh, double> tanh_run(b, {.in = I, .rank = R, .out = O}, N, I, point);
  tanh_run.loss();
  EXPECT_LT(relative_error(values_of(tanh_run.y), with), order_tolerance<double>);
}

}  // namespace low_rank_test
}  // namespace radlads::test
