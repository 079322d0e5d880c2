// SPDX-License-Identifier: Apache-2.0
// What is rewritten for PCRE2 and what is refused; pcre2_test shows that the result matches alike.

#include "radlads/text/oniguruma.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

namespace radlads::text {
namespace oniguruma_test {

TEST(oniguruma, becomes_what_pcre2_reads) {
  EXPECT_EQ(pcre2_pattern_of("ab+"), "ab+");
  EXPECT_EQ(pcre2_pattern_of("a{,3}"), "a{0,3}");
  EXPECT_EQ(pcre2_pattern_of("a{2}?"), "(?:a{2})?");
  EXPECT_EQ(pcre2_pattern_of("a{1,2}+b++"), "(?:a{1,2})+b++");
  EXPECT_EQ(pcre2_pattern_of("(a)(?i)b|c"), "(?:a)(?i:b|c)");
  EXPECT_EQ(pcre2_pattern_of("(?m:.).^$"), "(?-i:(?s:.)).(?m:^)(?m:$)");
  EXPECT_EQ(pcre2_pattern_of("\\h"), "[\\x{30}-\\x{39}\\x{41}-\\x{46}\\x{61}-\\x{66}]");
  EXPECT_EQ(pcre2_pattern_of("[^a]{"), "[^\\x{61}]\\x{7b}");
  EXPECT_EQ(pcre2_pattern_of("(?#no)\\v"), "\\x{b}");
}

TEST(oniguruma, refuses_by_name) {
  const auto says = [](std::string_view regex, std::string_view part) {
    const std::string text = test::error_of([&] { pcre2_pattern_of(regex); });
    EXPECT_NE(text.find(regex), std::string::npos) << text;
    EXPECT_NE(text.find(part), std::string::npos) << text;
  };
  says("(a)\\1", "\\1");
  says("\\X", "\\X");
  says("a\\Kb", "\\K");
  says("(?<name>a)", "(?<");
  says("(?~a)", "(?~");
  says("(?x) a", "(?x");
  says("(?s).", "(?s");
  says("\\p{Greek}", "'Greek'");
  says("*a", "nothing to repeat");
  says("(?=a)*", "nothing to repeat");
  says("(a", "without an end");
  says("a)", "too many");
  says("(*FAIL)", "nothing to repeat");
  // Each of these matches more letters than it has in Oniguruma, or fewer.
  for (const char* regex :
       {"(?i)ss", "(?i)\u00df", "(?i:[\u00df])", "(?i)\\p{L}", "(?i)fi", "(?i)st"}) {
    says(regex, "case");
  }
  EXPECT_EQ(pcre2_pattern_of("ss(?i:'s|[a-z])"), "ss(?i:\\x{27}s|[\\x{61}-\\x{7a}])");
}

}  // namespace oniguruma_test
}  // namespace radlads::text
