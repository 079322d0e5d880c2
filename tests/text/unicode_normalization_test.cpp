// SPDX-License-Identifier: Apache-2.0
// Normalisation against NormalizationTest.txt; what `tokenizers` 0.23.3 makes of younger
// characters.

#include "radlads/text/unicode_normalization.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::text {
namespace unicode_normalization_test {

TEST(unicode_normalization, composes_and_orders_marks) {
  EXPECT_EQ(to_nfc("plain caf\u00e9"), "plain caf\u00e9");
  EXPECT_EQ(to_nfc("cafe\u0301s"), "caf\u00e9s");
  EXPECT_EQ(to_nfc("\u1e0a\u0323"), "\u1e0c\u0307");
  EXPECT_EQ(to_nfc("D\u0307\u0323"), "\u1e0c\u0307");
  EXPECT_EQ(to_nfc("a\u0315\u0300\u05ae\u0062"), "\u00e0\u05ae\u0315b");
  EXPECT_EQ(to_nfc("\u1e9b\u0323"), "\u1e9b\u0323");
  EXPECT_EQ(to_nfc("\u0301e\u0301"), "\u0301\u00e9");
  EXPECT_EQ(to_nfc("a\u0334\u0301"), "\u00e1\u0334");  // an overlay does not block the acute
  EXPECT_EQ(to_nfc("a\u0308\u0301"), "\u00e4\u0301");  // of one class, the first wins
  EXPECT_EQ(to_nfc(""), "");
}

TEST(unicode_normalization, decomposes_singletons_and_exclusions) {
  EXPECT_EQ(to_nfc("\u212b"), "\u00c5");
  EXPECT_EQ(to_nfc("\u2126"), "\u03a9");
  EXPECT_EQ(to_nfc("\uf900"), "\u8c48");
  EXPECT_EQ(to_nfc("\U0002f800"), "\u4e3d");
  EXPECT_EQ(to_nfc("\u0958"), "\u0915\u093c");
  EXPECT_EQ(to_nfc("\u0344"), "\u0308\u0301");
  EXPECT_EQ(to_nfc("\U0001d15e"), "\U0001d157\U0001d165");
}

TEST(unicode_normalization, composes_hangul) {
  EXPECT_EQ(to_nfc("\u1100\u1161"), "\uac00");
  EXPECT_EQ(to_nfc("\u1100\u1161\u11a8"), "\uac01");
  EXPECT_EQ(to_nfc("\uac00\u11c2"), "\uac1b");
  EXPECT_EQ(to_nfc("\uac01\u11a8"), "\uac01\u11a8");
  EXPECT_EQ(to_nfc("\uac00\u11a7"), "\uac00\u11a7");  // U+11A7 is no trailing consonant
  EXPECT_EQ(to_nfc("\ud7a3"), "\ud7a3");
}

TEST(unicode_normalization, decomposes) {
  using enum normalization_form;
  EXPECT_EQ(to_form("plain", nfd), "plain");
  EXPECT_EQ(to_form("caf\u00e9s", nfd), "cafe\u0301s");
  EXPECT_EQ(to_form("\u1e0c\u0307", nfd), "D\u0323\u0307");
  EXPECT_EQ(to_form("\u1e9b\u0323", nfd), "\u017f\u0323\u0307");
  EXPECT_EQ(to_form("\u1e9b\u0323", nfkd), "s\u0323\u0307");
  EXPECT_EQ(to_form("\u1e9b\u0323", nfkc), "\u1e69");
  EXPECT_EQ(to_form("\uac01", nfd), "\u1100\u1161\u11a8");
  EXPECT_EQ(to_form("\ufb01\u00b2\u2460", nfkc), "fi21");
  EXPECT_EQ(to_form("\u00a0\u3000", nfkd), "  ");
  EXPECT_EQ(to_form("\uff76\uff9e", nfkc), "\u30ac");
  EXPECT_EQ(to_form("\U0001d400\U0001d7ff", nfkc), "A9");
  EXPECT_EQ(to_form("\u00bc", nfkd), "1\u20444");
  EXPECT_EQ(to_form("\u0390", nfkd), "\u03b9\u0308\u0301");
}

TEST(unicode_normalization, leaves_characters_younger_than_unicode_9) {
  // U+11938 is of Unicode 13, U+1FBF0 of 13, U+08D3 (class 220) of 11.
  EXPECT_EQ(to_form("\U00011935\U00011930", normalization_form::nfc), "\U00011935\U00011930");
  EXPECT_EQ(to_form("\U0001fbf0", normalization_form::nfkc), "\U0001fbf0");
  EXPECT_EQ(to_form("a\u08d3\u0334", normalization_form::nfd), "a\u08d3\u0334");
}

TEST(unicode_normalization, lowers_each_character_by_itself) {
  EXPECT_EQ(to_lowercase("AZaz@[`{09"), "azaz@[`{09");
  EXPECT_EQ(to_lowercase("\u00c9\u00d7\u00de\u00df"), "\u00e9\u00d7\u00fe\u00df");
  EXPECT_EQ(to_lowercase("\u0100\u0101\u0139\u013a\u0178"), "\u0101\u0101\u013a\u013a\u00ff");
  EXPECT_EQ(to_lowercase("\u039f\u03a3 \u03a3"), "\u03bf\u03c3 \u03c3");  // no final sigma
  EXPECT_EQ(to_lowercase("\u0130I"), "i\u0307i");
  EXPECT_EQ(to_lowercase("\u1e9e\u212a\u2126"), "\u00dfk\u03c9");
  EXPECT_EQ(to_lowercase("\U00010400\U00010d50"), "\U00010428\U00010d70");
  EXPECT_EQ(to_lowercase("\u01c4\u01c5\u01c6"), "\u01c6\u01c6\u01c6");
}

TEST(unicode_normalization, takes_marks_and_white_space_away) {
  EXPECT_EQ(without_marks("cafe\u0301s \u00e9\u0903\u20dd"), "cafes \u00e9");
  EXPECT_EQ(stripped(" \t\u3000a b\u0085", true, false), "a b\u0085");
  EXPECT_EQ(stripped(" \t\u3000a b\u0085", false, true), " \t\u3000a b");
  EXPECT_EQ(stripped(" \u2003 ", true, true), "");
  EXPECT_EQ(stripped("", true, true), "");
}

}  // namespace unicode_normalization_test
}  // namespace radlads::text
