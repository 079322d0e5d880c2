// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/prompts.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace radlads::evaluate {
namespace {

TEST(prompts, beginnings_differ_and_leave_the_next_word_open) {
  std::set<std::string_view> all;
  for (const std::string_view each : prompts) {
    EXPECT_TRUE(all.insert(each).second) << each;
    // A space at the end would ask for a word without one in front.
    EXPECT_FALSE(each.ends_with(' ')) << each;
    EXPECT_FALSE(each.empty());
  }
}

}  // namespace
}  // namespace radlads::evaluate
