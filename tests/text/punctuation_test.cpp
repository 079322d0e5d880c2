// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/punctuation.hpp"

#include <gtest/gtest.h>

#include <string_view>

namespace radlads::text {
namespace punctuation_test {

TEST(punctuation, is_that_of_ascii_and_of_unicode_8) {
  for (const char c : std::string_view("!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~")) {
    EXPECT_TRUE(is_punctuation(static_cast<char32_t>(c))) << c;
  }
  for (const char32_t c : {U'\u00a1', U'\u2014', U'\u3002', U'\u166d', U'\uff5d', U'\U0001da8b'}) {
    EXPECT_TRUE(is_punctuation(c)) << static_cast<unsigned>(c);
  }
  // Symbols beyond ASCII, what became a symbol later (166d above) and what came after Unicode 8.
  for (const char32_t c : {U'\u00a2', U'\u20ac', U'\u061d', U'\u2e4f', U' ', U'\x7f', U'a', U'0'}) {
    EXPECT_FALSE(is_punctuation(c)) << static_cast<unsigned>(c);
  }
  int count = 0;
  for (char32_t c = 0; c < 0x110000; ++c) count += is_punctuation(c);
  EXPECT_EQ(count, 726);  // as PyPI tokenizers 0.23.3 splits off
}

}  // namespace punctuation_test
}  // namespace radlads::text
