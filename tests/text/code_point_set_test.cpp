// SPDX-License-Identifier: Apache-2.0
// Sets of code points and their algebra.

#include "radlads/text/code_point_set.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace radlads::text {
namespace code_point_set_test {

std::vector<std::uint32_t> ends(const code_point_set& set) {
  std::vector<std::uint32_t> out;
  for (const code_point_range& range : set.ranges()) {
    out.push_back(range.first);
    out.push_back(range.last);
  }
  return out;
}

using list = std::vector<std::uint32_t>;

TEST(code_point_set, unites_what_overlaps_or_touches) {
  code_point_set set({{10, 20}, {1, 3}, {4, 5}, {15, 30}});
  EXPECT_EQ(ends(set), (list{1, 5, 10, 30}));
  set.add(6, 9);
  EXPECT_EQ(ends(set), (list{1, 30}));
}

TEST(code_point_set, knows_its_complement_and_intersection) {
  const code_point_set set({{0, 3}, {10, 20}});
  EXPECT_EQ(ends(set.complement()), (list{4, 9, 21, 0x10FFFF}));
  EXPECT_EQ(ends(set.complement().complement()), ends(set));
  EXPECT_EQ(ends(code_point_set().complement()), (list{0, 0x10FFFF}));
  EXPECT_TRUE(code_point_set().complement().complement().ranges().empty());
  EXPECT_EQ(ends(set.intersection(code_point_set({{2, 12}}))), (list{2, 3, 10, 12}));
  EXPECT_TRUE(set.contains(20));
  EXPECT_FALSE(set.contains(21));
}

TEST(code_point_set, of_categories_holds_as_many_as_unicode_has) {
  const auto count = [](const code_point_set& set) {
    std::uint32_t sum = 0;
    for (const code_point_range& range : set.ranges()) sum += range.last - range.first + 1;
    return sum;
  };
  // What \\p{L} and \\p{N} match in tokenizers 0.23.3.
  EXPECT_EQ(count(code_point_set::of_categories(is_letter)), 141028u);
  EXPECT_EQ(count(code_point_set::of_categories(is_number)), 1911u);
}

}  // namespace code_point_set_test
}  // namespace radlads::text
