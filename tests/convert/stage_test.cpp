// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/stage.hpp"

#include <gtest/gtest.h>

namespace radlads::convert {
namespace stage_test {

TEST(stage, steps_are_rounded_up) {
  stage_settings s;
  s.batch = 3;
  s.context = 16;
  s.tokens = 4097;
  EXPECT_EQ(step_count(s), 86);
  s.tokens = 48;
  EXPECT_EQ(step_count(s), 1);
}

TEST(stage, mixers_have_a_schedule_where_they_have_a_rate) {
  stage_settings s;
  s.tokens = 512;
  s.lr_final = 1e-4;
  EXPECT_FALSE(trainer_options_of(s).mixer_schedule.has_value());
  s.lr2_init = 5e-3;
  const distill::trainer_options o = trainer_options_of(s);
  ASSERT_TRUE(o.mixer_schedule.has_value());
  EXPECT_EQ(o.mixer_schedule->initial, 5e-3);
  EXPECT_EQ(o.mixer_schedule->final, 1e-4);
  EXPECT_EQ(o.schedule.initial, 1e-3);
}

TEST(stage, what_is_trained_is_read_by_name) {
  stage_settings s;
  EXPECT_EQ(trainer_options_of(s).what, distill::trainable::everything);
  s.trainable = "mixers";
  EXPECT_EQ(trainer_options_of(s).what, distill::trainable::mixers);
  s.trainable = "decay_and_shift";
  EXPECT_EQ(trainer_options_of(s).what, distill::trainable::decay_and_shift);
}

}  // namespace stage_test
}  // namespace radlads::convert
