// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/pattern.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

namespace radlads::text {
namespace pattern_test {

/// Matches in square brackets, what lies between them in round ones.
std::string parts(const text_pattern& pattern, std::string_view text) {
  std::string out;
  std::visit(
      [&](const auto& one) {
        detail::for_each_part(one, text, [&](std::size_t begin, std::size_t end, bool is_match) {
          const std::string part(text.substr(begin, end - begin));
          out += is_match ? "[" + part + "]" : "(" + part + ")";
        });
      },
      pattern);
  return out;
}

TEST(pattern, finds_what_it_stands_for) {
  EXPECT_EQ(parts(split_pattern::gpt2, "ab 1"), "[ab][ 1]");
  EXPECT_EQ(parts(literal_text{"aa"}, "aaab"), "[aa](ab)");
  EXPECT_EQ(parts(character_kind::number, "a12\u00bd"), "(a)[1][2][\u00bd]");
  EXPECT_EQ(parts(character_kind::punctuation, "a,$b"), "(a)[,][$](b)");
  EXPECT_EQ(parts(character_kind::white_space, "a \u00a0b"), "(a)[ ][\u00a0](b)");
  EXPECT_EQ(parts(word_runs{}, " ab_1,; \u00e9\t"), "( )[ab_1][,;]( )[\u00e9](\t)");
  EXPECT_EQ(parts(word_runs{}, ""), "");
}

TEST(pattern, of_another_library_is_asked_for_the_next_match) {
  // Matches any number of the letter it holds, so nothing at all in front of others. As in
  // `tokenizers`, nothing right behind a match is no match.
  const piece_scanner letters(
      std::make_shared<const char>('a'),
      [](const void* compiled, std::string_view text, std::size_t from, text_match& match) {
        const char letter = *static_cast<const char*>(compiled);
        match = {from, from};
        while (match.end < text.size() && text[match.end] == letter) {
          ++match.end;
        }
        return true;
      });
  EXPECT_EQ(parts(letters, "aab\u00e9a"), "[aa](b)[](\u00e9)[a]");
}

}  // namespace pattern_test
}  // namespace radlads::text
