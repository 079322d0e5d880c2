// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/utf8_place.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::text {
namespace utf8_place_test {

TEST(utf8_place, is_the_first_byte_that_is_no_character) {
  const std::string good = "ASCII and more of it, \u00e9\u4e2d\U0001f600, and ASCII again";
  EXPECT_EQ(invalid_utf8_place(good), std::string::npos);
  EXPECT_EQ(invalid_utf8_place(""), std::string::npos);
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = '\xff';
    EXPECT_EQ(invalid_utf8_place(bad), invalid_utf8_offset(bad)) << at;
    bad.resize(at);
    EXPECT_EQ(invalid_utf8_place(bad), invalid_utf8_offset(bad)) << at;
  }
}

TEST(utf8_place, is_named_by_line_and_byte) {
  EXPECT_EQ(test::error_of([] { require_utf8("a\nbc\xff\n", "f.txt"); }),
            "f.txt, line 2, byte 3 of it: is not UTF-8");
  EXPECT_EQ(test::error_of([] { require_utf8("\xe4\xb8", "f.txt"); }),
            "f.txt, line 1, byte 1 of it: is not UTF-8");
  EXPECT_EQ(test::error_of([] { require_utf8("\n\n\x80", "f.txt"); }),
            "f.txt, line 3, byte 1 of it: is not UTF-8");
  require_utf8("\u00e9\n", "f.txt");
}

}  // namespace utf8_place_test
}  // namespace radlads::text
