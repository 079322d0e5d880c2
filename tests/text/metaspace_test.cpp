// SPDX-License-Identifier: Apache-2.0
// Spaces spelled by a character. Each right side is what tokenizers 0.23.3 gives.

#include "radlads/text/metaspace.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace metaspace_test {

using detail::json;
using words_type = std::vector<std::string>;

metaspace read(const char* text) { return detail::metaspace_from(json::parse(text), "decoder"); }

words_type words_of(std::string_view spelled) {
  words_type words;
  for_each_word(metaspace{"_"}, spelled, [&](std::size_t begin, std::size_t end) {
    words.emplace_back(spelled.substr(begin, end - begin));
  });
  return words;
}

TEST(metaspace, stands_in_front_by_its_scheme) {
  using enum prepend_scheme;
  EXPECT_EQ(spell_spaces({"_", always}, "a b", false), "_a_b");
  EXPECT_EQ(spell_spaces({"_", first}, "a b", true), "_a_b");
  EXPECT_EQ(spell_spaces({"_", first}, "a b", false), "a_b");
  EXPECT_EQ(spell_spaces({"_", never}, "a b", true), "a_b");
  EXPECT_EQ(spell_spaces({"_", always}, " a", true), "_a");
  EXPECT_EQ(spell_spaces({"_", always}, "_a", true), "_a");
  EXPECT_EQ(spell_spaces({"_", always}, "", true), "");
}

TEST(metaspace, begins_each_word) {
  EXPECT_EQ(words_of("_a__b"), (words_type{"_a", "_", "_b"}));
  EXPECT_EQ(words_of("a_"), (words_type{"a", "_"}));
  EXPECT_EQ(words_of(""), words_type{});
}

TEST(metaspace, of_older_files_says_whether_it_adds_a_space) {
  EXPECT_EQ(read("{}").scheme, prepend_scheme::always);
  EXPECT_EQ(read("{}").character, "\u2581");
  EXPECT_TRUE(read("{}").splits);
  EXPECT_EQ(read(R"({"add_prefix_space": true})").scheme, prepend_scheme::always);
  EXPECT_EQ(read(R"({"add_prefix_space": true, "prepend_scheme": "first"})").scheme,
            prepend_scheme::first);
  EXPECT_EQ(read(R"({"add_prefix_space": false})").scheme, prepend_scheme::never);
  EXPECT_FALSE(read(R"({"replacement": "_", "split": false})").splits);
}

TEST(metaspace, refuses_what_contradicts_itself_or_is_unknown) {
  const auto error_for = [](const char* text) { return test::error_of([&] { read(text); }); };
  EXPECT_TRUE(test::says(error_for(R"({"add_prefix_space": false, "prepend_scheme": "always"})"),
                         {"'decoder.add_prefix_space' is false", "never"}));
  EXPECT_TRUE(test::says(error_for(R"({"prepend_scheme": "last"})"), {"'last'", "always, first"}));
  EXPECT_TRUE(test::says(error_for(R"({"replacement": "__"})"), {"'__'", "one character"}));
  EXPECT_TRUE(test::says(error_for(R"({"replacement": ""})"), {"one character"}));
}

}  // namespace metaspace_test
}  // namespace radlads::text
