// SPDX-License-Identifier: Apache-2.0
// The best split of a text, against all its splits.

#include "radlads/text/unigram.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <random>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {
namespace unigram_test {

using ids_type = std::vector<std::int32_t>;
using scored = std::vector<std::pair<std::string, double>>;

tokenizer_description description_of(const scored& tokens) {
  tokenizer_description out;
  for (const auto& [token, score] : tokens) {
    out.tokens.insert(token, out.tokens.size());
    out.scores.push_back(score);
  }
  out.unknown_id = 0;
  return out;
}

ids_type encoded(const tokenizer_description& description, std::string_view text) {
  const unigram_model model(description, {description.tokens, {}});
  unigram_lattice memory;
  ids_type ids;
  model.encode(description, {description.tokens, {}}, text, memory, ids);
  return ids;
}

/// The highest sum of scores of all ways to spell a text.
double best_score(const scored& tokens, std::string_view text) {
  if (text.empty()) return 0;
  double best = -1e300;
  for (const auto& [token, score] : tokens) {
    if (!token.empty() && text.starts_with(token))
      best = std::max(best, score + best_score(tokens, text.substr(token.size())));
  }
  return best;
}

TEST(unigram, finds_the_best_of_all_splits) {
  std::mt19937 random(3);
  scored tokens{{"<unk>", 0}, {"a", -1}, {"b", -2}};
  for (const char* token : {"aa", "ab", "ba", "aab", "bab", "abab", "bb"})
    tokens.emplace_back(token, -1.0 - static_cast<double>(random() % 1000) / 250);
  const auto description = description_of(tokens);
  for (int i = 0; i < 300; ++i) {
    std::string text(1 + random() % 10, 'a');
    for (char& c : text) c = random() % 2 == 0 ? 'a' : 'b';
    const ids_type ids = encoded(description, text);
    std::string spelled;
    double score = 0;
    for (const std::int32_t id : ids) {
      spelled += tokens[static_cast<std::size_t>(id)].first;
      score += tokens[static_cast<std::size_t>(id)].second;
    }
    EXPECT_EQ(spelled, text);
    EXPECT_NEAR(score, best_score(tokens, text), 1e-9) << text;
  }
}

TEST(unigram, prefers_the_longest_last_token_among_equals) {
  // As tokenizers 0.23.3 has it: "aaa" is a, aa.
  EXPECT_EQ(encoded(description_of({{"<unk>", 0}, {"a", -1}, {"aa", -1.5}}), "aaa"),
            (ids_type{1, 2}));
  EXPECT_EQ(encoded(description_of({{"<unk>", 0}, {"a", -1}, {"aa", -2}}), "aa"), ids_type{2});
}

TEST(unigram, fuses_unknown_characters) {
  auto description = description_of({{"<unk>", 0}, {"a", -1}, {"<0xC3>", -9}, {"<0xA9>", -9}});
  EXPECT_EQ(encoded(description, "axya"), (ids_type{1, 0, 1}));
  EXPECT_EQ(encoded(description, "a\u00e9xa"), (ids_type{1, 0, 1}));
  description.has_byte_fallback = true;
  EXPECT_EQ(encoded(description, "a\u00e9\u00e9"), (ids_type{1, 2, 3, 2, 3}));
  EXPECT_EQ(encoded(description, "a\u00e9x"), (ids_type{1, 0}));  // x has no byte token
}

TEST(unigram, needs_an_unknown_token_for_unknown_characters) {
  auto description = description_of({{"a", -1}});
  description.unknown_id.reset();
  EXPECT_EQ(encoded(description, "aa"), (ids_type{0, 0}));
  EXPECT_TRUE(test::says(test::error_of([&] { encoded(description, "ab"); }), {"unk_id"}));
}

TEST(unigram, reads_long_text_in_linear_time) {
  const auto description = description_of({{"<unk>", 0}, {"a", -1}, {"aa", -1.5}});
  const ids_type ids = encoded(description, std::string(1'000'000, 'a'));
  EXPECT_EQ(ids, ids_type(500'000, 2));
}

TEST(unigram, refuses_tokens_that_are_too_long) {
  EXPECT_TRUE(
      test::says(test::error_of([] {
                   encoded(description_of({{"<unk>", 0}, {std::string(1025, 'a'), 0}}), "a");
                 }),
                 {"token 1", "1025 bytes", "1024"}));
}

}  // namespace unigram_test
}  // namespace radlads::text
