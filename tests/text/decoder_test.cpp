// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/decoder.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::text {
namespace decoder_test {

const decoder_rules byte_level{true, {}, false, {}, 0};
const decoder_rules llama{false, {{"\u2581", " "}}, true, " ", 1};

/// What each token lets out, and at the end what was held back.
std::vector<std::string> streamed(const decoder_rules& rules,
                                  const std::vector<std::string>& tokens) {
  decoder_state state;
  std::vector<std::string> out;
  out.reserve(tokens.size() + 1);
  for (const std::string& token : tokens) out.push_back(state.push(rules, token, false));
  out.push_back(state.finish(rules));
  return out;
}

using texts = std::vector<std::string>;

TEST(decoder, reads_byte_tokens) {
  EXPECT_EQ(byte_of_token("<0x0A>"), '\n');
  EXPECT_EQ(byte_of_token("<0xfF>"), '\xff');
  for (const char* token : {"<0x0A", "<0xA>", "<0xG0>", "<0x0G>", "<0x+1>", "(0x0A>", ""}) {
    EXPECT_FALSE(byte_of_token(token)) << token;
  }
}

TEST(decoder, replaces_everywhere) {
  EXPECT_EQ(replace_all("aXbXX", "X", "--"), "a--b----");
  EXPECT_EQ(replace_all("aaa", "aa", "b"), "ba");
  EXPECT_EQ(replace_all("", "a", "b"), "");
}

TEST(decoder, spells_single_tokens) {
  EXPECT_EQ(token_bytes(byte_level, "\u0120caf\u00c3", false), " caf\xc3");
  EXPECT_EQ(token_bytes(byte_level, "\u00c3\u00a9", true), "\u00c3\u00a9");
  EXPECT_EQ(token_bytes(byte_level, "a b", false), "a b");
  EXPECT_EQ(token_bytes(llama, "\u2581a\u2581", false), " a ");
  EXPECT_EQ(token_bytes(llama, "<0xE4>", false), "\xe4");
}

TEST(decoder, holds_back_partial_characters) {
  EXPECT_EQ(streamed(byte_level, {"a\u00f0", "\u0141", "\u013a", "\u0122b"}),
            (texts{"a", "", "", "\U0001f600b", ""}));
  EXPECT_EQ(streamed(byte_level, {"\u00c3"}), (texts{"", "\ufffd"}));
  EXPECT_EQ(streamed(byte_level, {"\u00c3", "a"}), (texts{"", "\ufffda", ""}));
}

TEST(decoder, holds_back_runs_of_byte_tokens) {
  EXPECT_EQ(streamed(llama, {"<0xC3>", "<0xA9>", "a"}), (texts{"", "", "\u00e9a", ""}));
  // One broken byte spoils the run it stands in: one U+FFFD a byte.
  EXPECT_EQ(streamed(llama, {"<0xC3>", "<0xA9>", "<0xFF>"}),
            (texts{"", "", "", "\ufffd\ufffd\ufffd"}));
}

TEST(decoder, strips_the_beginning_once) {
  EXPECT_EQ(streamed(llama, {"\u2581a", "\u2581b"}), (texts{"a", " b", ""}));
  EXPECT_EQ(streamed(llama, {"\u2581", "\u2581"}), (texts{"", " ", ""}));
  EXPECT_EQ(streamed(llama, {"a", "\u2581b"}), (texts{"a", " b", ""}));
  EXPECT_EQ(streamed(llama, {"<0x20>", "\u2581b"}), (texts{"", " b", ""}));
}

}  // namespace decoder_test
}  // namespace radlads::text
