// SPDX-License-Identifier: Apache-2.0
// How many code points a class has, as counted with tokenizers 0.23.3, and sets in brackets.

#include "radlads/text/oniguruma_class.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string_view>

namespace radlads::text::detail {
namespace oniguruma_class_test {

std::uint32_t count(const code_point_set& set) {
  std::uint32_t sum = 0;
  for (const code_point_range& range : set.ranges()) sum += range.last - range.first + 1;
  return sum;
}

code_point_set brackets(std::string_view inside) {
  regex_reader in{inside};
  return read_brackets(in, 0).all();
}

TEST(oniguruma_class, has_the_sizes_of_tokenizers) {
  EXPECT_EQ(count(word_set()), 144671u);
  EXPECT_EQ(count(type_set('w')), 144665u);
  EXPECT_EQ(count(type_set('d')), 760u);
  EXPECT_EQ(count(type_set('s')), 25u);
  EXPECT_EQ(count(type_set('h')), 22u);
  EXPECT_EQ(count(*property_set("M")), 2501u);
  EXPECT_EQ(count(*property_set("Punctuation")), 855u);
  EXPECT_EQ(count(*property_set("Uppercase_Letter")), 1858u);
  EXPECT_EQ(count(*property_set("S")), 8514u);
  EXPECT_EQ(count(*property_set("Han")), 99030u);
  EXPECT_FALSE(property_set("Klingon"));
}

TEST(oniguruma_class, reads_sets_in_brackets) {
  EXPECT_EQ(count(brackets("a-cx]")), 4u);
  EXPECT_EQ(count(brackets("a-z&&[^aeiou]]")), 21u);
  EXPECT_EQ(count(brackets("^\\x{0}-\\x{10FFFE}]")), 1u);
  EXPECT_EQ(count(brackets("]a]")), 2u);
  EXPECT_EQ(count(brackets("-a-]")), 2u);
  EXPECT_EQ(count(brackets("\\p{Nd}\\s_]")), 786u);
  EXPECT_EQ(count(brackets("[a-c][x]&&b-z]")), 3u);
}

TEST(oniguruma_class, refuses_by_name_what_it_does_not_know) {
  const auto says = [](std::string_view inside, std::string_view part) {
    const std::string text = test::error_of([&] { brackets(inside); });
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says("[:alpha:]]", "POSIX");
  says("\\p{Greek}]", "'Greek'");
  says("z-a]", "range");
  says("a", "without an end");
  says("\\q]", "escape");
  says("[[[[[[[[[[a]]]]]]]]]]", "eight deep");
}

}  // namespace oniguruma_class_test
}  // namespace radlads::text::detail
