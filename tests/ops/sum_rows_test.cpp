// SPDX-License-Identifier: Apache-2.0
// Sums over rows against sums in extended precision, for any number of threads.

#include "ops/tensor_values.hpp"
#include "radlads/ops/sum_rows.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <complex>
#include <cstdint>
#include <vector>

namespace sum_rows_test {

using namespace radlads;
using test::filled;
using test::random_values;
using test::values_of;

template <class T>
class sum_rows : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(sum_rows, real_scalars);

TYPED_TEST(sum_rows, adds_the_sums_of_columns) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t N : {1, 2, 64, 65, 997, 4500}) {
    for (const std::int64_t C : {1, 3, 8, 16, 67, 130}) {
      const std::int64_t width = C + 2;
      const std::vector<double> numbers = random_values(N * width, 1);
      const auto whole = filled<T, 2>(backend, {N, width}, numbers);
      view<const T, 2> x = whole.whole();
      x.extents[1] = C;
      auto total = filled<T, 1>(backend, {C}, std::vector<double>(130, 3));
      ops::sum_rows<T>(backend, x, total);
      std::vector<double> expected(static_cast<std::size_t>(C), 3.0);
      for (std::int64_t n = 0; n < N; ++n) {
        for (std::int64_t i = 0; i < C; ++i) {
          expected[static_cast<std::size_t>(i)] += numbers[static_cast<std::size_t>(n * width + i)];
        }
      }
      EXPECT_LT(test::relative_error(values_of(total), expected), test::order_tolerance<T>)
          << "(" << N << ", " << C << ")";
    }
  }
}

TYPED_TEST(sum_rows, result_does_not_depend_on_threads) {
  using T = TypeParam;
  std::vector<std::vector<T>> totals;
  std::vector<double> squares;
  for (const int threads : {1, 2, 3}) {
    cpu_backend backend({.threads = threads, .poison = true});
    const auto x = filled<T, 2>(backend, {3001, 37}, random_values(3001 * 37, 2));
    auto total = filled<T, 1>(backend, {37}, std::vector<double>(37, 0));
    ops::sum_rows<T>(backend, x, total);
    totals.push_back(values_of(total));
    squares.push_back(ops::sum_squares<T>(backend, x.flat()));
  }
  EXPECT_EQ(totals[0], totals[1]);
  EXPECT_EQ(totals[0], totals[2]);
  EXPECT_EQ(squares[0], squares[1]);
  EXPECT_EQ(squares[0], squares[2]);
}

TYPED_TEST(sum_rows, sum_of_squares) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t size : {0, 1, 7, 16, 4095, 4096, 4097, 50021}) {
    const std::vector<double> numbers = random_values(size, 3);
    const auto x = filled<T, 1>(backend, {size}, numbers);
    long double expected = 0;
    for (const double each : numbers) expected += static_cast<long double>(each) * each;
    EXPECT_NEAR(ops::sum_squares<T>(backend, x), static_cast<double>(expected),
                test::order_tolerance<T> * static_cast<double>(expected))
        << size;
  }
}

TEST(sum_rows_shapes, no_rows_add_nothing_and_wrong_shapes_are_named) {
  cpu_backend backend({.threads = 2, .poison = true});
  auto total = filled<double, 1>(backend, {3}, std::vector<double>{1, 2, 3});
  tensor<double, 2, cpu_backend> none(backend, {0, 3}), other(backend, {2, 4});
  ops::sum_rows<double>(backend, none, total);
  EXPECT_EQ(values_of(total), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(test::error_of([&] { ops::sum_rows<double>(backend, other, total); }),
            "sum_rows: total is (3), expected (4)");
}

}  // namespace sum_rows_test
