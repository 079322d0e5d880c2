// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/document.hpp"

#include <gtest/gtest.h>

namespace radlads::evaluate {

TEST(document, characters_are_code_points) {
  EXPECT_EQ(character_count(""), 0);
  EXPECT_EQ(character_count("abc d"), 5);
  EXPECT_EQ(character_count("\u00e9\u65e5\u672c\U0001F600"), 4);
  EXPECT_EQ(character_count("e\u0301"), 2);
}

}  // namespace radlads::evaluate
