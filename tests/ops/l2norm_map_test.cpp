// SPDX-License-Identifier: Apache-2.0
// Functions of the vectors of heads: against the definition, gradients against the complex step,
// groups of heads, and what is refused.

#include "ops/l2norm_map_functors.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/ops/l2norm_map.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace l2norm_map_test {

using namespace radlads;
using test::complex;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

/// N rows, G vectors of K numbers, H heads.
struct sizes {
  std::int64_t N, G, H, K;
  shape<3> grouped() const { return {N, G, K}; }
  shape<2> wide() const { return {N, H * K}; }
  std::string name() const { return to_string<4>({N, G, H, K}); }
};
const sizes cases[] = {{3, 1, 1, 1},  {2, 2, 2, 5},   {3, 1, 4, 8},
                       {2, 2, 6, 19}, {1, 3, 3, 130}, {300, 2, 14, 8}};

template <class T>
class l2norm_map : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(l2norm_map, real_scalars);

TYPED_TEST(l2norm_map, calls_the_function_with_the_vector_of_the_group) {
  using T = TypeParam;
  cpu_backend b({.threads = 2, .poison = true});
  for (const sizes& s : cases) {
    const std::vector<double> x = random_values(s.N * s.G * s.K, 1),
                              z = random_values(s.N * s.H * s.K, 2);
    const auto from = filled<T, 3>(b, s.grouped(), x);
    const auto input = filled<T, 2>(b, s.wide(), z);
    tensor<T, 2, cpu_backend> sum(b, s.wide()), product(b, s.wide()), plain(b, s.wide());
    ops::l2norm_map_forward<T>(b, of_unit_vector{}, from.read(),
                               std::array{sum.whole(), product.whole()}, std::array{input.read()});
    ops::l2norm_map_forward<T>(b, scaled_by{}, from.read(), std::array{plain.whole()},
                               std::array{input.read()});
    std::vector<double> sums, products, plains;
    for (std::int64_t n = 0; n < s.N; ++n) {
      for (std::int64_t h = 0; h < s.H; ++h) {
        const double* vector = x.data() + (n * s.G + h / (s.H / s.G)) * s.K;
        double square = 0;
        for (std::int64_t j = 0; j < s.K; ++j) square += vector[j] * vector[j];
        for (std::int64_t j = 0; j < s.K; ++j) {
          const double each = z[static_cast<std::size_t>((n * s.H + h) * s.K + j)];
          const double unit_vector = vector[j] / std::sqrt(square);
          sums.push_back(vector[j] + 3 * unit_vector * each);
          products.push_back(vector[j] * unit_vector * each * each);
          plains.push_back(vector[j] * each);
        }
      }
    }
    EXPECT_LT(test::relative_error(values_of(sum), sums), test::order_tolerance<T>) << s.name();
    EXPECT_LT(test::relative_error(values_of(product), products), test::order_tolerance<T>);
    EXPECT_LT(test::relative_error(values_of(plain), plains), test::order_tolerance<T>);
  }
}

TEST(l2norm_map_gradient, is_that_of_the_complex_step) {
  cpu_backend b({.threads = 2, .poison = true});
  for (const sizes& s : cases) {
    if (s.N > 100) continue;
    const std::int64_t vectors = s.N * s.G * s.K, rest = s.N * s.H * s.K;
    const std::vector<double> point = random_values(vectors + rest, 3),
                              weights = random_values(3 * rest, 4);
    const auto part = [](const auto& of, std::int64_t first, std::int64_t count) {
      return std::vector(of.begin() + first, of.begin() + first + count);
    };
    const auto loss = [&](const std::vector<complex>& at) {
      const auto x = filled<complex, 3>(b, s.grouped(), part(at, 0, vectors));
      const auto z = filled<complex, 2>(b, s.wide(), part(at, vectors, rest));
      tensor<complex, 2, cpu_backend> sum(b, s.wide()), product(b, s.wide()), plain(b, s.wide());
      ops::l2norm_map_forward<complex>(b, of_unit_vector{}, x.read(),
                                       std::array{sum.whole(), product.whole()},
                                       std::array{z.read()});
      ops::l2norm_map_forward<complex>(b, scaled_by{}, x.read(), std::array{plain.whole()},
                                       std::array{z.read()});
      return test::weighted_sum(part(weights, 0, rest), sum) +
             test::weighted_sum(part(weights, rest, rest), product) +
             test::weighted_sum(part(weights, 2 * rest, rest), plain);
    };
    const auto x = filled<double, 3>(b, s.grouped(), part(point, 0, vectors));
    const auto z = filled<double, 2>(b, s.wide(), part(point, vectors, rest));
    const auto dsum = filled<double, 2>(b, s.wide(), part(weights, 0, rest));
    const auto dproduct = filled<double, 2>(b, s.wide(), part(weights, rest, rest));
    auto dplain = filled<double, 2>(b, s.wide(), part(weights, 2 * rest, rest));
    tensor<double, 3, cpu_backend> dx(b, s.grouped()), more(b, s.grouped());
    tensor<double, 2, cpu_backend> dz(b, s.wide());
    ops::l2norm_map_backward<double>(b, of_unit_vector_backward{}, x.read(), dx.whole(),
                                     std::array{dz.whole()},
                                     std::array{z.read(), dsum.read(), dproduct.read()});
    ops::l2norm_map_backward<double>(b, scaled_by_backward{}, x.read(), more.whole(),
                                     std::array{dplain.whole()},
                                     std::array{z.read(), dplain.read()});
    std::vector<double> found;
    for (std::int64_t i = 0; i < vectors; ++i) found.push_back(dx.data()[i] + more.data()[i]);
    for (std::int64_t i = 0; i < rest; ++i) found.push_back(dz.data()[i] + dplain.data()[i]);
    EXPECT_LT(test::relative_error(found, test::complex_step(loss, point)),
              test::gradient_tolerance)
        << s.name();
  }
}

