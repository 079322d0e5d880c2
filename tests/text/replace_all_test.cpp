// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/replace_all.hpp"

#include <gtest/gtest.h>

namespace radlads::text {
namespace replace_all_test {

TEST(replace_all, replaces_everywhere) {
  EXPECT_EQ(replace_all("aXbXX", "X", "--"), "a--b----");
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replace_all("", "a", "b"), "");
  EXPECT_EQ(replace_all("aXb", "X", ""), "ab");
}

}  // namespace replace_all_test
}  // namespace radlads::text
