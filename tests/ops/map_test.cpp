// SPDX-License-Identifier: Apache-2.0
// Elementwise functions: every element once, whatever the strides, the tails and the threads.

#include "ops/tensor_values.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/scalar_functions/activation.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <vector>

namespace map_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

struct multiply_add {
  template <class X>
  void operator()(const X& a, const X& b, const X& c, X& sum, X& product) const {
    product = a * b;
    sum = product + c;
  }
};

template <class T>
class map : public testing::Test {};
using scalars = testing::Types<float, double, std::complex<double>>;
TYPED_TEST_SUITE(map, scalars);

TYPED_TEST(map, reaches_every_element_of_dense_and_strided_views) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t N : {1, 3, 8, 701}) {
    for (const std::int64_t C : {1, 5, 16, 37}) {
      for (const std::int64_t gap : {0, 3}) {
        const std::int64_t width = C + gap;
        const auto a = filled<T, 2>(backend, {N, width}, random_values(N * width, 1));
        const auto b = filled<T, 2>(backend, {N, C}, random_values(N * C, 2));
        const auto c = filled<T, 1>(backend, {C}, random_values(C, 3));
        auto sum = filled<T, 2>(backend, {N, width}, std::vector<double>(999999, 7));
        tensor<T, 2, cpu_backend> product(backend, {N, C});
        view<const T, 2> part_of_a = a.whole();
        view<T, 2> part_of_sum = sum.whole();
        part_of_a.extents[1] = part_of_sum.extents[1] = C;
        ops::elementwise<T>(backend, multiply_add{}, ops::outputs(part_of_sum, product),
                            ops::inputs(part_of_a, b, ops::broadcast_rows(c, N)));
        for (std::int64_t n = 0; n < N; ++n) {
          for (std::int64_t i = 0; i < width; ++i) {
            if (i >= C) {
              ASSERT_EQ(sum.whole()(n, i), T(7)) << "the gap is not to be written";
              continue;
            }
            const T expected = a.whole()(n, i) * b.whole()(n, i);
            ASSERT_LE(std::abs(product.whole()(n, i) - expected), 1e-6) << N << " " << C;
            ASSERT_LE(std::abs(sum.whole()(n, i) - (expected + c.data()[i])), 1e-6);
          }
        }
      }
    }
  }
}

TYPED_TEST(map, writes_in_place) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  const std::vector<double> numbers = random_values(20011, 4);
  auto x = filled<T, 1>(backend, {20011}, numbers);
  ops::elementwise<T>(
      backend, [](const auto& a, auto& b) { b = a * a; }, ops::outputs(x), ops::inputs(x));
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    const T number = static_cast<T>(numbers[i]);
    ASSERT_LE(std::abs(x.data()[i] - number * number), 1e-6);
  }
}

TYPED_TEST(map, sums_products_and_multiples) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  const auto x = filled<T, 2>(backend, {3, 37}, random_values(3 * 37, 8));
  const auto y = filled<T, 2>(backend, {3, 37}, random_values(3 * 37, 9));
  tensor<T, 2, cpu_backend> sum(backend, x.sizes()), product(backend, x.sizes()),
      half_of_x(backend, x.sizes());
  ops::elementwise<T>(backend, ops::sum_of_two{}, ops::outputs(sum), ops::inputs(x, y));
  ops::elementwise<T>(backend, ops::product_of_two{}, ops::outputs(product), ops::inputs(x, y));
  ops::elementwise<T>(backend, ops::scaled<real_t<T>>{real_t<T>(0.5)}, ops::outputs(half_of_x),
                      ops::inputs(x));
  for (std::int64_t i = 0; i < x.size(); ++i) {
    EXPECT_EQ(sum.data()[i], x.data()[i] + y.data()[i]);
    EXPECT_EQ(product.data()[i], x.data()[i] * y.data()[i]);
    EXPECT_EQ(half_of_x.data()[i] + half_of_x.data()[i], x.data()[i]);
  }
}

