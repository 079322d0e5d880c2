// SPDX-License-Identifier: Apache-2.0
// Tokens that a text begins with, against a search among all of them.

#include "radlads/text/token_trie.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {
namespace token_trie_test {

using matches = std::vector<std::pair<std::size_t, std::int32_t>>;

matches found(const token_trie& trie, std::string_view text) {
  matches out;
  trie.match(text, [&](std::size_t length, std::int32_t id) { out.emplace_back(length, id); });
  return out;
}

TEST(token_trie, of_nothing_matches_nothing) {
  EXPECT_TRUE(found(token_trie(), "a").empty());
  EXPECT_TRUE(found(token_trie({{"", 0}}), "a").empty());
}

TEST(token_trie, finds_all_tokens_the_shortest_first) {
  const token_trie trie({{"abc", 0}, {"a", 1}, {"b", 2}, {"ab", 3}, {"\xff\x00z", 4}});
  EXPECT_EQ(found(trie, "abcd"), (matches{{1, 1}, {2, 3}, {3, 0}}));
  EXPECT_EQ(found(trie, "ab"), (matches{{1, 1}, {2, 3}}));
  EXPECT_EQ(found(trie, "cab"), matches{});
  EXPECT_EQ(found(trie, ""), matches{});
}

TEST(token_trie, equals_a_search_among_all_tokens) {
  std::mt19937 random(7);
  const auto word = [&](std::size_t longest) {
    std::string text(random() % (longest + 1), 'a');
    for (char& c : text)
      c = static_cast<char>(random() % 3 == 0 ? 0xF0 + random() % 16 : 'a' + random() % 3);
    return text;
  };
  std::set<std::string> words;
  for (int i = 0; i < 400; ++i) words.insert(word(6));
  const std::vector<std::string> tokens(words.begin(), words.end());
  std::vector<token_trie::entry> entries;
  for (std::size_t i = 0; i < tokens.size(); ++i)
    entries.emplace_back(tokens[tokens.size() - 1 - i],
                         static_cast<std::int32_t>(tokens.size() - 1 - i));
  const token_trie trie(entries);
  for (int i = 0; i < 1000; ++i) {
    const std::string text = word(9);
    matches expected;
    for (std::size_t length = 1; length <= text.size(); ++length) {
      for (std::size_t id = 0; id < tokens.size(); ++id) {
        if (tokens[id] == text.substr(0, length))
          expected.emplace_back(length, static_cast<std::int32_t>(id));
      }
    }
    EXPECT_EQ(found(trie, text), expected);
  }
}

}  // namespace token_trie_test
}  // namespace radlads::text
