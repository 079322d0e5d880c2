// SPDX-License-Identifier: Apache-2.0
// What a tokenizer.json says, and sentences for what it must not say.

#include "radlads/text/tokenizer_file.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

namespace radlads::text {
namespace tokenizer_file_test {

using test::error_of;
using test::json;
using test::says;

/// The known splits among the steps of a pre-tokenizer.
std::vector<split_pattern> splits_of(const tokenizer_description& description) {
  std::vector<split_pattern> splits;
  for (const pre_tokenizer_step& step : description.pre_tokenizer.steps()) {
    if (const auto* split = std::get_if<split_step>(&step)) {
      splits.push_back(std::get<split_pattern>(split->pattern));
    }
  }
  return splits;
}

class tokenizer_file : public test::temporary_directory {
 protected:
  tokenizer_description described(const json& file) const {
    return describe_tokenizer_json(put("tokenizer.json", file.dump()));
  }

  /// The error after `spoil` has changed a good file; it must name the file and hold the pieces.
  void expect_error(const std::function<void(json&)>& spoil,
                    std::vector<std::string> pieces) const {
    json file = test::small_byte_level();
    spoil(file);
    pieces.push_back(path("tokenizer.json").string());
    EXPECT_TRUE(says(error_of([&] { described(file); }), pieces));
  }
};

TEST_F(tokenizer_file, of_byte_level_bpe) {
  const tokenizer_description description = described(test::small_byte_level());
  EXPECT_TRUE(description.is_byte_level);
  EXPECT_EQ(splits_of(description), std::vector<split_pattern>{split_pattern::qwen2});
  EXPECT_EQ(description.tokens.size(), 269);
  ASSERT_EQ(description.merges.size(), 7u);
  EXPECT_EQ(description.merges[2].left, 256);
  EXPECT_EQ(description.merges[2].right, 257);
  EXPECT_EQ(description.merges[2].result, 258);
  EXPECT_EQ(description.added.size(), 6u);
  EXPECT_TRUE(description.detokenizer.is_byte_level);
  EXPECT_TRUE(description.post_processor.prefix().empty());
}

TEST_F(tokenizer_file, of_byte_fallback_bpe) {
  const tokenizer_description description = described(test::small_byte_fallback());
  EXPECT_FALSE(description.is_byte_level);
  EXPECT_TRUE(description.has_byte_fallback);
  EXPECT_TRUE(description.fuses_unknown);
  EXPECT_EQ(description.unknown_id, 0);
  EXPECT_EQ(description.merges.size(), 3u);
  EXPECT_EQ(description.post_processor.prefix(), std::vector<std::int32_t>{1});
  EXPECT_EQ(description.normalizer("a b"), "\u2581a\u2581b");
  EXPECT_EQ(description.detokenizer.start.count, 1u);
}

TEST_F(tokenizer_file, with_the_pattern_inside_byte_level_is_gpt2) {
  json file = test::small_byte_level();
  file["pre_tokenizer"] = {{"type", "ByteLevel"}, {"add_prefix_space", true}};
  const tokenizer_description description = described(file);
  EXPECT_EQ(splits_of(description), std::vector<split_pattern>{split_pattern::gpt2});
  ASSERT_EQ(description.pre_tokenizer.steps().size(), 2u);
  EXPECT_TRUE(std::holds_alternative<prefix_space_step>(description.pre_tokenizer.steps().front()));
}

TEST_F(tokenizer_file, lacking_keys) {
  expect_error([](json& file) { file.erase("model"); }, {"'model'"});
  expect_error([](json& file) { file["model"].erase("vocab"); }, {"'vocab'"});
  expect_error([](json& file) { file["model"].erase("merges"); }, {"'merges'"});
  expect_error([](json& file) { file.erase("decoder"); }, {"'decoder'"});
  expect_error([](json& file) { file["added_tokens"][0].erase("id"); }, {"'id'"});
  expect_error([](json& file) { file["added_tokens"][0].erase("content"); }, {"'content'"});
  expect_error([](json& file) { file["normalizer"].erase("type"); }, {"'type'"});
}

TEST_F(tokenizer_file, of_unknown_kinds) {
  expect_error([](json& file) { file["model"]["type"] = "WordPiece"; }, {"WordPiece", "BPE"});
  expect_error([](json& file) { file["normalizer"]["type"] = "Nmt"; }, {"Nmt", "NFC"});
  expect_error(
      [](json& file) {
        file["pre_tokenizer"] = {{"type", "BertPreTokenizer"}};
      },
      {"BertPreTokenizer", "ByteLevel", "Digits"});
  expect_error(
      [](json& file) {
        file["post_processor"] = {{"type", "PairProcessing"}};
      },
      {"PairProcessing", "TemplateProcessing"});
  expect_error(
      [](json& file) {
        file["decoder"] = {{"type", "WordPiece"}};
      },
      {"WordPiece", "ByteLevel"});
  expect_error([](json& file) { file["model"]["dropout"] = 0.1; }, {"dropout", "0.1"});
  expect_error([](json& file) { file["model"]["end_of_word_suffix"] = "</w>"; }, {"</w>"});
  expect_error(
      [](json& file) {
        file["pre_tokenizer"]["pretokenizers"][0]["pattern"]["Regex"] = R"((a)\1)";
      },
      {R"((a)\1)"});
}

TEST_F(tokenizer_file, with_broken_values) {
  expect_error([](json& file) { file["model"]["merges"][0] = "h"; }, {"merge 0", "\"h\""});
  expect_error([](json& file) { file["model"]["merges"][1] = 5; }, {"merge 1", "5"});
  expect_error([](json& file) { file["model"]["merges"][3] = "hell q"; }, {"merge 3", "'hellq'"});
  expect_error([](json& file) { file["model"]["merges"][0] = "h zz"; }, {"merge 0", "'zz'"});
  expect_error([](json& file) { file["model"]["vocab"]["he"] = "x"; }, {"'he'", "integer"});
  expect_error([](json& file) { file["model"]["vocab"]["he"] = 2.5; }, {"'he'", "2.5"});
  expect_error([](json& file) { file["model"]["vocab"]["he"] = -1; }, {"'he'", "-1"});
  expect_error([](json& file) { file["model"]["vocab"]["he"] = 4000000000; }, {"'he'"});
  expect_error([](json& file) { file["model"]["vocab"]["he"] = 1; }, {"id 1"});
  expect_error([](json& file) { file["added_tokens"][0]["id"] = 5; }, {"id 5", "<end>"});
  expect_error([](json& file) { file["added_tokens"][0]["special"] = "yes"; }, {"special"});
  expect_error([](json& file) { file["model"]["unk_token"] = "<unk>"; }, {"<unk>"});
  expect_error([](json& file) { file = json::array(); }, {"array"});
  expect_error([](json& file) { file["model"] = 5; }, {"'model'"});
}

TEST_F(tokenizer_file, of_a_unigram_model) {
  json file = test::small_byte_fallback();
  file["model"] = json::parse(R"({"type": "Unigram", "unk_id": 0, "byte_fallback": true,
    "vocab": [["<unk>", 0], ["<s>", 0], ["</s>", 0], ["a", -1.5]]})");
  const tokenizer_description description = described(file);
  EXPECT_EQ(description.scores, (std::vector<double>{0, 0, 0, -1.5}));
  EXPECT_EQ(description.unknown_id, 0);
  EXPECT_TRUE(description.has_byte_fallback);
  EXPECT_TRUE(description.merges.empty());
  const auto error_for = [&](const char* key, const json& value) {
    json spoilt = file;
    spoilt["model"][key] = value;
    return error_of([&] { described(spoilt); });
  };
  EXPECT_TRUE(says(error_for("unk_id", 4), {"'model.unk_id' is 4", "4 tokens"}));
  EXPECT_TRUE(says(error_for("unk_id", -1), {"'model.unk_id' is -1"}));
  EXPECT_TRUE(says(error_for("vocab", json::array()), {"'model.vocab' is empty"}));
  EXPECT_TRUE(
      says(error_for("vocab", json::parse(R"([["a", 0], ["a", 1]])")), {"'a' has two ids"}));
  EXPECT_TRUE(says(error_for("vocab", json::parse(R"([["a", 0], ["b"]])")), {"token 1", "score"}));
  EXPECT_TRUE(says(error_for("vocab", json::parse(R"([["a", "0"]])")), {"token 0", "score"}));
}

TEST_F(tokenizer_file, of_many_steps_or_levels_is_refused) {
  expect_error(
      [](json& file) {
        auto& steps = file["pre_tokenizer"]["pretokenizers"];
        steps = std::vector<json>(34000, steps[0]);
      },
      {"34000 steps", "64"});
  std::string nested = R"({"type": "Digits"})";
  for (int i = 0; i < 50; ++i)
    nested = R"({"type": "Sequence", "pretokenizers": [)" + nested + "]}";
  json file = test::small_byte_level();
  file["pre_tokenizer"] = json::parse(nested);
  EXPECT_EQ(described(file).pre_tokenizer.steps().size(), 1u);
  for (int i = 0; i < 50; ++i)
    nested = R"({"type": "Sequence", "pretokenizers": [)" + nested + "]}";
  const auto deep = put("tokenizer.json", R"({"pre_tokenizer": )" + nested + "}");
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer_json(deep); }), {deep.string(), "deeper"}));
  const std::string brackets(80000, '[');
  put("tokenizer.json", R"({"added_tokens": [{"content": "a", "id": )" + brackets);
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer_json(deep); }), {deep.string(), "deeper"}));
}

TEST_F(tokenizer_file, that_is_no_json) {
  for (const char* content : {"", "{", "{\"model\": \"\xff\"}", "nonsense"}) {
    const auto file = put("tokenizer.json", content);
    EXPECT_TRUE(says(error_of([&] { describe_tokenizer_json(file); }), {file.string()}));
  }
  EXPECT_TRUE(says(error_of([&] { describe_tokenizer_json(path("none.json")); }), {"none.json"}));
}

}  // namespace tokenizer_file_test
}  // namespace radlads::text
