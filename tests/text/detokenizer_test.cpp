// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/detokenizer.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::text {
namespace detokenizer_test {

const detokenizer_rules byte_level{.is_byte_level = true};
const detokenizer_rules llama{
    .token_rules = {replace_rule{"\u2581", " "}}, .has_byte_fallback = true, .start = {" ", 1}};

/// What each token lets out, and at the end what was held back.
std::vector<std::string> streamed(const detokenizer_rules& rules,
                                  const std::vector<std::string>& tokens) {
  detokenizer_state state;
  std::vector<std::string> out;
  out.reserve(tokens.size() + 1);
  for (const std::string& token : tokens) out.push_back(state.push(rules, token, false));
  out.push_back(state.finish(rules));
  return out;
}

using texts = std::vector<std::string>;

TEST(detokenizer, reads_byte_tokens) {
  EXPECT_EQ(byte_of_token("<0x0A>"), '\n');
  EXPECT_EQ(byte_of_token("<0xfF>"), '\xff');
  for (const char* token : {"<0x0A", "<0xA>", "<0xG0>", "<0x0G>", "<0x+1>", "(0x0A>", ""}) {
    EXPECT_FALSE(byte_of_token(token)) << token;
  }
}

TEST(detokenizer, spells_all_byte_tokens_both_ways) {
  const std::string digits = "0123456789ABCDEF", small_digits = "0123456789abcdef";
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const char expected = static_cast<char>(static_cast<unsigned char>(byte));
    const std::string token = {'<', '0', 'x', digits[byte / 16], digits[byte % 16], '>'};
    EXPECT_EQ(byte_token(static_cast<unsigned char>(byte)), token);
    EXPECT_EQ(byte_of_token(token), expected) << token;
    EXPECT_EQ(token_bytes(llama, token, false), std::string(1, expected)) << token;
    const std::string small = {'<', '0', 'x', small_digits[byte / 16], small_digits[byte % 16],
                               '>'};
    EXPECT_EQ(byte_of_token(small), expected) << small;
  }
}

TEST(detokenizer, spells_single_tokens) {
  EXPECT_EQ(token_bytes(byte_level, "\u0120caf\u00c3", false), " caf\xc3");
  EXPECT_EQ(token_bytes(byte_level, "\u00c3\u00a9", true), "\u00c3\u00a9");
  EXPECT_EQ(token_bytes(byte_level, "a b", false), "a b");
  EXPECT_EQ(token_bytes(llama, "\u2581a\u2581", false), " a ");
  EXPECT_EQ(token_bytes(llama, "<0xE4>", false), "\xe4");
}

TEST(detokenizer, holds_back_partial_characters) {
  EXPECT_EQ(streamed(byte_level, {"a\u00f0", "\u0141", "\u013a", "\u0122b"}),
            (texts{"a", "", "", "\U0001f600b", ""}));
  EXPECT_EQ(streamed(byte_level, {"\u00c3"}), (texts{"", "\ufffd"}));
  EXPECT_EQ(streamed(byte_level, {"\u00c3", "a"}), (texts{"", "\ufffda", ""}));
}

TEST(detokenizer, holds_back_runs_of_byte_tokens) {
  EXPECT_EQ(streamed(llama, {"<0xC3>", "<0xA9>", "a"}), (texts{"", "", "\u00e9a", ""}));
  // One broken byte spoils the run it stands in: one U+FFFD a byte.
  EXPECT_EQ(streamed(llama, {"<0xC3>", "<0xA9>", "<0xFF>"}),
            (texts{"", "", "", "\ufffd\ufffd\ufffd"}));
}

TEST(detokenizer, strips_the_beginning_once) {
  EXPECT_EQ(streamed(llama, {"\u2581a", "\u2581b"}), (texts{"a", " b", ""}));
  EXPECT_EQ(streamed(llama, {"\u2581", "\u2581"}), (texts{"", " ", ""}));
  EXPECT_EQ(streamed(llama, {"a", "\u2581b"}), (texts{"a", " b", ""}));
  EXPECT_EQ(streamed(llama, {"<0x20>", "\u2581b"}), (texts{"", " b", ""}));
}

}  // namespace detokenizer_test
}  // namespace radlads::text
