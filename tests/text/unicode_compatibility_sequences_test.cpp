// SPDX-License-Identifier: Apache-2.0
// Order, and the total of Unicode 9.0.

#include "radlads/text/unicode_compatibility_sequences.hpp"

#include <gtest/gtest.h>

#include <cstddef>

namespace radlads::text {
namespace unicode_compatibility_sequences_test {

TEST(unicode_compatibility_sequences, are_ordered) {
  EXPECT_EQ(compatibility_sequences.size(), 1146u);
  EXPECT_EQ(compatibility_characters.size(), 2924u);
  for (std::size_t i = 1; i < compatibility_sequences.size(); ++i) {
    EXPECT_LT(compatibility_sequences[i - 1].code_point, compatibility_sequences[i].code_point);
    EXPECT_LE(compatibility_sequences[i - 1].first + 2, compatibility_sequences[i].first);
  }
}

}  // namespace unicode_compatibility_sequences_test
}  // namespace radlads::text
