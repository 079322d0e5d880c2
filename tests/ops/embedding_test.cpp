// SPDX-License-Identifier: Apache-2.0
// Rows of a table by token number, and the gradient that adds to them.

#include "ops/tensor_values.hpp"
#include "radlads/ops/embedding.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

namespace embedding_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

std::vector<double> some_ids(std::int64_t count, std::int64_t vocabulary) {
  std::vector<double> ids;
  for (std::int64_t n = 0; n < count; ++n) {
    ids.push_back(static_cast<double>(n * n * 7919 % vocabulary));
  }
  return ids;
}

TEST(embedding, gathers_rows_and_adds_gradients) {
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t C : {1, 16, 67}) {
    for (const std::int64_t N : {1, 500}) {
      const std::int64_t V = 41;
      const std::vector<double> numbers = some_ids(N, V);
      const auto ids = filled<std::int32_t, 1>(backend, {N}, numbers);
      const auto table = filled<double, 2>(backend, {V, C}, random_values(V * C, 1));
      tensor<double, 2, cpu_backend> y(backend, {N, C});
      ops::embedding_forward<double>(backend, table, ids, y);
      const auto dy = filled<double, 2>(backend, {N, C}, random_values(N * C, 2));
      auto dtable = filled<double, 2>(backend, {V, C}, std::vector<double>(9999, 5));
      std::vector<double> expected(static_cast<std::size_t>(V * C), 5.0);
      for (std::int64_t n = 0; n < N; ++n) {
        const auto id = static_cast<std::int64_t>(numbers[static_cast<std::size_t>(n)]);
        for (std::int64_t i = 0; i < C; ++i) {
          ASSERT_EQ(y.whole()(n, i), table.whole()(id, i));
          expected[static_cast<std::size_t>(id * C + i)] += dy.whole()(n, i);
        }
      }
      ops::embedding_backward<double>(backend, ids, dy, dtable);
      EXPECT_LT(test::relative_error(values_of(dtable), expected), 1e-15);
    }
  }
}

TEST(embedding, gradient_does_not_depend_on_threads) {
  std::vector<std::vector<float>> results;
  for (const int threads : {1, 2, 3}) {
    cpu_backend backend({.threads = threads, .poison = true});
    const auto ids = filled<std::int32_t, 1>(backend, {3000}, some_ids(3000, 17));
    const auto dy = filled<float, 2>(backend, {3000, 83}, random_values(3000 * 83, 3));
    auto dtable = filled<float, 2>(backend, {17, 83}, std::vector<double>(17 * 83, 0));
    ops::embedding_backward<float>(backend, ids, dy, dtable);
    results.push_back(values_of(dtable));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TEST(embedding, token_numbers_outside_the_table_are_named) {
  cpu_backend backend({.threads = 2, .poison = true});
  auto table = filled<float, 2>(backend, {5, 2}, random_values(10, 4));
  tensor<float, 2, cpu_backend> y(backend, {3, 2});
  const auto large = filled<std::int32_t, 1>(backend, {3}, std::vector<double>{0, 4, 5});
  const auto negative = filled<std::int32_t, 1>(backend, {3}, std::vector<double>{0, -1, 5});
  EXPECT_EQ(error_of([&] { ops::embedding_forward<float>(backend, table, large, y); }),
            "embedding_forward: the token number at position 2 is 5, expected one of a vocabulary "
            "of 5");
  EXPECT_EQ(error_of([&] { ops::embedding_backward<float>(backend, negative, y, table); }),
            "embedding_backward: the token number at position 1 is -1, expected one of a "
            "vocabulary of 5");
}

TEST(embedding, ids_alone_are_checked_too) {
  cpu_backend backend;
  const auto ids = filled<std::int32_t, 1>(backend, {3}, std::vector<double>{0, 4, 2});
  const view<const std::int32_t, 1> all = ids.read(), none;
  EXPECT_NO_THROW(ops::require_ids(backend, all, 5));
  EXPECT_NO_THROW(ops::require_ids(backend, none, 5));
  EXPECT_EQ(error_of([&] { ops::require_ids(backend, all, 4); }),
            "require_ids: the token number at position 1 is 4, expected one of a vocabulary of 4");
}

TEST(embedding, nothing_to_do_and_wrong_shapes) {
  cpu_backend backend({.threads = 2, .poison = true});
  auto table = filled<float, 2>(backend, {5, 2}, random_values(10, 4));
  tensor<float, 2, cpu_backend> none(backend, {0, 2}), y(backend, {3, 3});
  tensor<std::int32_t, 1, cpu_backend> no_ids(backend, {0}), ids(backend, {3});
  EXPECT_NO_THROW(ops::embedding_forward<float>(backend, table, no_ids, none));
  EXPECT_NO_THROW(ops::embedding_backward<float>(backend, no_ids, none, table));
  EXPECT_EQ(error_of([&] { ops::embedding_forward<float>(backend, table, ids, y); }),
            "embedding_forward: y is (3, 3), expected (3, 2)");
  EXPECT_EQ(error_of([&] { ops::embedding_backward<float>(backend, ids, y, table); }),
            "embedding_backward: dy is (3, 3), expected (3, 2)");
}

}  // namespace embedding_test
