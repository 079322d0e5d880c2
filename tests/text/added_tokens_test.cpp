// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/added_tokens.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {
namespace added_tokens_test {

added_token token_of(std::string content, std::int32_t id) {
  added_token token;
  token.content = std::move(content);
  token.id = id;
  return token;
}

/// The pieces, with a token written as its number in brackets.
std::string split(const std::vector<added_token>& tokens, std::string_view text) {
  std::string result;
  added_token_matcher(tokens).split(
      text, [&](std::string_view piece) { result += "(" + std::string(piece) + ")"; },
      [&](std::int32_t id) { result += "[" + std::to_string(id) + "]"; });
  return result;
}

TEST(added_tokens, cut_text_leftmost_and_longest) {
  const std::vector<added_token> tokens = {token_of("<a", 1), token_of("<a>", 2),
                                           token_of(">b", 3)};
  EXPECT_EQ(split(tokens, "x<a>b<ay"), "(x)[2](b)[1](y)");
  EXPECT_EQ(split(tokens, "<a><a"), "[2][1]");
  EXPECT_EQ(split(tokens, "none"), "(none)");
  EXPECT_EQ(split(tokens, ""), "");
  EXPECT_EQ(split({}, "<a>"), "(<a>)");
}

TEST(added_tokens, swallow_white_space) {
  added_token left = token_of("<l>", 1), right = token_of("<r>", 2);
  left.strips_left = true;
  right.strips_right = true;
  EXPECT_EQ(split({left, right}, "a \u00a0<l> b"), "(a)[1]( b)");
  EXPECT_EQ(split({left, right}, "a <r>\n\t\u3000b"), "(a )[2](b)");
  EXPECT_EQ(split({left, right}, "<r>  <l>"), "[2][1]");
}

TEST(added_tokens, stand_alone_when_they_are_single_words) {
  added_token token = token_of("cat", 1);
  token.is_single_word = true;
  EXPECT_EQ(split({token}, "cat cats _cat (cat)"), "[1]( cats _cat ()[1]())");
  EXPECT_EQ(split({token}, "\u00e9cat cat\u0301"), "(\u00e9cat cat\u0301)");
  EXPECT_EQ(split({token}, "\u4e2dcat\u3002cat"), "(\u4e2dcat\u3002)[1]");
}

TEST(added_tokens, of_white_space_swallow_what_later_ones_begin_with) {
  added_token right = token_of("<r>", 1), blank = token_of(" ", 2), pair = token_of("  ", 3);
  right.strips_right = true;
  // As the reference library (PyPI tokenizers 0.23.3) has it: swallowed text is still looked at.
  EXPECT_EQ(split({right, blank}, "<r>   b"), "[1][2][2][2](b)");
  EXPECT_EQ(split({right, token_of(" b", 2)}, "<r>   bc"), "[1][2](c)");
  pair.strips_right = true;
  EXPECT_EQ(split({right, pair}, "<r>     bc"), "[1][3][3](bc)");
  blank.strips_left = true;
  EXPECT_EQ(split({blank}, "a    b"), "(a)[2][2][2][2](b)");
  blank.strips_right = true;
  EXPECT_EQ(split({blank}, "a    b"), "(a)[2][2][2][2](b)");
}

TEST(added_tokens, of_white_space_take_linear_time) {
  added_token blank = token_of(" ", 1);
  blank.strips_left = blank.strips_right = true;
  const std::string blanks(1 << 20, ' ');  // in quadratic time a matter of hours
  std::size_t count = 0;
  added_token_matcher({blank}).split(
      blanks, [](std::string_view) { ADD_FAILURE(); }, [&](std::int32_t) { ++count; });
  EXPECT_EQ(count, blanks.size());
}

TEST(added_tokens, without_text_are_ignored) {
  EXPECT_EQ(split({token_of("", 1), token_of("a", 2)}, "bab"), "(b)[2](b)");
}

}  // namespace added_tokens_test
}  // namespace radlads::text
