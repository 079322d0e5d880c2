// SPDX-License-Identifier: Apache-2.0
// Where BPE on characters may cut a text into words. Ids are in tokenizer_test and
// sentencepiece_test.

#include "radlads/text/bpe_model.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace bpe_model_test {

using words_type = std::vector<std::string>;

/// A model of single characters and of the given merges.
tokenizer_description description_of(const std::vector<std::vector<std::string>>& merges) {
  tokenizer_description out;
  for (const char* token : {"\u2581", "a", "b"}) out.tokens.insert(token, out.tokens.size());
  for (const auto& pair : merges) {
    const std::string joined = pair[0] + pair[1];
    if (!out.tokens.find(joined)) out.tokens.insert(joined, out.tokens.size());
    out.merges.push_back(
        {*out.tokens.find(pair[0]), *out.tokens.find(pair[1]), *out.tokens.find(joined)});
  }
  return out;
}

words_type words_of(const tokenizer_description& description, std::string_view piece) {
  const bpe_model model(description, {description.tokens, {}});
  words_type words;
  model.for_each_word(piece, [&](std::string_view word) { words.emplace_back(word); });
  return words;
}

const std::string piece = "\u2581\u2581a\u2581b\u2581";

TEST(bpe_model, cuts_in_front_of_spaces_that_no_merge_joins_to_words) {
  const auto plain = description_of({{"a", "b"}, {"\u2581", "a"}, {"\u2581", "\u2581"}});
  EXPECT_EQ(words_of(plain, piece), (words_type{"\u2581\u2581a", "\u2581b", "\u2581"}));
  EXPECT_EQ(words_of(plain, "ab"), words_type{"ab"});
  const auto joining = description_of({{"a", "\u2581"}});
  EXPECT_EQ(words_of(joining, piece), words_type{piece});
}

TEST(bpe_model, leaves_text_whole_where_the_whole_is_looked_up) {
  auto description = description_of({{"a", "b"}});
  description.ignores_merges = true;
  EXPECT_EQ(words_of(description, piece), words_type{piece});
  description.ignores_merges = false;
  description.is_byte_level = true;
  EXPECT_EQ(words_of(description, piece), words_type{piece});
}

TEST(bpe_model, leaves_text_whole_where_the_space_is_unknown) {
  tokenizer_description description;
  description.tokens.insert("a", 0);
  EXPECT_EQ(words_of(description, piece), words_type{piece});
}

}  // namespace bpe_model_test
}  // namespace radlads::text
