// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/record.hpp"
#include "support/error_of.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::convert {
namespace record_test {

using record = test::temporary_directory;

run_record some_record() {
  run_record r;
  r.settings = "align:\n  lr_init: 0.001\n  micro_batch: 0\n  save_every: 200\n";
  r.run["format"] = record_format;
  r.run["teacher.hidden_size"] = "16";
  r.about["threads"] = "2";
  return r;
}

TEST(record_text, odd_characters_come_back) {
  run_record r = some_record();
  const std::string odd = "a \"b\" \\x41 \\ \n\t\x01\x7f: ~é";
  r.about["text"] = odd;
  EXPECT_EQ(record_value(r.text(), "about", "text"), odd);
  EXPECT_NE(r.text().find("\\x0a\\x09\\x01\\x7f"), std::string::npos);
  EXPECT_EQ(record_value(r.text(), "align", "lr_init"), "0.001");
  EXPECT_FALSE(record_value(r.text(), "align", "threads").has_value());
}

TEST(record_text, the_first_difference_is_named) {
  const std::string before = some_record().text();
  run_record now = some_record();
  EXPECT_EQ(find_difference(before, now.text()), "");
  now.settings = "align:\n  lr_init: 0.002\n  micro_batch: 0\n  save_every: 200\n";
  EXPECT_EQ(find_difference(before, now.text()), "align.lr_init was 0.001 and is now 0.002");
  now = some_record();
  now.run["teacher.hidden_size"] = "32";
  EXPECT_EQ(find_difference(before, now.text()), "teacher.hidden_size was 16 and is now 32");
  now = some_record();
  now.run["teacher.weights"] = "00";
  EXPECT_EQ(find_difference(before, now.text()), "teacher.weights was not known and is now 00");
  EXPECT_EQ(find_difference(now.text(), before), "teacher.weights was 00 and is not there now");
}

TEST(record_text, a_setting_unknown_before_counts_as_its_default) {
  run_record now = some_record();
  now.settings += "  beta1: 0.9\n";
  EXPECT_EQ(find_difference(some_record().text(), now.text()), "");
  now.settings = some_record().settings + "  beta1: 0.8\n";
  EXPECT_EQ(find_difference(some_record().text(), now.text()),
            "align.beta1 was not known and is now 0.8");
}

TEST(record_text, rounding_and_writing_may_change) {
  run_record now = some_record();
  now.settings = "align:\n  lr_init: 0.001\n  micro_batch: 4\n  save_every: 5\n";
  now.about["threads"] = "8";
  EXPECT_EQ(find_difference(some_record().text(), now.text()), "");
  const std::vector<std::string> expected{"threads was 2 and is now 8",
                                          "align.micro_batch was 0 and is now 4"};
  EXPECT_EQ(rounding_differences(some_record().text(), now.text()), expected);
}

TEST(record_text, version_0_1_0_is_known_by_its_lack_of_a_format) {
  run_record old = some_record();
  old.run.erase("format");
  EXPECT_TRUE(is_old_record(old.text()));
  EXPECT_FALSE(is_old_record(some_record().text()));
}

TEST_F(record, a_file_comes_back_as_it_was_written) {
  EXPECT_FALSE(read_record(directory_).has_value());
  write_record(directory_, some_record().text());
  EXPECT_EQ(read_record(directory_), some_record().text());
}

TEST_F(record, rejects_a_damaged_line) {
  put(record_name, "align:\n  lr_init 0.001\nabout:\n  stage: \"align\"\n");
  EXPECT_EQ(test::error_of([&] { read_record(directory_); }),
            path(record_name).string() + ": line 2: expected a section or \"  key: value\"");
  put(record_name, "about:\n  stage: \"align\n");
  EXPECT_NE(test::error_of([&] { read_record(directory_); }).find("line 2"), std::string::npos);
}

TEST_F(record, another_programs_file_is_no_record) {
  put(record_name, "stage: web\n- 1\n");
  const auto text = read_record(directory_);
  ASSERT_TRUE(text.has_value());
  EXPECT_FALSE(record_value(*text, "about", "stage").has_value());
}

}  // namespace record_test
}  // namespace radlads::convert
