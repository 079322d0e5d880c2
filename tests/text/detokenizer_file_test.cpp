// SPDX-License-Identifier: Apache-2.0
// What the "decoder" of tokenizer.json makes of tokens. Texts are those of tokenizers 0.23.3.

#include "radlads/text/detokenizer_file.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::text {
namespace detokenizer_file_test {

using detail::json;
using tokens_type = std::vector<std::string>;

detokenizer_rules read(const std::string& text) {
  const json value = json::parse(text);
  return detail::read_detokenizer(&value);
}

detokenizer_rules sequence(const std::string& steps) {
  return read(R"({"type": "Sequence", "decoders": [)" + steps + "]}");
}

std::string text_of(const detokenizer_rules& rules, const tokens_type& tokens) {
  detokenizer_state state;
  std::string text;
  for (const std::string& token : tokens) text += state.push(rules, token, false);
  return text + state.finish(rules);
}

const std::string replace =
    R"({"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "})";
const std::string bytes = R"({"type": "ByteFallback"})", fuse = R"({"type": "Fuse"})";
const std::string strip = R"({"type": "Strip", "content": " ", "start": 1, "stop": 0})";

TEST(detokenizer_file, metaspace_takes_the_first_space) {
  const auto first = read(R"({"type": "Metaspace", "prepend_scheme": "first"})");
  EXPECT_EQ(text_of(first, {"\u2581a", "\u2581a"}), "a a");
  EXPECT_EQ(text_of(first, {"a\u2581", "\u2581a"}), "a a");
  EXPECT_EQ(text_of(first, {"\u2581", "\u2581a", "<0xE4>"}), " a<0xE4>");
  EXPECT_EQ(text_of(first, {"<s>", "\u2581a"}), "<s> a");
  const auto never = read(R"({"type": "Metaspace", "add_prefix_space": false})");
  EXPECT_EQ(text_of(never, {"a\u2581", "\u2581a"}), "a  a");
}

TEST(detokenizer_file, rules_before_and_behind_byte_fallback) {
  const std::string metaspace = R"({"type": "Metaspace", "prepend_scheme": "first"})";
  const auto behind = sequence(bytes + "," + metaspace);
  EXPECT_EQ(text_of(behind, {"<0xE4>", "<0xB8>", "<0xAD>", "\u2581a"}), "\u4e2d a");
  EXPECT_EQ(text_of(behind, {"<0xE4>", "b"}), "\ufffdb");
  EXPECT_EQ(text_of(behind, {"\u2581", "\u2581a", "<0xE4>", "<0xB8>", "<0xAD>"}), " a\u4e2d");
  const auto each = sequence(replace + "," + strip);
  EXPECT_EQ(text_of(each, {"\u2581a", "\u2581a"}), "aa");
  EXPECT_EQ(text_of(each, {"a\u2581", "\u2581a"}), "a a");
  const auto llama = sequence(replace + "," + bytes + "," + fuse + "," + strip);
  EXPECT_EQ(text_of(llama, {"\u2581", "\u2581a", "<0xE4>", "<0xB8>"}), " a\ufffd\ufffd");
  EXPECT_EQ(text_of(read(bytes), {"<0xE4>", "<0xB8>", "<0xAD>", "\u2581a"}), "\u4e2d\u2581a");
}

TEST(detokenizer_file, names_what_is_unknown_or_out_of_order) {
  const auto error_for = [](const std::string& steps) {
    return test::error_of([&] { sequence(steps); });
  };
  EXPECT_TRUE(test::says(error_for(R"({"type": "WordPiece"})"), {"'WordPiece'", "Metaspace"}));
  EXPECT_TRUE(test::says(error_for(fuse + "," + replace), {"'Replace'", "out of order"}));
  EXPECT_TRUE(test::says(error_for(bytes + "," + bytes), {"'ByteFallback'", "out of order"}));
  EXPECT_TRUE(test::says(error_for(R"({"type": "ByteLevel"},)" + fuse), {"ByteLevel alone"}));
  EXPECT_TRUE(test::says(error_for(R"({"type": "Strip", "content": " ", "start": 1, "stop": 2})"),
                         {"stop 2"}));
  EXPECT_TRUE(test::says(error_for(R"({"type": "Strip", "content": "ab", "start": 1, "stop": 0})"),
                         {"one character"}));
  EXPECT_TRUE(test::says(
      error_for(R"({"type": "Replace", "pattern": {"Regex": "a"}, "content": ""})"), {"'String'"}));
  EXPECT_TRUE(test::says(test::error_of([] { detail::read_detokenizer(nullptr); }), {"missing"}));
}

TEST(detokenizer_file, bounds_steps_and_growth) {
  const std::string doubling =
      R"({"type": "Replace", "pattern": {"String": "a"}, "content": "aa"})";
  std::string steps = doubling;
  for (int i = 1; i < 64; ++i) steps += "," + doubling;
  const auto rules = sequence(steps);
  EXPECT_EQ(text_of(rules, {"b"}), "b");
  EXPECT_TRUE(test::says(test::error_of([&] { text_of(rules, {"a"}); }), {"decoder: Replace"}));
  steps += "," + doubling;
  EXPECT_TRUE(test::says(test::error_of([&] { sequence(steps); }), {"65 steps", "64"}));
}

}  // namespace detokenizer_file_test
}  // namespace radlads::text
