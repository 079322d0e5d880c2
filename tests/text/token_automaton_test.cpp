// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/token_automaton.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {
namespace token_automaton_test {

using places = std::vector<std::pair<std::size_t, std::uint32_t>>;

places found(const std::vector<std::string>& words, std::string_view text) {
  std::vector<word_match> matches;
  token_automaton(words).find(text, matches);
  places out;
  for (const word_match& match : matches) out.emplace_back(match.begin, match.word);
  std::reverse(out.begin(), out.end());
  return out;
}

/// The longest word of each place by comparing all of them there.
places expected(const std::vector<std::string>& words, std::string_view text) {
  places out;
  for (std::size_t at = 0; at < text.size(); ++at) {
    std::size_t best = words.size();
    for (std::size_t i = 0; i < words.size(); ++i) {
      const bool is_here = !words[i].empty() && text.substr(at).starts_with(words[i]);
      if (is_here && (best == words.size() || words[i].size() > words[best].size())) best = i;
    }
    if (best < words.size()) out.emplace_back(at, static_cast<std::uint32_t>(best));
  }
  return out;
}

TEST(token_automaton, finds_the_longest_word_of_each_place) {
  EXPECT_EQ(found({"ab", "abcd", "bc"}, "abcabcd"), (places{{0, 0}, {1, 2}, {3, 1}, {4, 2}}));
  EXPECT_EQ(found({"a", "a", ""}, "ba"), (places{{1, 0}}));
  EXPECT_EQ(found({}, "ab"), places{});
  EXPECT_EQ(found({"ab"}, ""), places{});
  EXPECT_TRUE(token_automaton(std::vector<std::string>{""}).is_empty());
}

TEST(token_automaton, agrees_with_comparing_all_words) {
  std::mt19937 random(7);
  const auto text_of = [&](std::size_t length, unsigned letters) {
    std::string text;
    for (std::size_t i = 0; i < length; ++i) text += static_cast<char>('a' + random() % letters);
    return text;
  };
  for (int round = 0; round < 2000; ++round) {
    const unsigned letters = 1 + random() % 4;
    std::vector<std::string> words(random() % 12);
    for (std::string& word : words) word = text_of(random() % 7, letters);
    const std::string text = text_of(random() % 40, letters);
    EXPECT_EQ(found(words, text), expected(words, text)) << text;
  }
}

TEST(token_automaton, takes_all_byte_values) {
  EXPECT_EQ(found({std::string("\0\xff", 2), "\x80"}, std::string_view("\0\xff\x80", 3)),
            (places{{0, 0}, {2, 1}}));
}

TEST(token_automaton, of_many_words_takes_time_of_the_text_alone) {
  std::vector<std::string> words;
  for (int i = 0; i < 100000; ++i) words.push_back("<" + std::to_string(i) + ">");
  words.push_back(std::string(100000, 'a') + "b");
  std::string text;  // each place of it begins many words that do not go on
  for (int i = 0; i < 20000; ++i) text += "<1<12<123<1234";
  text += std::string(500000, 'a') + "<99999>";
  EXPECT_EQ(found(words, text), (places{{text.size() - 7, 99999}}));
}

}  // namespace token_automaton_test
}  // namespace radlads::text