TEST(map_functions, result_does_not_depend_on_threads) {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    cpu_backend backend({.threads = threads, .poison = true});
    const auto z = filled<float, 3>(backend, {7, 311, 23}, random_values(7 * 311 * 23, 5, 3));
    tensor<float, 3, cpu_backend> y(backend, z.sizes());
    ops::map_forward<float>(backend, scalar_functions::silu{}, z, y);
    results.push_back(values_of(y));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(map_functions, function_goes_forward_and_backward) {
  cpu_backend backend({.threads = 2, .poison = true});
  const std::vector<double> numbers = random_values(2 * 3 * 11, 6);
  const std::vector<double> weights = random_values(2 * 3 * 11, 7);
  const auto loss = [&](const std::vector<test::complex>& point) {
    const auto z = filled<test::complex, 3>(backend, {2, 3, 11}, point);
    tensor<test::complex, 3, cpu_backend> y(backend, z.sizes());
    ops::map_forward<test::complex>(backend, scalar_functions::silu{}, z, y);
    return test::weighted_sum(weights, y);
  };
  const auto z = filled<double, 3>(backend, {2, 3, 11}, numbers);
  const auto dy = filled<double, 3>(backend, {2, 3, 11}, weights);
  tensor<double, 3, cpu_backend> y(backend, z.sizes()), dz(backend, z.sizes());
  ops::map_forward<double>(backend, scalar_functions::silu{}, z, y);
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_NEAR(y.data()[i], numbers[i] / (1 + std::exp(-numbers[i])), 1e-14);
  }
  const std::vector<double> expected = test::complex_step(loss, numbers);
  for (int round = 0; round < 2; ++round) {  // the second call overwrites
    ops::map_backward<double>(backend, scalar_functions::silu{}, z, y, dy, dz);
    EXPECT_LT(test::relative_error(values_of(dz), expected), test::gradient_tolerance);
  }
}

TEST(map_functions, nothing_to_do_is_done) {
  cpu_backend backend({.threads = 2, .poison = true});
  tensor<float, 3, cpu_backend> z(backend, {0, 4, 5}), y(backend, {0, 4, 5});
  EXPECT_NO_THROW(ops::map_forward<float>(backend, scalar_functions::sigmoid{}, z, y));
  EXPECT_EQ(ops::rows_of(z).extent(0), 0);
  EXPECT_EQ(ops::rows_of(z).extent(1), 5);
}

TEST(map_functions, rows_of_merges_leading_axes) {
  std::vector<float> memory(2 * 3 * 4 * 8);
  view<float, 4> whole(memory.data(), {2, 3, 4, 8});
  view<float, 4> left = whole;
  left.extents[3] = 5;
  const view<float, 2> rows = ops::rows_of(left);
  EXPECT_EQ(to_string<2>(rows.sizes()), "(24, 5)");
  EXPECT_EQ(&rows(17, 2), &whole(1, 1, 1, 2));

  view<float, 3> last(whole.row(0, 0, 3), {2, 1, 8});
  last.strides[0] = 96;
  EXPECT_EQ(&ops::rows_of(last)(1, 6), &whole(1, 0, 3, 6));

  view<float, 1> vector(memory.data(), {5});
  EXPECT_EQ(to_string<2>(ops::rows_of(vector).sizes()), "(1, 5)");

  view<float, 4> cut = whole;
  cut.extents[2] = 2;
  EXPECT_EQ(error_of([&] { ops::rows_of(cut); }),
            "rows_of: axis 1 of (2, 3, 2, 8) has stride 32, expected 16");
}

TEST(map_functions, shapes_that_disagree_are_named) {
  cpu_backend backend({.threads = 1});
  tensor<float, 2, cpu_backend> x(backend, {3, 4}), y(backend, {3, 5}), z(backend, {3, 4});
  tensor<float, 1, cpu_backend> row(backend, {4});
  const multiply_add f;
  EXPECT_EQ(error_of([&] {
              ops::elementwise<float>(backend, f, ops::outputs(x, y), ops::inputs(x, x, x));
            }),
            "elementwise: output 1 is (3, 5), expected (3, 4)");
  EXPECT_EQ(error_of([&] {
              ops::elementwise<float>(backend, f, ops::outputs(x, z), ops::inputs(x, x, y));
            }),
            "elementwise: input 2 is (3, 5), expected (3, 4)");
  view<float, 2> overlapping = x;
  overlapping.strides[0] = 0;
  EXPECT_EQ(error_of([&] {
              ops::elementwise<float>(backend, f, ops::outputs(overlapping, z),
                                      ops::inputs(x, x, x));
            }),
            "elementwise: the rows of output 0 overlap: their stride is 0, their length 4");
}

}  // namespace map_test
