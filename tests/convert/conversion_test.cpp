// SPDX-License-Identifier: Apache-2.0
#include "convert/conversion_case.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace radlads::convert {
namespace conversion_test {

using conversions = test::conversion_case;

TEST_F(conversions, a_student_comes_with_its_steps_and_its_record) {
  std::vector<std::string> told;
  hooks_.on_begin = [&] { told.push_back("begin"); };
  hooks_.on_step = [&](const std::string& step, const test::tiny_model& student) {
    EXPECT_EQ(student.config.mixers[1], "rad_rwkv7");
    told.push_back(step);
  };
  hooks_.texts = [](const models::config& student, const run_record& record) {
    EXPECT_EQ(student.layers, 2);
    EXPECT_EQ(record.about.at("samples"), "24");
    return std::map<std::string, std::string>{{"NOTE.md", "made\n"}};
  };
  convert_to("student");
  EXPECT_EQ(told, (std::vector<std::string>{"begin", "transferred", "align", "distill"}));
  EXPECT_EQ(steps_, 12);
  EXPECT_EQ(get("student/NOTE.md"), "made\n");
  EXPECT_EQ(record_value(get("student/resolved.yaml"), "run", "student"), "rad_rwkv7");
  EXPECT_EQ(weights("student"), weights("student/steps/distill"));
  EXPECT_NE(weights("student/steps/transfer"), weights("student/steps/align"));
}

TEST_F(conversions, a_stopped_conversion_continues_to_the_same_bytes) {
  convert_to("whole");
  // In step 1, in its last step but one, and in step 2.
  for (const std::int64_t stop : {1, 5, 9}) {
    const std::string name = "stopped" + std::to_string(stop);
    stop_after_ = stop;
    EXPECT_THROW(convert_to(name), interrupted);
    stop_after_ = -1;
    convert_to(name);
    EXPECT_EQ(steps_, 12 - stop);
    EXPECT_EQ(weights(name), weights("whole")) << "stopped after step " << stop;
  }
}

TEST_F(conversions, a_finished_conversion_takes_no_step) {
  convert_to("student");
  convert_to("student");
  EXPECT_EQ(steps_, 0);
  EXPECT_NE(said_.find("align: " + path("student/steps/align").string() + " is complete\n"),
            std::string::npos);
}

TEST_F(conversions, rejects_another_text) {
  convert_to("student");
  text_ = "other.txt";
  test::write_text(path(text_), test::tiny_text(11));
  EXPECT_NE(test::error_of([&] {
              convert_to("student");
            }).find("steps/align is complete, but not of this run: data_hash was "),
            std::string::npos);
  // Step 1 was trained on the first text; a stopped one may not go on with another either.
  text_ = "text.txt";
  stop_after_ = 3;
  EXPECT_THROW(convert_to("stopped"), interrupted);
  stop_after_ = -1;
  text_ = "other.txt";
  EXPECT_NE(
      test::error_of([&] { convert_to("stopped"); }).find("cannot be continued: data_hash was"),
      std::string::npos);
}

TEST_F(conversions, rejects_another_teacher) {
  convert_to("student");
  test::write_tiny_teacher(b_, path("other"), 6);
  teacher_ = "other";
  EXPECT_NE(test::error_of([&] { convert_to("student"); }).find("teacher.weights was "),
            std::string::npos);
}

TEST_F(conversions, restarts_where_that_is_asked_for) {
  convert_to("student");
  const std::string before = weights("student");
  options_.is_restarted = true;
  values_.align.lr_init = 2e-3;
  convert_to("student");
  EXPECT_EQ(steps_, 12);
  EXPECT_NE(weights("student"), before);
}

TEST_F(conversions, rejects_bad_input) {
  student_ = "mamba";
  EXPECT_EQ(test::error_of([&] { convert_to("student"); }),
            "there is no student mamba; there are rad_rwkv7");
  student_ = "rad_rwkv7";
  text_ = "short.txt";
  test::write_text(path(text_), "A cat.\n");
  values_.align.context = 1000;
  EXPECT_NE(test::error_of([&] { convert_to("short"); }), "");
  text_ = "nowhere.txt";
  EXPECT_NE(test::error_of([&] { convert_to("student"); }).find("nowhere.txt"), std::string::npos);
  EXPECT_FALSE(std::filesystem::exists(path("student")));
  text_ = "text.txt";
  EXPECT_NE(test::error_of([&] { convert_to("teacher"); }).find("is the directory of an input"),
            std::string::npos);
}

}  // namespace conversion_test
}  // namespace radlads::convert
