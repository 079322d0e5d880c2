// SPDX-License-Identifier: Apache-2.0
// What reaches a terminal of texts that are others': letters of every script, but nothing that
// steers it.

#include "messages.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::program {
namespace messages_test {

TEST(printable, keeps_letters_of_every_script) {
  for (const std::string text : {"model.layers.0.weight", "Gr\u00f6\u00dfe", "\u6570\u636e",
                                 "\U0001d4dc", "a b\u00a0c", "\u05d0\u0628", "100 %", ""}) {
    EXPECT_EQ(printable(text), text);
  }
}

TEST(printable, escapes_control_characters) {
  EXPECT_EQ(printable("a\x1b[2Jb"), "a\\x1b[2Jb");
  EXPECT_EQ(printable("a\nb\tc\rd"), "a\\nb\\tc\\rd");
  EXPECT_EQ(printable(std::string("\0\x07\x7f", 3)), "\\x00\\x07\\x7f");
  // C1 controls, of which U+009B begins a sequence as ESC [ does.
  EXPECT_EQ(printable("\u009b2J\u0080\u009f"), "\\x9b2J\\x80\\x9f");
}

TEST(printable, escapes_what_reorders_or_ends_a_line) {
  EXPECT_EQ(printable("gpj.\u202egnp"), "gpj.\\u202egnp");
  EXPECT_EQ(printable("\u2066\u2069\u200f\u061c"), "\\u2066\\u2069\\u200f\\u061c");
  EXPECT_EQ(printable("\u2028\u2029"), "\\u2028\\u2029");
}

TEST(printable, escapes_bytes_that_are_not_utf8) {
  EXPECT_EQ(printable("\xff"), "\\xff");
  EXPECT_EQ(printable("\x9b\x32J"), "\\x9b2J");    // a bare C1 byte
  EXPECT_EQ(printable("\xc3"), "\\xc3");           // cut short
  EXPECT_EQ(printable("\xc1\xbf"), "\\xc1\\xbf");  // longer than needed
  EXPECT_EQ(printable("\xe0\x80\x8a"), "\\xe0\\x80\\x8a");
  EXPECT_EQ(printable("\xed\xa0\x80"), "\\xed\\xa0\\x80");  // half of a pair
  EXPECT_EQ(printable("\xf4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");
  EXPECT_EQ(printable("\xe2\x82\x41"), "\\xe2\\x82\x41");
}

TEST(message, makes_arguments_printable_but_not_the_format) {
  testing::internal::CaptureStderr();
  message("{}:\t{} of {}\n", std::string("a\x1b"), "b\n", 3);
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "a\\x1b:\tb\\n of 3\n");
}

TEST(print, makes_arguments_printable_but_not_the_format) {
  testing::internal::CaptureStdout();
  print("{:>4}|{}\n", "x", std::string("\x1b"));
  flush_output();
  EXPECT_EQ(testing::internal::GetCapturedStdout(), "   x|\\x1b\n");
}

}  // namespace messages_test
}  // namespace radlads::program
