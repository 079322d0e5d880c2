// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/gguf_tokenizer_writer.hpp"
#include "radlads/text/tokenizer.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace gguf_tokenizer_writer_test {

using test::json;

/// A tokenizer with a special token, one that is not, and nothing that GGUF cannot say.
json plain() {
  json file = test::small_byte_level();
  file["added_tokens"] = {test::added_token(263, "<end>"),
                          test::added_token(264, "<tool>", {{"special", false}})};
  return file;
}

json split(std::string_view regex) {
  return {{"type", "Split"},
          {"pattern", {{"Regex", regex}}},
          {"behavior", "Isolated"},
          {"invert", false}};
}

class gguf_tokenizer_writer_test : public test::temporary_directory {
 protected:
  void put_tokenizer(const json& file, const json& config) const {
    put("tokenizer.json", file.dump());
    put("tokenizer_config.json", config.dump());
  }

  /// Writes what the directory holds to a.gguf.
  void write(const model_token_ids& model = {270, {}, {}, {}}) const {
    files::gguf_writer writer;
    write_gguf_tokenizer(directory_, model, writer);
    writer.write(path("a.gguf"));
  }

  std::string refusal(const json& file, const json& config = json::object()) const {
    put_tokenizer(file, config);
    return test::error_of([&] { write(); });
  }

  std::string pre_of(const json& file) const {
    put_tokenizer(file, json::object());
    write();
    return std::string(
        files::gguf_file::open(path("a.gguf")).get<std::string_view>("tokenizer.ggml.pre"));
  }
};

TEST_F(gguf_tokenizer_writer_test, a_file_has_the_tokenizer_of_its_directory) {
  put_tokenizer(plain(), {{"eos_token", "<end>"}, {"chat_template", "{{ messages }}"}});
  write({270, {}, 3, {263, 7, 8}});
  const tokenizer before = tokenizer::load(directory_), after = tokenizer::load(path("a.gguf"));
  for (const std::string text :
       {"hello hello world 1234", "<end>hello<tool> w\u00e9 e\u0301\n\n  x", "", "don't 12 \t y"}) {
    EXPECT_EQ(after.encode_document(text), before.encode_document(text)) << text;
  }
  EXPECT_EQ(after.fingerprint(), before.fingerprint());
  EXPECT_EQ(after.eos_id(), 263);
  EXPECT_TRUE(after.is_special(263));
  EXPECT_FALSE(after.is_special(264));
  const files::gguf_file file = files::gguf_file::open(path("a.gguf"));
  const auto tokens = file.get<files::gguf_strings>("tokenizer.ggml.tokens");
  ASSERT_EQ(tokens.size(), 270u);
  EXPECT_EQ(tokens[269], "[PAD269]");
  const auto kinds = file.get<files::gguf_numbers>("tokenizer.ggml.token_type");
  EXPECT_EQ(std::vector<double>(kinds.begin() + 262, kinds.begin() + 266),
            (std::vector<double>{1, 3, 4, 5}));
  EXPECT_EQ(file.get<std::string_view>("tokenizer.ggml.model"), "gpt2");
  EXPECT_EQ(file.get<std::string_view>("tokenizer.ggml.pre"), "qwen2");
  EXPECT_EQ(file.get<std::string_view>("tokenizer.chat_template"), "{{ messages }}");
  EXPECT_EQ(file.get<std::int64_t>("tokenizer.ggml.eos_token_id"), 263);
  EXPECT_EQ(file.get<std::int64_t>("tokenizer.ggml.eot_token_id"), 7);
  EXPECT_EQ(file.get<std::int64_t>("tokenizer.ggml.eom_token_id"), 8);
  EXPECT_EQ(file.get<std::int64_t>("tokenizer.ggml.padding_token_id"), 3);
  EXPECT_FALSE(file.get<bool>("tokenizer.ggml.add_bos_token"));
  const auto merges = file.get<files::gguf_strings>("tokenizer.ggml.merges");
  EXPECT_EQ(merges[0], "h e");
}

TEST_F(gguf_tokenizer_writer_test, splits_have_their_names) {
  json file = plain();
  const json bytes = file["post_processor"];
  json with_regex = bytes;
  with_regex["use_regex"] = true;
  EXPECT_EQ(pre_of(file), "qwen2");
  file["pre_tokenizer"] = with_regex;
  EXPECT_EQ(pre_of(file), "gpt-2");
  file["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers", {{{"type", "Digits"}, {"individual_digits", true}}, with_regex}}};
  EXPECT_EQ(pre_of(file), "smollm");
  file["pre_tokenizer"] = {{"type", "Sequence"},
                           {"pretokenizers", {split(regex_of(split_pattern::llama3)), bytes}}};
  file["model"]["ignore_merges"] = true;
  EXPECT_EQ(pre_of(file), "llama-bpe");
}

TEST_F(gguf_tokenizer_writer_test, begin_tokens_are_those_of_the_post_processor) {
  json file = plain();
  file["post_processor"] = json::parse(R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<end>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "pair": [], "special_tokens": {"<end>": {"id": "<end>", "ids": [263], "tokens": ["<end>"]}}})");
  put_tokenizer(file, json::object());
  write();
  const tokenizer after = tokenizer::load(path("a.gguf"));
  EXPECT_EQ(after.encode_document("h"), tokenizer::load(directory_).encode_document("h"));
  EXPECT_EQ(after.encode_document("h").front(), 263);
}

TEST_F(gguf_tokenizer_writer_test, a_gguf_files_tokenizer_is_copied) {
  put_tokenizer(plain(), {{"eos_token", "<end>"}, {"chat_template", "{{ messages }}"}});
  write();
  files::gguf_writer writer;
  write_gguf_tokenizer(path("a.gguf"), {270, {}, {}, {}}, writer);
  writer.write(path("b.gguf"));
  const files::gguf_file one = files::gguf_file::open(path("a.gguf")),
                         two = files::gguf_file::open(path("b.gguf"));
  ASSERT_EQ(one.metadata().size(), two.metadata().size());
  for (const auto& [key, value] : one.metadata())
    EXPECT_TRUE(two.metadata().at(key) == value) << key;
}

TEST_F(gguf_tokenizer_writer_test, refuses_what_gguf_cannot_say) {
  EXPECT_TRUE(
      test::says(refusal(test::small_byte_level()), {"added token \"<left>\"", "white space"}));
  json file = plain();
  file["model"]["ignore_merges"] = true;
  EXPECT_TRUE(test::says(refusal(file), {"\"ignore_merges\" is true", "\"qwen2\""}));
  file = plain();
  file["normalizer"] = {{"type", "Lowercase"}};
  EXPECT_TRUE(test::says(refusal(file), {"normalizer that is not NFC"}));
  file = plain();
  file["pre_tokenizer"] = {
      {"type", "Sequence"},
      {"pretokenizers", {{{"type", "WhitespaceSplit"}}, file["post_processor"]}}};
  EXPECT_TRUE(
      test::says(refusal(file), {"splits text", "gpt-2, smollm, llama-bpe, qwen2, tekken"}));
  put_tokenizer(plain(), json::object());
  EXPECT_TRUE(test::says(test::error_of([&] {
                           write({264, {}, {}, {}});
                         }),
                         {"ids up to 264", "vocabulary is 264"}));
}

}  // namespace gguf_tokenizer_writer_test
}  // namespace radlads::text
