// SPDX-License-Identifier: Apache-2.0
// UTF-8 against the examples of The Unicode Standard; classes.

#include "radlads/text/unicode.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace unicode_test {

TEST(unicode, finds_the_first_byte_that_is_not_utf8) {
  EXPECT_EQ(invalid_utf8_offset(""), std::string_view::npos);
  EXPECT_EQ(invalid_utf8_offset("a\u00e9\u20ac\U0001f600\U0010ffff"), std::string_view::npos);
  EXPECT_EQ(invalid_utf8_offset("ab\x80"), 2u);
  EXPECT_EQ(invalid_utf8_offset("a\xc0\xaf"), 1u);            // overlong slash
  EXPECT_EQ(invalid_utf8_offset("\xe0\x9f\xbf"), 0u);         // overlong
  EXPECT_EQ(invalid_utf8_offset("\xed\xa0\x80"), 0u);         // surrogate
  EXPECT_EQ(invalid_utf8_offset("xyz\xf4\x90\x80\x80"), 3u);  // beyond U+10FFFF
  EXPECT_EQ(invalid_utf8_offset("xyz\xf0\x9f\x98"), 3u);      // cut off
}

TEST(unicode, writes_what_it_reads) {
  for (const char32_t code_point :
       {0x0u, 0x7fu, 0x80u, 0x7ffu, 0x800u, 0xd7ffu, 0xe000u, 0xffffu, 0x10000u, 0x10ffffu}) {
    std::string text;
    append_utf8(text, code_point);
    const utf8_sequence sequence = read_utf8(text, 0);
    EXPECT_EQ(sequence.status, utf8_status::valid);
    EXPECT_EQ(sequence.length, text.size());
    EXPECT_EQ(sequence.code_point, code_point);
  }
  std::string text;
  append_utf8(text, 0x20ac);
  EXPECT_EQ(text, "\xe2\x82\xac");
}

TEST(unicode, repairs_each_longest_broken_beginning_by_one_character) {
  // The Unicode Standard 15.0, table 3-8.
  const std::string_view bytes = "\x61\xf1\x80\x80\xe1\x80\xc2\x62\x80\x63\x80\xbf\x64";
  std::string text;
  EXPECT_EQ(append_repaired_utf8(text, bytes, true), bytes.size());
  EXPECT_EQ(text, "a\ufffd\ufffd\ufffdb\ufffdc\ufffd\ufffdd");
}

TEST(unicode, holds_back_a_sequence_that_may_go_on) {
  std::string text;
  EXPECT_EQ(append_repaired_utf8(text, "a\xf0\x9f\x98", false), 1u);
  EXPECT_EQ(text, "a");
  EXPECT_EQ(append_repaired_utf8(text, "\xf0\x9f\x98", true), 3u);
  EXPECT_EQ(text, "a\ufffd");
}

TEST(unicode, finds_the_last_character) {
  EXPECT_EQ(last_character("ab"), 1u);
  EXPECT_EQ(last_character("a\U0001f600"), 1u);
  EXPECT_EQ(last_character("\u00e9"), 0u);
}

TEST(unicode, tells_classes_apart) {
  using enum character_class;
  for (const char32_t c : {U'a', U'Z', U'\u00e9', U'\u0416', U'\u4e2d', U'\u00aa', U'\U00020000'}) {
    EXPECT_EQ(class_of(c), letter) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'0', U'9', U'\u00bd', U'\u2167', U'\u0663'}) {
    EXPECT_EQ(class_of(c), number) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U' ', U'\t', U'\v', U'\u0085', U'\u00a0', U'\u2028', U'\u3000'}) {
    EXPECT_EQ(class_of(c), white_space) << static_cast<unsigned>(c);
  }
  for (const char32_t c : {U'_', U'\'', U'\u0301', U'\u200b', U'\u180e', U'\x1c', U'\U0001f600'}) {
    EXPECT_EQ(class_of(c), other) << static_cast<unsigned>(c);
  }
  EXPECT_TRUE(is_word_character('_'));
  EXPECT_TRUE(is_word_character(0x301));
  EXPECT_FALSE(is_word_character('-'));
}

TEST(unicode, tells_categories_apart) {
  using enum general_category;
  EXPECT_EQ(category_of(0), Cc);
  EXPECT_EQ(category_of(U'A'), Lu);
  EXPECT_EQ(category_of(0x1c5), Lt);
  EXPECT_EQ(category_of(0x4e00), Lo);
  EXPECT_EQ(category_of(0x9fff), Lo);
  EXPECT_EQ(category_of(0xd800), Cs);
  EXPECT_EQ(category_of(0xe000), Co);
  EXPECT_EQ(category_of(0x2ebf0), Lo);  // Unicode 15.1
  EXPECT_EQ(category_of(0x2ebef), Cn);
  EXPECT_EQ(category_of(0x10d50), Lu);  // Unicode 16
  EXPECT_EQ(category_of(0x10ffff), Cn);
  EXPECT_EQ(class_of(0x2ebf0), character_class::letter);
}

}  // namespace unicode_test
}  // namespace radlads::text
