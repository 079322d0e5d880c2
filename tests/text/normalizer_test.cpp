// SPDX-License-Identifier: Apache-2.0
// Text before it is split.

#include "radlads/text/normalizer.hpp"
#include "support/temporary_directory.hpp"
#include "text/hashed_texts.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::text {
namespace normalizer_test {

using detail::json;
using test::error_of;
using test::says;

normalizer read(const char* text) {
  const json value = json::parse(text);
  return detail::read_normalizer(&value);
}

TEST(normalizer, applies_its_steps_in_order) {
  const normalizer llama = read(R"({"type": "Sequence", "normalizers": [
    {"type": "Prepend", "prepend": "_"},
    {"type": "Replace", "pattern": {"String": " "}, "content": "_"}]})");
  EXPECT_FALSE(llama.is_empty());
  EXPECT_EQ(llama(" a  b"), "__a__b");
  EXPECT_EQ(llama(""), "");
  EXPECT_EQ(read(R"({"type": "NFC"})")("e\u0301"), "\u00e9");
  EXPECT_TRUE(detail::read_normalizer(nullptr).is_empty());
}

TEST(normalizer, knows_the_kinds_of_tokenizers) {
  // Each right side is what tokenizers 0.23.3 gives.
  EXPECT_EQ(read(R"({"type": "NFD"})")("\u00e9\ufb01"), "e\u0301\ufb01");
  EXPECT_EQ(read(R"({"type": "NFKC"})")("e\u0301\ufb01\u00a0"), "\u00e9fi ");
  EXPECT_EQ(read(R"({"type": "NFKD"})")("\u00e9\ufb01"), "e\u0301fi");
  EXPECT_EQ(read(R"({"type": "Lowercase"})")("\u0130\u03a3"), "i\u0307\u03c3");
  EXPECT_EQ(read(R"({"type": "StripAccents"})")("e\u0301\u00e9"), "e\u00e9");
  EXPECT_EQ(read(R"({"type": "Strip", "strip_left": true, "strip_right": false})")(" a "), "a ");
  EXPECT_EQ(read(R"({"type": "Strip", "strip_left": false, "strip_right": true})")(" a "), " a");
  EXPECT_EQ(read(R"({"type": "Sequence", "normalizers": [{"type": "NFD"}, {"type": "StripAccents"},
    {"type": "Lowercase"}]})")("\u00c9t\u00e9"),
            "ete");
}

TEST(normalizer, equals_tokenizers_on_nasty_texts) {
  const std::vector<std::string> texts = test::nasty_texts();
  ASSERT_EQ(texts.size(), 2000u);
  for (const json& entry : test::text_data("normalizers.json")["cases"]) {
    const std::string file = entry["normalizer"].dump();
#if !defined(RADLADS_PCRE2)
    if (file.find("Regex") != std::string::npos) continue;
#endif
    const normalizer steps = read(file.c_str());
    EXPECT_EQ(test::hashes_of(texts, steps), entry["hashes"].get<std::vector<std::string>>())
        << file;
  }
}

TEST(normalizer, refuses_to_grow_text_without_bound) {
  std::vector<normalizer_step> steps(26, replace_step{literal_text{"a"}, "aa"});
  const normalizer bomb(steps);
  EXPECT_EQ(bomb("b"), "b");
  // 64 bytes and 4096 more are the most that one byte may become: the thirteenth step asks for
  // 8192.
  EXPECT_TRUE(says(error_of([&] { bomb("a"); }), {"Replace", "8192 bytes of 1", "64 times"}));
  EXPECT_EQ(normalizer({steps.begin(), steps.begin() + 12})("a").size(), 4096u);
  const normalizer long_prefix(std::vector<normalizer_step>{prepend_step{std::string(5000, 'x')}});
  EXPECT_TRUE(says(error_of([&] { long_prefix("a"); }), {"Prepend", "5001 bytes of 1"}));
  EXPECT_TRUE(
      says(error_of([&] { normalizer(std::vector<normalizer_step>(65, lowercase_step{})); }),
           {"65 steps", "64"}));
}

TEST(normalizer, allows_the_longest_compatibility_form) {
  std::string ligatures;
  for (int i = 0; i < 5000; ++i) ligatures += "\ufdfa";
  EXPECT_EQ(read(R"({"type": "NFKD"})")(ligatures).size(), 5000u * 33u);
}

TEST(normalizer, refuses_unknown_steps_by_name) {
  EXPECT_TRUE(says(error_of([&] { read(R"({"type": "Nmt"})"); }), {"'Nmt'", "NFC"}));
}

}  // namespace normalizer_test
}  // namespace radlads::text
