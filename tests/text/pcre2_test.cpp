// SPDX-License-Identifier: Apache-2.0
// Regular expressions cut text as tokenizers 0.23.3 cuts it, and none runs for ever. Without PCRE2
// they are refused.

#include "radlads/text/pcre2.hpp"
#include "radlads/text/pre_tokenizer.hpp"
#include "support/error_of.hpp"
#include "text/hashed_texts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace radlads::text {
namespace pcre2_test {

TEST(pcre2, leaves_known_splits_to_their_scanners) {
  for (const named_split_pattern& entry : known_split_patterns) {
    EXPECT_EQ(std::get<split_pattern>(pattern_of_regex(entry.regex)), entry.pattern);
  }
}

#if defined(RADLADS_PCRE2)

TEST(pcre2, equals_tokenizers_on_nasty_texts) {
  const std::vector<std::string> texts = test::nasty_texts();
  ASSERT_EQ(texts.size(), 2000u);
  for (const auto& entry : test::text_data("regexes.json")["cases"]) {
    const auto regex = entry["regex"].get<std::string>();
    const pre_tokenizer steps({split_step{compile_regex(regex)}});
    pre_tokenizer_memory memory;
    const auto pieces = [&](const std::string& text) {
      std::string out;
      steps.split(text, true, memory, [&](std::string_view piece) {
        out += piece;
        out += '\x01';
      });
      return out;
    };
    EXPECT_EQ(test::hashes_of(texts, pieces), entry["hashes"].get<std::vector<std::string>>())
        << regex;
  }
}

TEST(pcre2, stops_a_pattern_that_would_try_for_ever) {
  const piece_scanner slow = compile_regex("(?:a+)+b");
  text_match match{};
  const std::string text = std::string(64, 'a') + "cb";
  const std::string problem = test::error_of([&] { slow.find(text, 0, match); });
  EXPECT_NE(problem.find("(?:a+)+b"), std::string::npos) << problem;
  EXPECT_NE(problem.find("limit"), std::string::npos) << problem;
}

TEST(pcre2, refuses_what_it_cannot_compile) {
  const std::string problem = test::error_of([] { compile_regex("(?<=a+)b"); });
  EXPECT_NE(problem.find("(?<=a+)b"), std::string::npos) << problem;
}

#else

TEST(pcre2, is_named_where_it_is_missing) {
  const std::string problem = test::error_of([] { compile_regex("a|b"); });
  EXPECT_NE(problem.find("a|b"), std::string::npos) << problem;
  EXPECT_NE(problem.find("PCRE2"), std::string::npos) << problem;
}

#endif

}  // namespace pcre2_test
}  // namespace radlads::text