TEST(l2norm_map_bound, a_vector_without_length_is_scaled) {
  cpu_backend b({.threads = 1, .poison = true});
  // Heads: zero, far below the bound, and not a number.
  const double nothing = std::numeric_limits<double>::quiet_NaN();
  const auto x =
      filled<double, 3>(b, {1, 3, 2}, std::vector<double>{0, 0, 3e-14, 4e-14, nothing, 1});
  const auto one = filled<double, 2>(b, {1, 6}, std::vector<double>(6, 1));
  const auto zero = filled<double, 2>(b, {1, 6}, std::vector<double>(6, 0));
  tensor<double, 2, cpu_backend> sum(b, {1, 6}), product(b, {1, 6}), dz(b, {1, 6});
  tensor<double, 3, cpu_backend> dx(b, {1, 3, 2});
  ops::l2norm_map_forward<double>(b, of_unit_vector{}, x.read(),
                                  std::array{sum.whole(), product.whole()}, std::array{one.read()});
  EXPECT_EQ(sum.data()[0], 0);
  EXPECT_NEAR(sum.data()[2], 0.09, 1e-9);
  EXPECT_NEAR(sum.data()[3], 0.12, 1e-9);
  EXPECT_TRUE(std::isnan(sum.data()[5]));
  ops::l2norm_map_backward<double>(b, of_unit_vector_backward{}, x.read(), dx.whole(),
                                   std::array{dz.whole()},
                                   std::array{one.read(), one.read(), zero.read()});
  // Division by a constant: no projection.
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(dx.data()[i] * 1e-12, 3, 1e-9);
}

TEST(l2norm_map_shapes, nothing_to_do_and_wrong_shapes) {
  cpu_backend b({.threads = 2, .poison = true});
  tensor<float, 3, cpu_backend> none(b, {0, 2, 4}), x(b, {3, 2, 4}), other(b, {3, 2, 5});
  tensor<float, 2, cpu_backend> nothing(b, {0, 16}), y(b, {3, 16}), z(b, {3, 16}), odd(b, {3, 12});
  const auto forward = [&](auto& from, auto& to, auto& input) {
    ops::l2norm_map_forward<float>(b, scaled_by{}, from.read(), std::array{to.whole()},
                                   std::array{input.read()});
  };
  EXPECT_NO_THROW(forward(none, nothing, nothing));
  EXPECT_EQ(
      error_of([&] { forward(x, odd, odd); }),
      "l2norm_map_forward: output 0 is (3, 12), expected 3 rows of whole groups of x's 2 heads "
      "of 4");
  EXPECT_EQ(
      error_of([&] { forward(x, nothing, nothing); }),
      "l2norm_map_forward: output 0 is (0, 16), expected 3 rows of whole groups of x's 2 heads "
      "of 4");
  tensor<float, 2, cpu_backend> no_heads(b, {3, 0});
  EXPECT_EQ(
      error_of([&] { forward(x, no_heads, no_heads); }),
      "l2norm_map_forward: output 0 is (3, 0), expected 3 rows of whole groups of x's 2 heads of "
      "4");
  EXPECT_EQ(error_of([&] { forward(x, y, odd); }),
            "l2norm_map_forward: input 0 is (3, 12), expected (3, 16)");
  EXPECT_EQ(error_of([&] {
              ops::l2norm_map_backward<float>(b, scaled_by_backward{}, x.read(), other.whole(),
                                              std::array{y.whole()},
                                              std::array{z.read(), z.read()});
            }),
            "l2norm_map_backward: dx is (3, 2, 5), expected (3, 2, 4)");
}

}  // namespace l2norm_map_test
