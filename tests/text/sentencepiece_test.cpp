// SPDX-License-Identifier: Apache-2.0
// Tokenizers of the SentencePiece kinds: ids and texts of 2,000 nasty texts as PyPI tokenizers
// 0.23.3 has them. The two models were trained by PyPI sentencepiece 0.2.3, BPE and Unigram, both
// with byte tokens.

#include "radlads/text/encoder.hpp"
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
    while (text.size() < 200'000) text += " " + texts[text.size() % texts.size()];
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
