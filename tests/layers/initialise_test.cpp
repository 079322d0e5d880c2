// SPDX-License-Identifier: Apache-2.0
#include "ops/tensor_values.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/layers/initialise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::test {
namespace initialise_test {

using layers::fill_constant;
using layers::fill_normal;
using layers::fill_orthogonal;
using layers::fill_uniform;
using layers::orthogonal_matrix;
using layers::tensor_source;

constexpr std::int64_t many = 20000;

struct initialise_test : testing::Test {
  cpu_backend b{cpu_options{.threads = 2, .poison = true}};
  tensor_source source{11, "model.layers.3."};
};

TEST_F(initialise_test, fill_writes_the_value_of_each_index) {
  tensor<float, 2, cpu_backend> t(b, {2, 3});
  layers::fill(b, t, [](std::int64_t i) { return 10.0 * static_cast<double>(i); });
  EXPECT_EQ(values_of(t), (std::vector<float>{0, 10, 20, 30, 40, 50}));
  fill_constant(b, t, -2.5);
  EXPECT_EQ(values_of(t), std::vector<float>(6, -2.5f));
}

TEST_F(initialise_test, fill_takes_every_scalar) {
  tensor<bf16, 1, cpu_backend> narrow(b, {2});
  fill_constant(b, narrow, 0.5);
  EXPECT_EQ(static_cast<float>(narrow.data()[1]), 0.5f);
  tensor<std::complex<double>, 1, cpu_backend> wide(b, {2});
  fill_constant(b, wide, 0.5);
  EXPECT_EQ(wide.data()[1], std::complex<double>(0.5, 0));
}

// Standard errors of the moments of 20000 numbers are below a third of the tolerances.
TEST_F(initialise_test, uniform_numbers_span_their_range_evenly) {
  tensor<double, 1, cpu_backend> t(b, {many});
  fill_uniform(b, t, -1, 3, source.of("w"));
  double mean = 0, square = 0;
  for (std::int64_t i = 0; i < many; ++i) {
    EXPECT_GE(t.data()[i], -1);
    EXPECT_LT(t.data()[i], 3);
    mean += t.data()[i] / many;
    square += t.data()[i] * t.data()[i] / many;
  }
  EXPECT_NEAR(mean, 1, 0.03);
  EXPECT_NEAR(square - mean * mean, 16.0 / 12, 0.04);
}

TEST_F(initialise_test, normal_numbers_have_their_deviation) {
  tensor<double, 1, cpu_backend> t(b, {many});
  fill_normal(b, t, 0.02, source.of("w"));
  double mean = 0, square = 0, fourth = 0;
  for (std::int64_t i = 0; i < many; ++i) {
    const double z = t.data()[i] / 0.02;
    mean += z / many;
    square += z * z / many;
    fourth += z * z * z * z / many;
  }
  EXPECT_NEAR(mean, 0, 0.025);
  EXPECT_NEAR(square, 1, 0.035);
  EXPECT_NEAR(fourth, 3, 0.25);
}

/// Checks that the shorter side is orthogonal with this length.
void expect_orthogonal(std::int64_t rows, std::int64_t columns, double length) {
  const std::vector<double> q = orthogonal_matrix(rows, columns, 0.1, {5, 6});
  ASSERT_EQ(q.size(), static_cast<std::size_t>(rows * columns));
  const bool is_tall = rows > columns;
  const std::int64_t count = std::min(rows, columns), along = std::max(rows, columns);
  const auto at = [&](std::int64_t i, std::int64_t x) {
    return q[static_cast<std::size_t>(is_tall ? x * columns + i : i * columns + x)];
  };
  for (std::int64_t i = 0; i < count; ++i) {
    for (std::int64_t j = 0; j <= i; ++j) {
      double product = 0;
      for (std::int64_t x = 0; x < along; ++x) product += at(i, x) * at(j, x);
      EXPECT_NEAR(product, i == j ? length * length : 0, 1e-12) << i << " " << j;
    }
  }
}

TEST_F(initialise_test, orthogonal_matrices_of_every_form) {
  expect_orthogonal(1, 1, 0.1);
  expect_orthogonal(7, 7, 0.1);
  expect_orthogonal(5, 33, 0.1);
  expect_orthogonal(64, 65, 0.1);
  // Taller than wide: the gain grows by sqrt(rows / columns).
  expect_orthogonal(36, 9, 0.2);
  expect_orthogonal(50, 2, 0.5);
}

TEST_F(initialise_test, orthogonal_tensors_are_the_matrix) {
  tensor<double, 2, cpu_backend> t(b, {3, 8});
  fill_orthogonal(b, t, 0.1, source.of("w2"));
  EXPECT_EQ(values_of(t), orthogonal_matrix(3, 8, 0.1, source.of("w2")));
}

TEST_F(initialise_test, numbers_depend_on_seed_prefix_and_name_alone) {
  tensor<float, 1, cpu_backend> first(b, {8}), again(b, {8}), other(b, {8});
  fill_normal(b, first, 1, source.of("w"));
  cpu_backend single({.threads = 1});
  tensor<float, 1, cpu_backend> elsewhere(single, {16});
  fill_normal(single, elsewhere, 1, tensor_source{11, "model.layers.3."}.of("w"));
  fill_normal(b, again, 1, tensor_source{11, ""}.of("model.layers.3.w"));
  EXPECT_EQ(values_of(first), values_of(again));
  EXPECT_TRUE(std::equal(first.data(), first.data() + 8, elsewhere.data()));

  const tensor_source sources[] = {{12, "model.layers.3."}, {11, "model.layers.4."}};
  for (const tensor_source& each : sources) {
    fill_normal(b, other, 1, each.of("w"));
    EXPECT_NE(values_of(first), values_of(other));
  }
  fill_normal(b, other, 1, source.of("v"));
  EXPECT_NE(values_of(first), values_of(other));
}

// The correlation of independent numbers has the deviation 1/sqrt(20000) = 0.007.
TEST_F(initialise_test, streams_of_different_names_are_uncorrelated) {
  tensor<double, 1, cpu_backend> first(b, {many}), second(b, {many});
  fill_normal(b, first, 1, source.of("w1"));
  fill_normal(b, second, 1, source.of("w2"));
  double correlation = 0;
  for (std::int64_t i = 0; i < many; ++i) correlation += first.data()[i] * second.data()[i] / many;
  EXPECT_NEAR(correlation, 0, 0.03);
}

}  // namespace initialise_test
}  // namespace radlads::test
