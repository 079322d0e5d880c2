// SPDX-License-Identifier: Apache-2.0
// Text before it is split.

#include "radlads/text/normalizer.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

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

TEST(normalizer, refuses_unknown_steps_by_name) {
  EXPECT_TRUE(says(error_of([&] { read(R"({"type": "Nmt"})"); }), {"'Nmt'", "NFC"}));
}

}  // namespace normalizer_test
}  // namespace radlads::text
