// SPDX-License-Identifier: Apache-2.0
// Expected texts are what Python 3.11 makes of the same texts.
#include "radlads/evaluate/strings.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::evaluate {

TEST(strings, strips_white_space_of_any_script) {
  EXPECT_EQ(strip(" \t\x1c\u0085\u00a0a b\u2003\u3000\n"), "a b");
  EXPECT_EQ(strip_front("\u2028 x "), "x ");
  EXPECT_EQ(strip_back(" x\u205f\u1680"), " x");
  EXPECT_EQ(strip(" \u3000 "), "");
  EXPECT_EQ(strip(""), "");
  // Neither a zero-width space nor a byte order mark is white space.
  EXPECT_EQ(strip("\u200bx\ufeff"), "\u200bx\ufeff");
}

TEST(strings, tells_where_white_space_is) {
  EXPECT_TRUE(begins_with_space("\u00a0x"));
  EXPECT_FALSE(begins_with_space("x "));
  EXPECT_TRUE(ends_with_space("x\u3000"));
  EXPECT_FALSE(ends_with_space(" x"));
  EXPECT_FALSE(begins_with_space(""));
  EXPECT_FALSE(ends_with_space(""));
}

TEST(strings, leaves_out_the_last_character_whole) {
  EXPECT_EQ(without_last_character("It rained."), "It rained");
  EXPECT_EQ(without_last_character("gut\u201c"), "gut");
  EXPECT_EQ(without_last_character("\U0001F600"), "");
  EXPECT_EQ(without_last_character(""), "");
}

TEST(strings, changes_case_as_python_does) {
  EXPECT_EQ(capitalized("he IS Here"), "He is here");
  EXPECT_EQ(capitalized("\u00e9lodie ET M\u00c9LANIE"), "\u00c9lodie et m\u00e9lanie");
  EXPECT_EQ(capitalized("\u03b1\u0392"), "\u0391\u03b2");
  EXPECT_EQ(capitalized("1A"), "1a");
  EXPECT_EQ(capitalized(""), "");
  EXPECT_EQ(with_small_first("\u00d6l WAS"), "\u00f6l WAS");
  EXPECT_EQ(with_small_first("It"), "it");
  EXPECT_EQ(with_small_first(""), "");
}

TEST(strings, replaces_from_the_left_once) {
  EXPECT_EQ(replaced("a    b", "  ", " "), "a  b");
  EXPECT_EQ(replaced("x [title] y [title]", " [title]", ". "), "x.  y. ");
  EXPECT_EQ(replaced("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replaced("", "a", "b"), "");
}

TEST(strings, removes_brackets_within_a_line) {
  EXPECT_EQ(without_brackets("a [b] c [d]e"), "a  c e");
  EXPECT_EQ(without_brackets("[[a] b]"), " b]");
  EXPECT_EQ(without_brackets("[a\nb] [c]"), "[a\nb] ");
  EXPECT_EQ(without_brackets("[a\n[b] ]"), "[a\n ]");
  EXPECT_EQ(without_brackets("open ["), "open [");
  EXPECT_EQ(without_brackets("]["), "][");
  EXPECT_EQ(without_brackets("[]"), "");
  // Many brackets that are never closed take no more than one look.
  const std::string many(200'000, '[');
  EXPECT_EQ(without_brackets(many), many);
}

}  // namespace radlads::evaluate
