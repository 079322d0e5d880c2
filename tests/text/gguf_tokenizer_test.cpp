// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/gguf_tokenizer.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::text {
namespace gguf_tokenizer_test {

using files::json;
using test::gguf_bytes;

class gguf_tokenizer_test : public test::temporary_directory {
 protected:
  tokenizer_json_files read(const gguf_bytes& bytes) const {
    put("a.gguf", bytes.bytes());
    return huggingface_tokenizer(files::gguf_file::open(path("a.gguf")));
  }
  std::string refusal(const gguf_bytes& bytes) const {
    return test::error_of([&] { (void)read(bytes); });
  }

  /// Four tokens of bytes, one merge, an end token; `pre` splits.
  static gguf_bytes byte_level(const std::string& pre) {
    gguf_bytes file;
    file.string("tokenizer.ggml.model", "gpt2").string("tokenizer.ggml.pre", pre);
    file.strings("tokenizer.ggml.tokens", {"a", "b", "ab", "<end>", "[PAD4]"});
    file.integers("tokenizer.ggml.token_type", {1, 1, 1, 3, 5})
        .strings("tokenizer.ggml.merges", {"a b"});
    return file.integer("tokenizer.ggml.bos_token_id", 3).integer("tokenizer.ggml.eos_token_id", 3);
  }

