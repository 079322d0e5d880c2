// SPDX-License-Identifier: Apache-2.0
// Which objective a stage trains by is shown by what it changes and needs;
// tests/program/stages_test.cpp has the steps written out.

#include "convert/tiny_conversion.hpp"
#include "radlads/convert/objectives.hpp"
#include "radlads/convert/student.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace radlads::convert {
namespace objectives_test {

using params = test::tiny_model::params;

class objectives : public ::testing::Test {
 protected:
  objectives() {
    teacher_.build(b_, test::tiny_teacher());
    teacher_.initialise(b_, 3);
  }

  /// Names of the tensors that a step of a stage changes.
  std::vector<std::string> changed(const std::string& stage, const std::string& trainable,
                                   const std::function<void(stage_settings&)>& set = {}) {
    const auto made = make_student(b_, teacher_, std::string("rad_rwkv7"), model_settings());
    const auto before = make_student(b_, teacher_, std::string("rad_rwkv7"), model_settings());
    files::directory_lock lock;
    stage_task task{.stage = stage, .settings = {}, .directory = {}, .lock = lock, .record = ""};
    task.settings.tokens = 16;
    task.settings.batch = 2;
    task.settings.context = 8;
    task.settings.warmup_steps = 0;
    task.settings.trainable = trainable;
    if (set) set(task.settings);
    const teacher_access<test::tiny_model> access{
        [&]() -> const test::tiny_model& { return teacher_; }, [] {}};
    const take_steps<test::tiny_model> one_step = [&](training<test::tiny_model>& trained) {
      needs_targets_ = trained.needs_targets();
      const std::int64_t width = needs_targets_ ? 9 : 8;
      tensor<std::int32_t, 2, cpu_backend> ids(b_, {2, width});
      for (std::int64_t i = 0; i < ids.size(); ++i)
        ids.data()[i] = static_cast<std::int32_t>(i * 37 % 280);
      loss_ = trained.step(b_, ids).loss.loss;
    };
    train(run_, access, *made.model, task, one_step);
    return differences(made.model->weights, before.model->weights);
  }

  static std::vector<std::string> differences(const params& a, const params& b) {
    std::vector<std::string> names;
    params::for_each(
        [&](const std::string& name, const auto& x, const auto& y) {
          for (std::int64_t i = 0; i < x.size(); ++i) {
            if (x.data()[i] == y.data()[i]) continue;
            names.push_back(name);
            return;
          }
        },
        a, b);
    return names;
  }

  static bool has_others_than_mixers(const std::vector<std::string>& names) {
    for (const std::string& name : names) {
      if (name.find(".self_attn.") == std::string::npos) return true;
    }
    return false;
  }

  cpu_backend b_{{.threads = 1}};
  alone ranks_;
  run_context<test::tiny_model> run_{b_, ranks_};
  test::tiny_model teacher_;
  bool needs_targets_ = false;
  double loss_ = 0;
};

TEST_F(objectives, alignment_needs_no_targets_and_trains_mixers) {
  const std::vector<std::string> names = changed("align", "mixers");
  EXPECT_FALSE(needs_targets_);
  EXPECT_FALSE(names.empty());
  EXPECT_FALSE(has_others_than_mixers(names));
}

TEST_F(objectives, longer_contexts_need_targets_and_no_teacher) {
  EXPECT_TRUE(has_others_than_mixers(changed("extend", "everything")));
  EXPECT_TRUE(needs_targets_);
  // Nearly uniform: small random weights know nothing.
  EXPECT_NEAR(loss_, std::log(280.0), 0.1);
}

TEST_F(objectives, distillation_trains_everything_by_a_divergence) {
  EXPECT_TRUE(has_others_than_mixers(changed("distill", "everything")));
  EXPECT_GE(loss_, 0);
  EXPECT_LT(loss_, 0.1);
}

TEST_F(objectives, losses_are_those_of_the_settings) {
  // The norm of a row against its mean square: the loss is what its name says.
  changed("align", "mixers");
  const double norms = loss_;
  changed("align", "mixers", [](stage_settings& s) { s.loss = "mse"; });
  EXPECT_GT(std::abs(loss_ - norms), 1e-3 * norms);
  changed("distill", "everything");
  const double divergence = loss_;
  changed("distill", "everything", [](stage_settings& s) { s.kl_weight = 3; });
  EXPECT_NEAR(loss_, 3 * divergence, 1e-4 * divergence);
  changed("distill", "everything", [](stage_settings& s) { s.ce_weight = 1; });
  EXPECT_NEAR(loss_, divergence + std::log(280.0), 0.1);
}

}  // namespace objectives_test
}  // namespace radlads::convert
