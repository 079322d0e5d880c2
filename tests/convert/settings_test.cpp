// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/settings.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace radlads::convert {
namespace settings_test {

TEST(settings_of_conversion, stages_are_found_by_name) {
  settings values;
  EXPECT_EQ(&values.stage("align"), &values.align);
  EXPECT_EQ(&values.stage("distill"), &values.distill);
  EXPECT_EQ(&values.stage("extend"), &values.extend);
  EXPECT_EQ(&values.stage("train"), &values.train);
  EXPECT_EQ(test::error_of([&] { values.stage("model"); }), "there is no stage model");
}

TEST(settings_of_conversion, defaults_train_mixers_in_the_first_step_alone) {
  const settings values;
  EXPECT_EQ(values.align.trainable, "mixers");
  EXPECT_EQ(values.distill.trainable, "everything");
  EXPECT_EQ(values.extend.tokens, 0);
}

TEST(settings_of_conversion, a_stage_of_no_tokens_has_no_loss_on_answers) {
  settings values;
  values.extend.loss_on = "assistant";
  EXPECT_FALSE(has_loss_on_answers(values, {"align", "distill", "extend"}));
  values.extend.tokens = 1;
  EXPECT_TRUE(has_loss_on_answers(values, {"align", "distill", "extend"}));
  EXPECT_FALSE(has_loss_on_answers(values, {"align", "distill"}));
}

TEST(settings_of_conversion, every_key_of_a_section_has_its_own_name) {
  settings values;
  settings::for_each(
      [](const char* section, auto& each) {
        std::set<std::string> names;
        std::set<const void*> places;
        std::remove_cvref_t<decltype(each)>::for_each(
            [&](const char* name, auto& value) {
              EXPECT_TRUE(names.insert(name).second) << section << '.' << name;
              EXPECT_TRUE(places.insert(&value).second) << section << '.' << name;
            },
            each);
      },
      values);
}

}  // namespace settings_test
}  // namespace radlads::convert
