// SPDX-License-Identifier: Apache-2.0
// Tokenizers of the SentencePiece kinds: ids and texts of 2,000 nasty texts as PyPI tokenizers
// 0.23.3 has them. The two models were trained by PyPI sentencepiece 0.2.3, BPE and Unigram, both
// with byte tokens.

#include "radlads/text/encoder.hpp"
#include "support/gguf_bytes.hpp"
#include "support/temporary_directory.hpp"
#include "text/hashed_texts.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace radlads::text {
namespace sentencepiece_test {

using test::json;
using ids_type = std::vector<std::int32_t>;

class sentencepiece : public test::temporary_directory {
 protected:
  tokenizer loaded(const json& data, const json& one) const {
    json file = {{"version", "1.0"}, {"model", data["models"][one["model"].get<std::string>()]}};
    file["model"].update(one["flags"]);
    for (const char* key :
         {"added_tokens", "normalizer", "pre_tokenizer", "post_processor", "decoder"})
      file[key] = one[key];
    return tokenizer::load(put("tokenizer.json", file.dump()));
  }
};

/// Ids with spaces between them, a bar, and the text they become.
std::string spelled(const tokenizer& tokenizer, const ids_type& ids) {
  std::string out;
  for (const std::int32_t id : ids) out += (out.empty() ? "" : " ") + std::to_string(id);
  return out + '|' + tokenizer.decode(ids, false);
}

TEST_F(sentencepiece, gives_the_reference_ids_and_texts_of_2000_nasty_texts) {
  const std::vector<std::string> texts = test::nasty_texts();
  ASSERT_EQ(texts.size(), 2000u);
  const json data = test::text_data("sentencepiece.json");
  ASSERT_GE(data["cases"].size(), 23u);
  for (const json& one : data["cases"]) {
    const tokenizer made = loaded(data, one);
    encoder many(made);
    for (std::size_t i = 0; i < one["first"].size(); ++i) {
      EXPECT_EQ(made.encode_document(texts[i]), one["first"][i].get<ids_type>())
          << one["name"] << ": " << texts[i];
    }
    const auto result = [&](const std::string& text) {
      return spelled(made, many.encode_document(text));
    };
    EXPECT_EQ(test::hashes_of(texts, result), one["hashes"].get<std::vector<std::string>>())
        << one["name"];
  }
}

/// The trained BPE model as a GGUF file has it: bytes behind three special tokens, then tokens
/// whose scores fall by one.
test::gguf_bytes scored(const json& data, const std::vector<std::string>& user_tokens) {
  std::vector<std::string> tokens(760);
  for (const auto& [token, id] : data["models"]["bpe"]["vocab"].items())
    tokens[id.get<std::size_t>()] = token;
  std::vector<float> scores(tokens.size(), 0.0f);
  std::vector<std::int32_t> kinds(tokens.size(), 1);
  for (std::size_t id = 0; id < 259; ++id) kinds[id] = id == 0 ? 2 : id < 3 ? 3 : 6;
  for (std::size_t id = 259; id < tokens.size(); ++id) scores[id] = 259.0f - static_cast<float>(id);
  for (const std::string& token : user_tokens) {
    tokens.push_back(token);
    scores.push_back(-1000.0f);
    kinds.push_back(4);
  }
  test::gguf_bytes file;
  file.string("tokenizer.ggml.model", "llama").strings("tokenizer.ggml.tokens", tokens);
  file.reals("tokenizer.ggml.scores", scores).integers("tokenizer.ggml.token_type", kinds);
  return file;
}

TEST_F(sentencepiece, of_a_gguf_file_gives_the_ids_of_llama_cpp) {
  const json data = test::text_data("sentencepiece.json");
  const std::vector<std::string> texts = test::nasty_texts();
  std::vector<test::gguf_bytes> files{scored(data, {}), scored(data, {}),
                                      scored(data, {"  ", "<end>", "\u2581\u2581x"})};
  files[1].boolean("tokenizer.ggml.add_space_prefix", false);
  files[1].boolean("tokenizer.ggml.add_bos_token", false);
  files[2].boolean("tokenizer.ggml.add_eos_token", true);
  ASSERT_EQ(data["gguf"].size(), files.size());
  for (std::size_t i = 0; i < files.size(); ++i) {
    const json& one = data["gguf"][i];
    const tokenizer made = tokenizer::load(put("a.gguf", files[i].bytes()));
    for (std::size_t j = 0; j < one["texts"].size(); ++j) {
      const auto text = one["texts"][j].get<std::string>();
      EXPECT_EQ(made.encode_document(text), one["ids"][j].get<ids_type>())
          << one["name"] << ": " << text;
    }
    const auto ids = [&](const std::string& text) {
      const std::string both = spelled(made, made.encode_document(text));
      return both.substr(0, both.find('|'));
    };
    EXPECT_EQ(test::hashes_of(texts, ids), one["hashes"].get<std::vector<std::string>>())
        << one["name"];
  }
}

TEST_F(sentencepiece, reads_long_words_and_long_texts) {
  const json data = test::text_data("sentencepiece.json");
  const std::vector<std::string> texts = test::nasty_texts();
  for (const char* name : {"llama2 legacy", "gemma", "unigram without pre-tokenizer"}) {
    json one;
    for (const json& each : data["cases"]) {
      if (each["name"] == name) one = each;
    }
    one["added_tokens"] = json::array();
    one["post_processor"] = nullptr;
    const tokenizer made = loaded(data, one);
    const std::string word(1 << 20, 'a');
    EXPECT_EQ(made.decode(made.encode(word)), word) << name;
    // Spaces keep words apart in this vocabulary, so a long text has the ids of its halves.
    std::string text = "a b", twice;
    while (text.size() < 60'000) text += " " + texts[text.size() % texts.size()];
    text += "end";
    one["normalizer"] =
        json::parse(R"({"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"})");
    const tokenizer plain = loaded(data, one);
    ids_type ids = plain.encode(text);
    twice = text + " " + text;
    const ids_type both = plain.encode(twice), second = plain.encode(" " + text);
    ids.insert(ids.end(), second.begin(), second.end());
    EXPECT_EQ(both, ids) << name;
  }
}

TEST_F(sentencepiece, lets_characters_out_as_they_are_whole) {
  const tokenizer small =
      tokenizer::load(put("tokenizer.json", test::small_byte_fallback().dump()));
  const ids_type ids = small.encode("ab \u4e2d a");
  detokenizer_state state;
  std::vector<std::string> parts;
  for (const std::int32_t id : ids) parts.push_back(small.push(state, id));
  parts.push_back(small.finish(state));
  // The space in front of the text is left out, those inside stay.
  EXPECT_EQ(parts, (std::vector<std::string>{"ab", " ", "", "", "", "\u4e2d a", ""}));
}

}  // namespace sentencepiece_test
}  // namespace radlads::text
