// SPDX-License-Identifier: Apache-2.0
// Pieces as the reference engine (Oniguruma 6.9.8) splits them.

#include "radlads/text/split.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {
namespace split_test {

using pieces = std::vector<std::string>;

pieces split(split_pattern pattern, std::string_view text) {
  pieces result;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = end_of_piece(pattern, text, at);
    result.emplace_back(text.substr(at, end - at));
    if (end <= at) break;
    at = end;
  }
  return result;
}

pieces qwen2(std::string_view text) { return split(split_pattern::qwen2, text); }
pieces gpt2(std::string_view text) { return split(split_pattern::gpt2, text); }
pieces llama3(std::string_view text) { return split(split_pattern::llama3, text); }

TEST(split, qwen2) {
  EXPECT_EQ(qwen2("I'LL go  home"), (pieces{"I", "'LL", " go", " ", " home"}));
  EXPECT_EQ(qwen2("a\n\n  b"), (pieces{"a", "\n\n", " ", " b"}));
  EXPECT_EQ(qwen2("x = 1234;\r\n\r\n"), (pieces{"x", " =", " ", "1", "2", "3", "4", ";\r\n\r\n"}));
  EXPECT_EQ(qwen2("tail   "), (pieces{"tail", "   "}));
  EXPECT_EQ(qwen2("don\u2019t 'S"), (pieces{"don", "\u2019t", " '", "S"}));
  EXPECT_EQ(qwen2("1\u0301a e\u0301"), (pieces{"1", "\u0301a", " e", "\u0301"}));
  EXPECT_EQ(qwen2("  \n \n x"), (pieces{"  \n \n", " x"}));
  EXPECT_EQ(qwen2("\tif"), (pieces{"\tif"}));
  EXPECT_EQ(qwen2("a\u00a0\u00a0b"), (pieces{"a", "\u00a0", "\u00a0b"}));
  EXPECT_EQ(qwen2(" 1"), (pieces{" ", "1"}));
  EXPECT_EQ(qwen2("\n\t "), (pieces{"\n", "\t "}));
}

TEST(split, knows_letters_of_unicode_16) {
  EXPECT_EQ(qwen2("\U0002ebf0's"), (pieces{"\U0002ebf0", "'s"}));  // a letter since 15.1
  EXPECT_EQ(qwen2("\U00010d50 \U00010d40"), (pieces{"\U00010d50", " ", "\U00010d40"}));
}

TEST(split, contractions) {
  EXPECT_EQ(qwen2("'sam 'SAM"), (pieces{"'s", "am", " '", "SAM"}));
  EXPECT_EQ(qwen2("'rE'vE'Ll'm'D't"), (pieces{"'rE", "'vE", "'Ll", "'m", "'D", "'t"}));
  EXPECT_EQ(qwen2("'SAM'REst"), (pieces{"'S", "AM", "'RE", "st"}));
  EXPECT_EQ(qwen2("'lx'r'"), (pieces{"'lx", "'r", "'"}));
  EXPECT_EQ(qwen2("it'\u017fx"), (pieces{"it", "'\u017f", "x"}));  // long s folds to s
  EXPECT_EQ(gpt2("it'S it's"), (pieces{"it", "'", "S", " it", "'s"}));
  EXPECT_EQ(gpt2("it'\u017f"), (pieces{"it", "'", "\u017f"}));
}

TEST(split, gpt2) {
  EXPECT_EQ(gpt2("I'll pay 1234 now"), (pieces{"I", "'ll", " pay", " 1234", " now"}));
  EXPECT_EQ(gpt2("a\n\n  b"), (pieces{"a", "\n\n ", " b"}));
  EXPECT_EQ(gpt2("x;\r\ny"), (pieces{"x", ";", "\r", "\n", "y"}));
  EXPECT_EQ(gpt2("\tif ("), (pieces{"\t", "if", " ("}));
  EXPECT_EQ(gpt2("end  "), (pieces{"end", "  "}));
}

TEST(split, llama3) {
  EXPECT_EQ(llama3("x 12345678"), (pieces{"x", " ", "123", "456", "78"}));
  EXPECT_EQ(llama3("(a)\n\nb"), (pieces{"(a", ")\n\n", "b"}));
}

TEST(split, knows_its_patterns_by_their_expressions) {
  for (const named_split_pattern& entry : known_split_patterns) {
    EXPECT_EQ(split_pattern_of(entry.regex), entry.pattern);
    EXPECT_EQ(regex_of(entry.pattern), entry.regex);
  }
  try {
    split_pattern_of(R"(\w+)");
    FAIL() << "an unknown pattern was accepted";
  } catch (const error& problem) {
    const std::string text = problem.what();
    for (const char* part : {R"(\w+)", "Qwen2", "Llama-3", "GPT-2"}) {
      EXPECT_NE(text.find(part), std::string::npos) << text;
    }
  }
}

}  // namespace split_test
}  // namespace radlads::text
