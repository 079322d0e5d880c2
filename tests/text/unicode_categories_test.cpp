// SPDX-License-Identifier: Apache-2.0
// The runs cover all code points and hold as many of each category as Unicode 16.0 has.

#include "radlads/text/unicode_categories.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstddef>

namespace radlads::text {
namespace unicode_categories_test {

TEST(unicode_categories, have_the_size_of_unicode_16) {
  // extracted/DerivedGeneralCategory.txt states these totals, in the order of general_category.
  constexpr std::array<std::size_t, 30> totals{
      1858, 2258, 31,  404, 136477, 2020, 468,  13, 760, 236, 915, 10,  27,   79,     77,
      12,   10,   640, 950, 63,     125,  7376, 17, 1,   1,   65,  170, 2048, 137468, 819533};
  std::array<std::size_t, 30> found{};
  std::size_t all = 0;
  for (const std::uint32_t run : general_category_runs) {
    ASSERT_GT(run / 32, 0u);
    found.at(run % 32) += run / 32;
    all += run / 32;
  }
  EXPECT_EQ(all, 0x110000u);
  EXPECT_EQ(found, totals);
}

TEST(unicode_categories, are_runs_as_long_as_they_can_be) {
  for (std::size_t i = 1; i < general_category_runs.size(); ++i) {
    EXPECT_NE(general_category_runs[i] % 32, general_category_runs[i - 1] % 32);
  }
}

}  // namespace unicode_categories_test
}  // namespace radlads::text
