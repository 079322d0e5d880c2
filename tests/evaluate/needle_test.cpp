// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/needle.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

namespace radlads::evaluate {
namespace {

using test::error_of;

/// Words, with white space as the only border.
std::int64_t words_of(const std::string& text) {
  std::int64_t count = 0;
  bool is_inside = false;
  for (const char c : text) {
    const bool is_space = c == ' ' || c == '\n';
    count += !is_space && !is_inside ? 1 : 0;
    is_inside = !is_space;
  }
  return count;
}

TEST(needle, a_text_is_as_long_as_it_may_be) {
  for (const std::int64_t tokens : {40, 100, 333, 2000}) {
    for (std::uint64_t i = 0; i < 10; ++i) {
      const scored_text made = make_needle(7, i, tokens, words_of);
      const std::int64_t length = words_of(made.context);
      EXPECT_LE(length, tokens);
      EXPECT_GT(length, tokens - 14);  // no sentence has more words
    }
  }
}

TEST(needle, the_number_stands_once_where_its_depth_says) {
  for (std::uint64_t i = 0; i < 20; ++i) {
    const scored_text made = make_needle(3, i, 1000, words_of);
    const std::string number = made.continuation.substr(1);
    ASSERT_EQ(made.continuation, " " + number);
    ASSERT_EQ(number.size(), 5u);
    const std::size_t at = made.context.find(number);
    ASSERT_NE(at, std::string::npos);
    EXPECT_EQ(made.context.find(number, at + 1), std::string::npos);
    // Of digits the text has this number alone.
    EXPECT_EQ(std::count_if(made.context.begin(), made.context.end(),
                            [](char c) { return c >= '0' && c <= '9'; }),
              5);
    const std::size_t question = made.context.find("\n\nQuestion:");
    ASSERT_NE(question, std::string::npos);
    const double depth = static_cast<double>(at) / static_cast<double>(question);
    EXPECT_NEAR(depth, needle_depths[i % 5], 0.05);
    // The question asks for the one whose number it is.
    const std::string owner_end = " is " + number + ".";
    const std::size_t begin = made.context.rfind("The secret number of ", at);
    const std::string sentence = made.context.substr(begin, at - begin - 1);
    EXPECT_TRUE(made.context.ends_with("\nAnswer: " + sentence)) << sentence;
  }
}

TEST(needle, seeds_and_places_make_other_texts) {
  std::set<std::string> texts, numbers;
  for (const std::uint64_t seed : {0u, 1u}) {
    for (std::uint64_t i = 0; i < 20; ++i) {
      const scored_text made = make_needle(seed, i, 200, words_of);
      EXPECT_EQ(made, make_needle(seed, i, 200, words_of));
      texts.insert(made.context);
      numbers.insert(made.continuation);
    }
  }
  EXPECT_EQ(texts.size(), 40u);
  EXPECT_GE(numbers.size(), 39u);
}

TEST(needle, lengths_without_room_are_refused) {
  const std::string text = error_of([] { make_needle(0, 0, 5, words_of); });
  EXPECT_TRUE(text.starts_with("a needle and its question have ")) << text;
  EXPECT_TRUE(text.ends_with(" tokens, expected at most 5")) << text;
}

}  // namespace
}  // namespace radlads::evaluate
