// SPDX-License-Identifier: Apache-2.0
#include "radlads/convert/settings_checks.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::convert {
namespace settings_checks_test {

/// What check_stage says of the stage "distill" after a change.
template <class F>
std::string problem_of(F&& change) {
  stage_settings s;
  change(s);
  return test::error_of([&] { check_stage(s, "distill"); });
}

TEST(settings_checks, defaults_pass) {
  EXPECT_NO_THROW(check_stage(stage_settings(), "align"));
  EXPECT_NO_THROW(check_model(model_settings()));
  EXPECT_NO_THROW(check_parallel(parallel_settings()));
}

TEST(settings_checks, rejects_numbers_out_of_bounds) {
  EXPECT_EQ(problem_of([](stage_settings& s) { s.batch = 0; }),
            "distill.batch is 0, expected at least 1");
  EXPECT_EQ(problem_of([](stage_settings& s) { s.beta2 = 1.5; }),
            "distill.beta2 is 1.5, expected at most 1");
  EXPECT_NE(problem_of([](stage_settings& s) {
              s.batch = s.context = 1 << 24;
            }).find("distill.batch x distill.context"),
            std::string::npos);
}

TEST(settings_checks, rejects_names_that_are_not_known) {
  EXPECT_EQ(problem_of([](stage_settings& s) { s.sampler = "random"; }),
            "distill.sampler is \"random\", expected cubic or epochs");
  EXPECT_EQ(problem_of([](stage_settings& s) { s.trainable = "all"; }),
            "distill.trainable is \"all\", expected everything or mixers or decay_and_shift");
}

TEST(settings_checks, rejects_a_last_rate_without_a_first) {
  EXPECT_EQ(problem_of([](stage_settings& s) { s.lr2_final = 1e-5; }),
            "distill.lr2_final is set but not distill.lr2_init");
}

TEST(settings_checks, rejects_zero_heads) {
  model_settings m;
  m.heads = 0;
  EXPECT_EQ(test::error_of([&] { check_model(m); }), "model.heads is 0, expected at least 1");
}

TEST(settings_checks, rejects_an_unknown_shard) {
  parallel_settings p;
  p.shard = "weights";
  EXPECT_EQ(test::error_of([&] { check_parallel(p); }),
            "parallel.shard is \"weights\", expected none or optimizer");
}

}  // namespace settings_checks_test
}  // namespace radlads::convert
