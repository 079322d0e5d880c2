// SPDX-License-Identifier: Apache-2.0
// Rates at points whose values follow from the formulas by hand.

#include "radlads/core/error.hpp"
#include "radlads/optim/schedule.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>

namespace schedule_test {

using namespace radlads;
using optim::decay_shape;
using optim::learning_rate;
using optim::schedule_options;

TEST(schedule, warms_up_from_a_hundredth) {
  const schedule_options o{.steps = 3663};
  EXPECT_DOUBLE_EQ(learning_rate(o, 0), 1e-5);
  EXPECT_DOUBLE_EQ(learning_rate(o, 25), 1e-3 * 0.505);
  EXPECT_DOUBLE_EQ(learning_rate(o, 49), 1e-3 * (0.01 + 0.99 * 49 / 50));
  EXPECT_DOUBLE_EQ(learning_rate(o, 50), 1e-3);
}

TEST(schedule, cosine_is_a_quarter_wave) {
  const schedule_options o{.steps = 350};
  EXPECT_NEAR(learning_rate(o, 150), 1e-5 + 0.99e-3 * std::sqrt(3.0) / 2, 1e-15);  // p = 1/3
  EXPECT_NEAR(learning_rate(o, 250), 1e-5 + 0.99e-3 / 2, 1e-15);                   // p = 2/3
  EXPECT_NEAR(learning_rate(o, 350), 1e-5, 1e-15);
  EXPECT_NEAR(learning_rate(o, 9999), 1e-5, 1e-15);
}

TEST(schedule, other_shapes_at_a_quarter_of_the_way) {
  schedule_options o{.initial = 1.6, .final = 0.1, .steps = 400, .warmup_steps = 0};
  o.shape = decay_shape::linear;
  EXPECT_NEAR(learning_rate(o, 100), 0.1 + 1.5 * 0.75, 1e-15);
  o.shape = decay_shape::one_minus_sqrt;
  EXPECT_NEAR(learning_rate(o, 100), 0.1 + 1.5 * 0.5, 1e-15);
  o.shape = decay_shape::exponential;
  EXPECT_NEAR(learning_rate(o, 100), 0.8, 1e-15);
  EXPECT_NEAR(learning_rate(o, 400), 0.1, 1e-15);
}

TEST(schedule, waits_falls_and_stays_low) {
  const schedule_options o{
      .initial = 1e-4, .final = 1e-5, .steps = 1050, .wait = 0.5, .endpoint = 0.75};
  EXPECT_DOUBLE_EQ(learning_rate(o, 549), 1e-4);
  EXPECT_NEAR(learning_rate(o, 675), 1e-5 + 9e-5 * std::sqrt(0.5), 1e-18);
  EXPECT_NEAR(learning_rate(o, 800), 1e-5, 1e-18);
  EXPECT_NEAR(learning_rate(o, 1049), 1e-5, 1e-18);
}

TEST(schedule, warmup_longer_than_the_stage_never_decays) {
  const schedule_options o{.steps = 10};
  EXPECT_DOUBLE_EQ(learning_rate(o, 9), 1e-3 * (0.01 + 0.99 * 9 / 50));
}

TEST(schedule, takes_a_fractional_length) {
  schedule_options o{.shape = decay_shape::linear, .initial = 1, .final = 0, .steps = 2.5};
  o.warmup_steps = 0;
  EXPECT_NEAR(learning_rate(o, 1), 0.6, 1e-15);
  EXPECT_NEAR(learning_rate(o, 2), 0.2, 1e-15);
}

TEST(schedule, reads_names_and_refuses_nonsense) {
  EXPECT_EQ(optim::decay_shape_of("cos"), decay_shape::cosine);
  EXPECT_EQ(optim::decay_shape_of("linear"), decay_shape::linear);
  EXPECT_EQ(optim::decay_shape_of("oneminussqrt"), decay_shape::one_minus_sqrt);
  EXPECT_EQ(optim::decay_shape_of("exp"), decay_shape::exponential);
  EXPECT_THROW(optim::decay_shape_of("cosine"), error);
  EXPECT_THROW(learning_rate({.steps = 0}, 0), error);
  EXPECT_THROW(learning_rate({.steps = 9, .warmup_steps = -1}, 0), error);
  EXPECT_THROW(learning_rate({.steps = 9, .wait = 0.5, .endpoint = 0.5}, 0), error);
  EXPECT_THROW(learning_rate({.steps = 9, .endpoint = 1.5}, 0), error);
  EXPECT_THROW(learning_rate({.shape = decay_shape::exponential, .final = 0, .steps = 9}, 0),
               error);
}

}  // namespace schedule_test
