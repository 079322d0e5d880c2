// SPDX-License-Identifier: Apache-2.0
// Learnt vocabularies against counts made by hand and against the reference trainer.

#include "radlads/text/bpe_trainer.hpp"
#include "radlads/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <utility>
#include <vector>

namespace radlads::text {
namespace bpe_trainer_test {

using test::error_of;
using test::says;
using merges_type = std::vector<std::pair<std::string, std::string>>;

bpe_training_options options_of(std::int32_t merges, std::vector<std::string> special = {}) {
  bpe_training_options options;
  options.vocabulary_size = 256 + static_cast<std::int32_t>(special.size()) + merges;
  options.special_tokens = std::move(special);
  return options;
}

TEST(bpe_trainer, merges_the_most_frequent_pair_first) {
  // "low" stands alone five times and in "lower" twice: lo and ow 7, we and er 2. Once ow is used
  // up, (e, r) and (low, e) are as frequent, and e has a lower id than low.
  const std::string text = "low\nlow\nlow\nlow\nlow\nlower\nlower new";
  const trained_bpe trained = train_byte_level_bpe(text, options_of(3));
  EXPECT_EQ(trained.merges, (merges_type{{"l", "o"}, {"lo", "w"}, {"e", "r"}}));
  EXPECT_EQ(trained.tokens.back(), "er");
  EXPECT_EQ(trained.tokens.size(), 259u);
}

TEST(bpe_trainer, prefers_low_ids_among_equals) {
  // ab and cd are as frequent; a has the lower id, whichever comes first in the text.
  EXPECT_EQ(train_byte_level_bpe("cd\nab\ncd\nab", options_of(1)).merges,
            (merges_type{{"a", "b"}}));
}

TEST(bpe_trainer, counts_overlapping_pairs_as_they_merge) {
  // aaaa: aa three times, merged twice; then (aa, aa) remains, once in each of the two pieces.
  const trained_bpe trained = train_byte_level_bpe("aaaa\naaaa", options_of(5));
  EXPECT_EQ(trained.merges, (merges_type{{"a", "a"}, {"aa", "aa"}}));
}

TEST(bpe_trainer, stops_at_rare_pairs) {
  bpe_training_options options = options_of(10);
  EXPECT_EQ(train_byte_level_bpe("xy", options).merges, merges_type{});
  options.minimum_count = 1;
  EXPECT_EQ(train_byte_level_bpe("xy", options).merges, (merges_type{{"x", "y"}}));
}

TEST(bpe_trainer, cuts_special_tokens_out) {
  const std::string text = "ab<|endoftext|>ab<|endoftext|>";
  const trained_bpe trained = train_byte_level_bpe(text, options_of(5, {"<|endoftext|>"}));
  EXPECT_EQ(trained.tokens[0], "<|endoftext|>");
  EXPECT_EQ(trained.tokens[1], "!");
  EXPECT_EQ(trained.merges, (merges_type{{"a", "b"}}));
}

TEST(bpe_trainer, refuses_what_it_cannot_do) {
  EXPECT_TRUE(says(error_of([] { bpe_trainer(options_of(-1)); }), {"255", "256"}));
  EXPECT_TRUE(says(error_of([] { bpe_trainer(options_of(0, {""})); }), {"special token 0"}));
  EXPECT_TRUE(says(error_of([] { bpe_trainer(options_of(1)).add("a\xff"); }), {"UTF-8", "1"}));
}

class bpe_trainer_files : public test::temporary_directory {};

TEST_F(bpe_trainer_files, are_read_by_the_tokenizer) {
  const bpe_training_options options = options_of(6, {"<|endoftext|>"});
  const std::string text = "hello hello, it's caf\u00e9 caf\u00e9 42";
  write_tokenizer(directory_, train_byte_level_bpe(text, options), options);
  const tokenizer learnt = tokenizer::load(directory_);
  EXPECT_EQ(learnt.bos_id(), 0);
  EXPECT_EQ(learnt.eos_id(), 0);
  const std::vector<std::int32_t> ids = learnt.encode_document(text);
  ASSERT_FALSE(ids.empty());
  EXPECT_EQ(ids.front(), 0);
  EXPECT_LT(ids.size(), text.size());
  EXPECT_EQ(learnt.decode(ids), text);
  const std::string file = get("tokenizer.json");
  write_tokenizer(directory_, train_byte_level_bpe(text, options), options);
  EXPECT_EQ(get("tokenizer.json"), file);
  EXPECT_TRUE(says(error_of([&] { write_tokenizer(path("none"), {}, options); }), {"none"}));
}

TEST(bpe_trainer_data, equals_the_reference_trainer) {
  const std::filesystem::path file = test::optional_data() / "text" / "tinystories.txt";
  if (!std::filesystem::exists(file)) GTEST_SKIP() << file << " is absent.";
  std::ifstream stream(file, std::ios::binary);
  const std::string text{std::istreambuf_iterator<char>(stream), {}};
  bpe_training_options options;
  options.vocabulary_size = 4096;
  const trained_bpe trained = train_byte_level_bpe(text, options);
  ASSERT_EQ(trained.tokens.size(), 4096u);
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::string& token : trained.tokens) {
    for (const char c : token + "\n")
      hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  }
  // FNV-1a of the tokens in the order of their ids, one a line, computed over the vocabulary that
  // PyPI tokenizers 0.23.3 learns: BpeTrainer(vocab_size=4096, min_frequency=2,
  // special_tokens=["<|endoftext|>"], initial_alphabet=ByteLevel.alphabet()), NFC, the Qwen2 split,
  // one sequence for each story.
  EXPECT_EQ(hash, 0x687a93e99d9846bbu);
}

}  // namespace bpe_trainer_test
}  // namespace radlads::text
