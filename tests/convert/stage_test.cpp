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

TEST(stage, every_number_of_the_settings_reaches_the_trainer) {
  stage_settings s;
  s.tokens = 5120;
  s.batch = 5;
  s.context = 16;
  s.lr_decay_type = "linear";
  s.lr_init = 0.02;
  s.lr_final = 0.003;
  s.lr2_init = 0.04;
  s.lr2_final = 0.005;
  s.lr_wait = 0.25;
  s.lr_endpoint = 0.75;
  s.warmup_steps = 7;
  s.beta1 = 0.6;
  s.beta2 = 0.7;
  s.adam_eps = 0.125;
  s.weight_decay = 0.8;
  s.gradient_clip_val = 9;
  const distill::trainer_options o = trainer_options_of(s);
  ASSERT_TRUE(o.mixer_schedule.has_value());
  for (const optim::schedule_options& each : {o.schedule, *o.mixer_schedule}) {
    EXPECT_EQ(each.shape, optim::decay_shape::linear);
    EXPECT_EQ(each.steps, 64);
    EXPECT_EQ(each.wait, 0.25);
    EXPECT_EQ(each.endpoint, 0.75);
    EXPECT_EQ(each.warmup_steps, 7);
  }
  EXPECT_EQ(o.schedule.initial, 0.02);
  EXPECT_EQ(o.schedule.final, 0.003);
  EXPECT_EQ(o.mixer_schedule->initial, 0.04);
  EXPECT_EQ(o.mixer_schedule->final, 0.005);
  EXPECT_EQ(o.adamw.beta1, 0.6);
  EXPECT_EQ(o.adamw.beta2, 0.7);
  EXPECT_EQ(o.adamw.epsilon, 0.125);
  EXPECT_EQ(o.adamw.weight_decay, 0.8);
  EXPECT_EQ(o.clip_norm, 9);
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
