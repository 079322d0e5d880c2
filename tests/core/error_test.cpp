// SPDX-License-Identifier: Apache-2.0
// Errors: their text, and that parts are formatted only when the check fails.

#include "radlads/core/error.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
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

TEST(error, numbers_have_as_many_digits_as_tell_two_apart) {
  EXPECT_EQ(concatenate(1 + 1e-7, ", expected at most ", 1.0), "1.0000001, expected at most 1");
  EXPECT_EQ(concatenate(std::nextafter(1.0, 2.0)), "1.0000000000000002");
  EXPECT_EQ(concatenate(std::nextafter(1.0f, 2.0f)), "1.0000001");
  EXPECT_EQ(concatenate(0.1f, ' ', 0.1, ' ', -2.5), "0.1 0.1 -2.5");
  EXPECT_EQ(concatenate(1e6, ' ', 123456789.0, ' ', -3e14), "1000000 123456789 -300000000000000");
  EXPECT_EQ(concatenate(1e-5, ' ', 1e300, ' ', -0.0), "1e-05 1e+300 -0");
  EXPECT_EQ(concatenate(-1.2345678901234568e-300), "-1.2345678901234568e-300");
  EXPECT_EQ(concatenate(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(concatenate(std::numeric_limits<float>::quiet_NaN()), "nan");
}

}  // namespace error_test
