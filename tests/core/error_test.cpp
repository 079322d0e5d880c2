// SPDX-License-Identifier: Apache-2.0
// Errors: their text, and that parts are formatted only when the check fails.

#include "radlads/core/error.hpp"

#include <gtest/gtest.h>

#include <ostream>
#include <string>

namespace error_test {

using namespace radlads;

struct counted {
  int* prints;
  friend std::ostream& operator<<(std::ostream& to, const counted& each) {
    ++*each.prints;
    return to << "counted";
  }
};

TEST(error, text_joins_all_parts) {
  try {
    fail("scan: k is ", 3, " wide, expected ", 4.5, ' ', std::string("at least"));
    FAIL() << "nothing was thrown";
  } catch (const error& thrown) {
    EXPECT_STREQ(thrown.what(), "scan: k is 3 wide, expected 4.5 at least");
  }
}

TEST(error, require_formats_only_on_failure) {
  int prints = 0;
  require(true, counted{&prints});
  EXPECT_EQ(prints, 0);
  EXPECT_THROW(require(false, counted{&prints}), error);
  EXPECT_EQ(prints, 1);
}

}  // namespace error_test
