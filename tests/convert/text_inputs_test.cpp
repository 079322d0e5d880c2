// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/text_inputs.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::convert {
namespace text_inputs_test {

using text_inputs_test = test::temporary_directory;

TEST_F(text_inputs_test, rows_of_all_files_come_in_order) {
  const std::string a = put("a.txt", "one\n<|endoftext|>\ntwo\n").string();
  const std::string b = put("b.jsonl", "{\"text\": \"three\"}\n").string();
  const text_inputs both({a, b});
  const auto rows = both.rows();
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_EQ(rows[0].text.substr(0, 3), "one");
  EXPECT_EQ(rows[2].text, "three");
  EXPECT_EQ(both.name(), a + " and 1 more");
  EXPECT_FALSE(both.holds_ids());
  EXPECT_FALSE(both.has_standard_input());
}

TEST_F(text_inputs_test, a_token_file_holds_ids) {
  const std::string bin = put("a.bin", "").string();
  EXPECT_TRUE(text_inputs({bin}).holds_ids());
}

TEST_F(text_inputs_test, rejects_bytes_that_are_not_utf8) {
  const std::string a = put("a.txt", "one\ntwo \xff\n").string();
  EXPECT_NE(test::error_of([&] { text_inputs({a}).rows(); }).find("a.txt"), std::string::npos);
}

TEST_F(text_inputs_test, rejects_a_text_without_text) {
  const std::string a = put("a.txt", "").string();
  EXPECT_EQ(test::error_of([&] { text_inputs({a}).rows(); }), a + ": holds no text");
}

}  // namespace text_inputs_test
}  // namespace radlads::convert
