// SPDX-License-Identifier: Apache-2.0
// A batch cut into groups of rows, and sums of losses.
#include "ops/tensor_values.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/distill/objective.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace radlads::test {
namespace objective_test {

using ids_view = view<const std::int32_t, 2>;

/// The ids of each group that for_each_micro_batch makes.
std::vector<std::vector<std::int32_t>> groups_of(const ids_view& ids, std::int64_t size) {
  std::vector<std::vector<std::int32_t>> groups;
  distill::for_each_micro_batch(ids, size, [&](const ids_view& part) {
    groups.emplace_back();
    for (std::int64_t row = 0; row < part.extent(0); ++row) {
      for (std::int64_t t = 0; t < part.extent(1); ++t) groups.back().push_back(part(row, t));
    }
  });
  return groups;
}

using lists = std::vector<std::vector<std::int32_t>>;

TEST(objective, cuts_a_batch_into_groups_of_rows) {
  const std::vector<std::int32_t> ids{10, 11, 20, 21, 30, 31, 40, 41, 50, 51};
  const ids_view five(ids.data(), {5, 2});
  EXPECT_EQ(groups_of(five, 2), (lists{{10, 11, 20, 21}, {30, 31, 40, 41}, {50, 51}}));
  EXPECT_EQ(groups_of(five, 5), (lists{ids}));
  EXPECT_EQ(groups_of(five, 9), (lists{ids}));
  EXPECT_EQ(groups_of(five, 1).size(), 5u);
}

TEST(objective, groups_keep_the_gaps_between_rows) {
  const std::vector<std::int32_t> ids{1, 2, -1, 3, 4, -1, 5, 6, -1};
  ids_view three(ids.data(), {3, 3});
  three.extents[1] = 2;
  EXPECT_EQ(groups_of(three, 2), (lists{{1, 2, 3, 4}, {5, 6}}));
}

TEST(objective, a_batch_without_rows_has_no_groups) {
  EXPECT_EQ(groups_of(ids_view(nullptr, {0, 8}), 4), lists{});
}

TEST(objective, a_micro_batch_has_rows) {
  const ids_view none(nullptr, {0, 8});
  EXPECT_EQ(error_of([&] { groups_of(none, 0); }), "train: the micro-batch is 0 rows");
  EXPECT_EQ(error_of([&] { groups_of(none, -3); }), "train: the micro-batch is -3 rows");
}

TEST(objective, sums_of_float_losses_are_kept_in_double) {
  cpu_backend b(cpu_options{.threads = 1, .poison = true});
  tensor<float, 1, cpu_backend> losses(b, {101});
  losses.data()[0] = 0x1p24f;
  for (int i = 1; i <= 100; ++i) losses.data()[i] = 0.5f;
  EXPECT_EQ(distill::sum_of(b, losses), 0x1p24 + 50);
  EXPECT_EQ(distill::sum_of(b, tensor<float, 1, cpu_backend>(b, {0})), 0);
}

}  // namespace objective_test
}  // namespace radlads::test
