// SPDX-License-Identifier: Apache-2.0
// Unit vectors: their length, their gradient, and what happens to vectors without a length.

#include "ops/tensor_values.hpp"
#include "radlads/ops/normalize.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace normalize_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

template <class T>
class normalize : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(normalize, real_scalars);

TYPED_TEST(normalize, divides_by_the_length_of_each_head) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t K : {1, 4, 8, 13, 64}) {
    for (const double epsilon : {0.0, 0.3}) {
      const std::int64_t N = 1009, H = 3;
      const std::vector<double> numbers = random_values(N * H * K, 1);
      const auto x = filled<T, 3>(backend, {N, H, K}, numbers);
      tensor<T, 3, cpu_backend> y(backend, {N, H, K});
      tensor<T, 2, cpu_backend> inverse(backend, {N, H});
      ops::normalize_forward<T>(backend, epsilon, x, y, inverse);
      std::vector<double> expected(numbers.size()), factors;
      const auto size = static_cast<std::size_t>(K);
      for (std::size_t row = 0; row < numbers.size(); row += size) {
        long double square = epsilon;
        for (std::size_t i = row; i < row + size; ++i) {
          square += static_cast<long double>(numbers[i]) * numbers[i];
        }
        factors.push_back(static_cast<double>(1 / std::sqrt(square)));
        for (std::size_t i = row; i < row + size; ++i) expected[i] = numbers[i] * factors.back();
      }
      EXPECT_LT(test::relative_error(values_of(y), expected), test::order_tolerance<T>) << K;
      EXPECT_LT(test::relative_error(values_of(inverse), factors), test::order_tolerance<T>) << K;
    }
  }
}

TYPED_TEST(normalize, a_vector_without_length_stays_finite) {
  using T = TypeParam;
  cpu_backend backend({.threads = 1, .poison = true});
  // Heads: zero, far below the bound, and not a number.
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const auto x =
      filled<T, 3>(backend, {1, 3, 2}, std::vector<double>{0, 0, 3e-14, 4e-14, nothing, 1});
  const auto dy = filled<T, 3>(backend, {1, 3, 2}, std::vector<double>{1, 2, 1, 2, 1, 2});
  tensor<T, 3, cpu_backend> y(backend, {1, 3, 2}), dx(backend, {1, 3, 2});
  tensor<T, 2, cpu_backend> inverse(backend, {1, 3});
  ops::normalize_forward<T>(backend, 0, x, y, inverse);
  ops::normalize_backward<T>(backend, y, inverse, dy, dx);
  EXPECT_EQ(y.data()[0], T(0));
  EXPECT_NEAR(static_cast<double>(y.data()[2]), 0.03, 1e-7);
  EXPECT_NEAR(static_cast<double>(y.data()[3]), 0.04, 1e-7);
  EXPECT_TRUE(std::isnan(y.data()[5]));
  // Division by a constant: no projection.
  for (int i = 0; i < 4; ++i) {
    EXPECT_NEAR(static_cast<double>(dx.data()[i]) * 1e-12, 1 + i % 2, 1e-6);
  }
}

TEST(normalize_gradient, is_that_of_the_complex_step) {
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t K : {1, 5, 8, 19}) {
    for (const double epsilon : {0.0, 0.3}) {
      const shape<3> sizes = {3, 2, K};
      const std::vector<double> numbers = random_values(6 * K, 2);
      const std::vector<double> weights = random_values(6 * K, 3);
      const auto loss = [&](const std::vector<test::complex>& point) {
        const auto x = filled<test::complex, 3>(backend, sizes, point);
        tensor<test::complex, 3, cpu_backend> y(backend, sizes);
        tensor<test::complex, 2, cpu_backend> inverse(backend, {3, 2});
        ops::normalize_forward<test::complex>(backend, epsilon, x, y, inverse);
        return test::weighted_sum(weights, y);
      };
      const auto x = filled<double, 3>(backend, sizes, numbers);
      auto dy = filled<double, 3>(backend, sizes, weights);
      tensor<double, 3, cpu_backend> y(backend, sizes), dx(backend, sizes);
      tensor<double, 2, cpu_backend> inverse(backend, {3, 2});
      ops::normalize_forward<double>(backend, epsilon, x, y, inverse);
      ops::normalize_backward<double>(backend, y, inverse, dy, dx);
      const std::vector<double> expected = test::complex_step(loss, numbers);
      // A vector of one entry without epsilon is a sign: its gradient is zero.
      for (std::size_t i = 0; i < expected.size(); ++i) {
        EXPECT_NEAR(dx.data()[i], expected[i], test::gradient_tolerance) << "K = " << K;
      }
      ops::normalize_backward<double>(backend, y, inverse, dy, dy);
      EXPECT_EQ(values_of(dy), values_of(dx)) << "in place";
    }
  }
}

TEST(normalize_shapes, nothing_to_do_and_wrong_shapes) {
  cpu_backend backend({.threads = 2, .poison = true});
  tensor<float, 3, cpu_backend> none(backend, {0, 2, 4}), x(backend, {3, 2, 4});
  tensor<float, 3, cpu_backend> other(backend, {3, 2, 5});
  tensor<float, 2, cpu_backend> nothing(backend, {0, 2}), inverse(backend, {3, 2});
  EXPECT_NO_THROW(ops::normalize_forward<float>(backend, 0, none, none, nothing));
  EXPECT_NO_THROW(ops::normalize_backward<float>(backend, none, nothing, none, none));
  EXPECT_EQ(error_of([&] { ops::normalize_forward<float>(backend, 0, x, other, inverse); }),
            "normalize_forward: y is (3, 2, 5), expected (3, 2, 4)");
  EXPECT_EQ(error_of([&] { ops::normalize_forward<float>(backend, 0, x, x, nothing); }),
            "normalize_forward: inverse is (0, 2), expected (3, 2)");
  EXPECT_EQ(error_of([&] { ops::normalize_backward<float>(backend, x, nothing, x, x); }),
            "normalize_backward: inverse is (0, 2), expected (3, 2)");
  EXPECT_EQ(error_of([&] { ops::normalize_backward<float>(backend, x, inverse, other, x); }),
            "normalize_backward: dy is (3, 2, 5), expected (3, 2, 4)");
  EXPECT_EQ(error_of([&] { ops::normalize_backward<float>(backend, x, inverse, x, other); }),
            "normalize_backward: dx is (3, 2, 5), expected (3, 2, 4)");
}

}  // namespace normalize_test