  /// Tokens with scores, as SentencePiece has them.
  static gguf_bytes scored() {
    gguf_bytes file;
    file.string("tokenizer.ggml.model", "llama");
    file.strings("tokenizer.ggml.tokens",
                 {"<unk>", "<s>", "</s>", "<0x0A>", "a", "b", "c", "ab", "bc", "abc"});
    file.reals("tokenizer.ggml.scores", {0, 0, 0, 0, -3, -4, -5, -2, -1, 0});
    file.integers("tokenizer.ggml.token_type", {2, 3, 3, 6, 1, 1, 1, 1, 1, 1});
    file.integer("tokenizer.ggml.bos_token_id", 1).integer("tokenizer.ggml.eos_token_id", 2);
    return file.integer("tokenizer.ggml.unknown_token_id", 0);
  }
};

TEST_F(gguf_tokenizer_test, byte_level_tokens_merges_and_added_tokens) {
  const auto [tokenizer, config] =
      read(byte_level("gpt-2").string("tokenizer.chat_template", "{{ x }}"));
  EXPECT_EQ(tokenizer["model"]["vocab"], json({{"a", 0}, {"b", 1}, {"ab", 2}, {"<end>", 3}}));
  EXPECT_EQ(tokenizer["model"]["merges"], json::parse(R"([["a", "b"]])"));
  EXPECT_EQ(tokenizer["model"]["byte_fallback"], false);
  ASSERT_EQ(tokenizer["added_tokens"].size(), 1u);
  EXPECT_EQ(tokenizer["added_tokens"][0]["content"], "<end>");
  EXPECT_EQ(tokenizer["added_tokens"][0]["special"], true);
  EXPECT_EQ(config["eos_token"], "<end>");
  EXPECT_EQ(config["chat_template"], "{{ x }}");
}

TEST_F(gguf_tokenizer_test, each_split_implies_what_its_model_does) {
  const auto steps = [&](const std::string& pre) {
    return read(byte_level(pre)).tokenizer["pre_tokenizer"];
  };
  EXPECT_EQ(steps("gpt-2")["use_regex"], true);
  EXPECT_EQ(steps("smollm")["pretokenizers"][0],
            json::parse(R"({"type": "Digits", "individual_digits": true})"));
  EXPECT_EQ(steps("smollm")["pretokenizers"][1]["use_regex"], true);
  for (const char* pre : {"qwen2", "llama-bpe", "tekken"}) {
    EXPECT_EQ(steps(pre)["pretokenizers"][0]["type"], "Split") << pre;
    EXPECT_EQ(steps(pre)["pretokenizers"][1]["use_regex"], false) << pre;
  }
  EXPECT_EQ(read(byte_level("qwen2")).tokenizer["normalizer"]["type"], "NFC");
  for (const auto& [pre, adds_begin] : {std::pair{"gpt-2", false},
                                        {"smollm", false},
                                        {"qwen2", false},
                                        {"llama-bpe", true},
                                        {"tekken", true}}) {
    const auto [tokenizer, config] = read(byte_level(pre));
    EXPECT_EQ(tokenizer["post_processor"]["type"], adds_begin ? "TemplateProcessing" : "ByteLevel")
        << pre;
    EXPECT_EQ(config["add_bos_token"], adds_begin) << pre;
    EXPECT_EQ(tokenizer["model"]["ignore_merges"], adds_begin) << pre;
  }
}

TEST_F(gguf_tokenizer_test, the_file_decides_about_begin_and_end) {
  EXPECT_EQ(read(byte_level("llama-bpe").boolean("tokenizer.ggml.add_bos_token", false))
                .tokenizer["post_processor"]["type"],
            "ByteLevel");
  const json both = read(byte_level("smollm")
                             .boolean("tokenizer.ggml.add_bos_token", true)
                             .boolean("tokenizer.ggml.add_eos_token", true))
                        .tokenizer["post_processor"];
  ASSERT_EQ(both["single"].size(), 3u);
  EXPECT_EQ(both["single"][0]["SpecialToken"]["id"], "<end>");
  EXPECT_EQ(both["single"][1]["Sequence"]["id"], "A");
  EXPECT_EQ(both["single"][2]["SpecialToken"]["id"], "<end>");
  EXPECT_EQ(both["special_tokens"]["<end>"]["ids"], json::parse("[3]"));
}

TEST_F(gguf_tokenizer_test, scores_become_merges_from_the_best_token_down) {
  const auto [tokenizer, config] = read(scored());
  EXPECT_EQ(tokenizer["model"]["merges"],
            json::parse(R"([["a", "bc"], ["ab", "c"], ["b", "c"], ["a", "b"]])"));
  EXPECT_EQ(tokenizer["model"]["byte_fallback"], true);
  EXPECT_EQ(tokenizer["model"]["unk_token"], "<unk>");
  EXPECT_EQ(tokenizer["normalizer"]["normalizers"][0]["prepend"], "\u2581");
  EXPECT_EQ(tokenizer["post_processor"]["single"][0]["SpecialToken"]["id"], "<s>");
  EXPECT_EQ(tokenizer["decoder"]["decoders"].size(), 4u);
  const json without = read(scored().boolean("tokenizer.ggml.add_space_prefix", false)).tokenizer;
  EXPECT_EQ(without["normalizer"]["normalizers"].size(), 1u);
  EXPECT_EQ(without["decoder"]["decoders"].size(), 3u);
}

TEST_F(gguf_tokenizer_test, names_the_first_tokens_as_llama_cpp_does_where_the_file_does_not) {
  gguf_bytes file;
  file.string("tokenizer.ggml.model", "llama");
  file.strings("tokenizer.ggml.tokens", {"<unk>", "<s>", "</s>"});
  file.reals("tokenizer.ggml.scores", {0, 0, 0}).integers("tokenizer.ggml.token_type", {2, 3, 3});
  const auto [tokenizer, config] = read(file);
  EXPECT_EQ(tokenizer["model"]["unk_token"], "<unk>");
  EXPECT_EQ(tokenizer["post_processor"]["single"][0]["SpecialToken"]["id"], "<s>");
  EXPECT_EQ(config["eos_token"], "</s>");
}

TEST_F(gguf_tokenizer_test, unused_tokens_are_in_no_merge) {
  gguf_bytes file;
  file.string("tokenizer.ggml.model", "llama").strings("tokenizer.ggml.tokens", {"a", "b", "ab"});
  file.reals("tokenizer.ggml.scores", {0, 0, 0});
  EXPECT_EQ(read(gguf_bytes(file).integers("tokenizer.ggml.token_type", {1, 1, 1}))
                .tokenizer["model"]["merges"]
                .size(),
            1u);
  EXPECT_EQ(read(gguf_bytes(file).integers("tokenizer.ggml.token_type", {1, 5, 1}))
                .tokenizer["model"]["merges"]
                .size(),
            0u);
}

TEST_F(gguf_tokenizer_test, refuses_what_it_does_not_know) {
  EXPECT_TRUE(test::says(refusal(gguf_bytes()), {"a.gguf", "tokenizer.ggml.tokens", "missing"}));
  EXPECT_TRUE(test::says(refusal(byte_level("deepseek-llm")),
                         {"\"deepseek-llm\"", "gpt-2, smollm, llama-bpe, qwen2, tekken"}));
  const auto with = [](const std::string& model, const std::vector<std::string>& tokens) {
    gguf_bytes file;
    file.string("tokenizer.ggml.model", model).string("tokenizer.ggml.pre", "gpt-2");
    return file.strings("tokenizer.ggml.tokens", tokens);
  };
  EXPECT_TRUE(test::says(refusal(with("t5", {"a"})), {"\"t5\"", "gpt2 and llama"}));
  EXPECT_TRUE(test::says(refusal(with("gpt2", {"a"})), {"tokenizer.ggml.merges", "missing"}));
  EXPECT_TRUE(test::says(refusal(with("gpt2", {"a", "a"}).strings("tokenizer.ggml.merges", {})),
                         {"two tokens"}));
  EXPECT_TRUE(test::says(refusal(with("gpt2", {"a"}).strings("tokenizer.ggml.merges", {"ab"})),
                         {"merge 0 is \"ab\""}));
  EXPECT_TRUE(test::says(refusal(with("llama", {"a"}).reals("tokenizer.ggml.scores", {})),
                         {"a.gguf", "0 scores for 1"}));
  EXPECT_TRUE(test::says(refusal(with("gpt2", {"a"}).integers("tokenizer.ggml.token_type", {7})),
                         {"1 to 6"}));
  EXPECT_TRUE(test::says(refusal(with("gpt2", {"a"}).integers("tokenizer.ggml.token_type", {})),
                         {"0 entries for 1"}));
  EXPECT_TRUE(test::says(refusal(with("gpt2", {"a"})
                                     .strings("tokenizer.ggml.merges", {})
                                     .integer("tokenizer.ggml.eos_token_id", 1)),
                         {"eos_token_id\" is 1; there are 1 tokens"}));
}

}  // namespace gguf_tokenizer_test
}  // namespace radlads::text
