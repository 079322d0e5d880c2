// SPDX-License-Identifier: Apache-2.0
// Run-time integers as template arguments, from a list.

#include "radlads/core/dispatch.hpp"

#include <gtest/gtest.h>

#include <string>
#include <type_traits>
#include <vector>

namespace dispatch_test {

using namespace radlads;

TEST(dispatch, picks_the_smallest_that_is_large_enough) {
  std::vector<int> picked;
  for (const int value : {0, 1, 8, 9, 64, 65, 128}) {
    dispatch_at_least<8, 64, 128>("head size", value, [&](auto built) {
      static_assert(decltype(built)::value > 0);
      picked.push_back(built);
    });
  }
  EXPECT_EQ(picked, (std::vector<int>{8, 8, 8, 64, 64, 128, 128}));
}

TEST(dispatch, says_what_is_too_large) {
  try {
    dispatch_at_least<8, 64>("head size", 65, [](auto) { FAIL() << "called"; });
    FAIL() << "nothing was thrown";
  } catch (const error& thrown) {
    EXPECT_STREQ(thrown.what(), "head size is 65; the largest that is built is 64");
  }
}

}  // namespace dispatch_test
