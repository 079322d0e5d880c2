// SPDX-License-Identifier: Apache-2.0
// Pieces as the reference library (PyPI tokenizers 0.23.3) cuts them, for many pre-tokenizers.

#include "radlads/text/pre_tokenizer_file.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace pre_tokenizer_file_test {

using detail::json;
using pieces_type = std::vector<std::string>;

/// Pieces as tokenizers spells them: in the byte alphabet where the model reads that.
pieces_type pieces_of(const read_steps& read, std::string_view text) {
  pieces_type pieces;
  pre_tokenizer_memory memory;
  pre_tokenizer(read.steps).split(text, true, memory, [&](std::string_view piece) {
    pieces.push_back(read.is_byte_level ? to_byte_alphabet(piece) : std::string(piece));
  });
  return pieces;
}

TEST(pre_tokenizer_file, cuts_text_as_the_reference_library) {
  const json file = files::read_json(RADLADS_SOURCE_DIR "/tests/text/data/pre_tokenizers.json");
  const auto texts = file["texts"].get<pieces_type>();
  ASSERT_EQ(texts.size(), 16u);
  ASSERT_EQ(file["cases"].size(), 67u);
  for (const json& one : file["cases"]) {
    const json& description = one["pre_tokenizer"];
    const read_steps read = detail::read_pre_tokenizer(&description);
    for (std::size_t i = 0; i < texts.size(); ++i) {
      EXPECT_EQ(pieces_of(read, texts[i]), one["pieces"][i].get<pieces_type>())
          << texts[i] << " by " << description;
    }
  }
}

TEST(pre_tokenizer_file, of_nothing_has_no_steps) {
  const read_steps read = detail::read_pre_tokenizer(nullptr);
  EXPECT_TRUE(read.steps.empty());
  EXPECT_FALSE(read.is_byte_level);
}

std::string error_for(const char* text) {
  return test::error_of([&] {
    const json value = json::parse(text);
    detail::read_pre_tokenizer(&value);
  });
}

TEST(pre_tokenizer_file, names_what_it_does_not_know) {
  const auto says = [](const std::string& message, std::string_view words) {
    return message.find(words) != std::string::npos;
  };
  EXPECT_TRUE(says(error_for(R"({"type": "Bert"})"), "'Bert'"));
  EXPECT_TRUE(says(error_for(R"({"type": "Punctuation", "behavior": "Kept"})"), "'Kept'"));
  EXPECT_TRUE(
      says(error_for(R"({"type": "Split", "pattern": {"String": ""}, "behavior": "Removed"})"),
           "is empty"));
  EXPECT_TRUE(
      says(error_for(R"({"type": "Split", "pattern": {}, "behavior": "Removed"})"), "'Regex'"));
  EXPECT_TRUE(says(error_for(R"({"type": "Split", "behavior": "Removed"})"), "'pattern'"));
  EXPECT_TRUE(says(error_for(R"({"type": "CharDelimiterSplit"})"), "'delimiter'"));
  EXPECT_TRUE(says(error_for(R"({"type": "Digits", "individual_digits": 1})"), "true or false"));
}

}  // namespace pre_tokenizer_file_test
}  // namespace radlads::text
