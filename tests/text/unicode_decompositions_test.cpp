// SPDX-License-Identifier: Apache-2.0
// The order that binary search needs, the totals of Unicode 9.0, and what must not compose.

#include "radlads/text/unicode_decompositions.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <utility>

namespace radlads::text {
namespace unicode_decompositions_test {

TEST(unicode_decompositions, have_the_size_of_unicode_9) {
  // UnicodeData.txt has 2060 canonical decompositions, of which 1035 to one character. 1120
  // characters are excluded from composition (DerivedNormalizationProps.txt), among them these
  // 1035.
  EXPECT_EQ(single_targets.size() + pair_decompositions.size(), 2060u);
  EXPECT_EQ(compositions.size(), 2060u - 1120u);
}

TEST(unicode_decompositions, are_ordered) {
  std::size_t targets = 0;
  for (std::size_t i = 0; i < single_decomposition_ranges.size(); ++i) {
    const auto& range = single_decomposition_ranges[i];
    if (i > 0) {
      EXPECT_LT(single_decomposition_ranges[i - 1].last, range.first);
    }
    EXPECT_EQ(range.target, targets);
    targets += range.last - range.first + 1;
  }
  EXPECT_EQ(targets, single_targets.size());
  for (std::size_t i = 1; i < pair_decompositions.size(); ++i) {
    EXPECT_LT(pair_decompositions[i - 1].code_point, pair_decompositions[i].code_point);
  }
  for (std::size_t i = 1; i < compositions.size(); ++i) {
    const auto& before = pair_decompositions[compositions[i - 1]];
    const auto& entry = pair_decompositions[compositions[i]];
    EXPECT_LT(std::pair(before.first, before.second), std::pair(entry.first, entry.second));
  }
}

TEST(unicode_decompositions, leave_out_exclusions) {
  for (const std::uint16_t index : compositions) {
    const std::uint32_t composed = pair_decompositions[index].code_point;
    EXPECT_NE(composed, 0x0958u);   // script exclusion
    EXPECT_NE(composed, 0x0344u);   // begins with a mark
    EXPECT_NE(composed, 0x1d15eu);  // added after the composition was frozen
  }
}

}  // namespace unicode_decompositions_test
}  // namespace radlads::text
