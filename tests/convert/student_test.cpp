// SPDX-License-Identifier: Apache-2.0
#include "convert/tiny_conversion.hpp"
#include "radlads/convert/student.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace radlads::convert {
namespace student_test {

TEST(student, a_mixer_is_known_by_several_names) {
  for (const char* name : {"rad_rwkv7", "RAD-RWKV7", "rwkv7", "Rwkv-7"}) {
    EXPECT_EQ(mixer_name<test::tiny_model>(name), "rad_rwkv7");
  }
  EXPECT_EQ(test::error_of([] { mixer_name<test::tiny_model>("mamba"); }),
            "there is no student mamba; there are rad_rwkv7");
}

TEST(student, kept_layers_keep_the_teachers_mixer) {
  model_settings options;
  options.keep_attention = {1};
  const models::config c = student_config(test::tiny_teacher(), "rad_rwkv7", options);
  EXPECT_EQ(c.mixers, (std::vector<std::string>{"rad_rwkv7", "attention"}));
  options.keep_attention = {0, 1};
  EXPECT_NE(test::error_of([&] {
              student_config(test::tiny_teacher(), "rad_rwkv7", options);
            }).find("names every layer"),
            std::string::npos);
  options.keep_attention = {2};
  EXPECT_EQ(test::error_of([&] { student_config(test::tiny_teacher(), "rad_rwkv7", options); }),
            "model.keep_attention names layer 2; the teacher has layers 0 to 1");
}

TEST(student, sizes_are_the_teachers) {
  model_settings options;
  options.hidden = 32;
  EXPECT_NE(test::error_of([&] {
              student_config(test::tiny_teacher(), "rad_rwkv7", options);
            }).find("takes its sizes from its teacher"),
            std::string::npos);
}

TEST(student, is_tied_as_its_teacher) {
  model_settings options;
  complete_student(options, test::tiny_teacher());
  EXPECT_EQ(options.tied, true);
  models::config untied = test::tiny_teacher();
  untied.is_tied = false;
  EXPECT_NE(test::error_of([&] {
              student_config(untied, "rad_rwkv7", options);
            }).find("a head of its own"),
            std::string::npos);
}

TEST(student, takes_over_what_is_no_mixer) {
  cpu_backend b({.threads = 1});
  test::tiny_model teacher;
  teacher.build(b, test::tiny_teacher());
  teacher.initialise(b, 3);
  const auto made = make_student(b, teacher, std::string("rad_rwkv7"), model_settings());
  const auto& embedding = made.model->weights.embedding;
  EXPECT_TRUE(std::equal(embedding.data(), embedding.data() + embedding.size(),
                         teacher.weights.embedding.data()));
  EXPECT_EQ(made.model->config.mixers[0], "rad_rwkv7");
  EXPECT_EQ(test::error_of(
                [&] { make_student(b, *made.model, std::string("rad_rwkv7"), model_settings()); }),
            "transfer: the teacher has a layer of rad_rwkv7; only softmax attention is converted");
}

}  // namespace student_test
}  // namespace radlads::convert
