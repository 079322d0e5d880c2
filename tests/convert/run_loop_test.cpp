// SPDX-License-Identifier: Apache-2.0
// The loop around a training that only counts: what it reads, writes, says and continues from.

#include "convert/tiny_conversion.hpp"
#include "radlads/convert/run_loop.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace radlads::convert {
namespace run_loop_test {

/// Adds the sum of a step's ids to one weight.
class counting final : public training<test::tiny_model> {
 public:
  explicit counting(cpu_backend& b) {
    model_.build(b, test::tiny_teacher());
    for (auto* set : {&model_.weights, &first_, &second_}) {
      if (set != &model_.weights) allocate_like(b, model_.weights, *set);
      set_zero_all(b, *set);
    }
  }

  bool needs_targets() const override { return true; }
  distill::step_report step(cpu_backend&, view<const std::int32_t, 2> ids) override {
    const std::int32_t* all = ids.pointer;
    sum() += static_cast<float>(std::accumulate(all, all + ids.size(), 0));
    distill::step_report report;
    report.step = steps_++;
    report.loss.loss = 1.5;
    if (steps_ == fails_at) fail("loss is not finite");
    return report;
  }
  std::int64_t& steps() override { return steps_; }
  std::int64_t parameters() const override { return parameter_count(model_.weights); }
  params& weights() override { return model_.weights; }
  params& first_moments() override { return first_; }
  params& second_moments() override { return second_; }
  void collect_moments(cpu_backend&) override {}
  void release_moments() override {}
  void prepare_moments(cpu_backend&) override {}
  void restored(cpu_backend&) override {}

  float& sum() { return model_.weights.norm.data()[0]; }
  std::int64_t fails_at = -1;

 private:
  test::tiny_model model_;
  params first_, second_;
  std::int64_t steps_ = 0;
};

class loops : public test::temporary_directory {
 protected:
  loops() {
    std::vector<std::int32_t> ids(200);
    std::iota(ids.begin(), ids.end(), 0);
    text_ = data::token_stream::from_ids({{ids}});
    settings_.batch = 2;
    settings_.context = 8;
    settings_.tokens = 2 * 8 * 10;
    settings_.save_every = 3;
    run_.events.message = [this](const std::string& text) { said_ += text + "\n"; };
    run_.events.watch = [this](const stage_start& start) {
      starts_.push_back(start.steps_done);
      stage_watch watch;
      watch.on_step = [this](const stage_progress& now) { seen_ = now.steps_done; };
      watch.stop_signal = [this] { return seen_ == stop_after_ ? 15 : 0; };
      return watch;
    };
  }

  /// Runs a loop in a directory of this name; returns the sum of all ids read.
  float run(const std::string& name, const std::string& record = "a:\n  x: 1\n",
            std::int64_t fails_at = -1) {
    counting trained(b_);
    trained.fails_at = fails_at;
    files::directory_lock lock;
    const stage_task task{.stage = "extend",
                          .settings = settings_,
                          .directory = path(name),
                          .lock = lock,
                          .record = record};
    run_loop<test::tiny_model, alone>(run_, trained, text_, task).take_steps();
    return trained.sum();
  }

  cpu_backend b_{{.threads = 1}};
  alone ranks_;
  run_context<test::tiny_model> run_{b_, ranks_};
  data::token_stream text_ = data::token_stream::from_ids({{std::vector<std::int32_t>{0}}});
  stage_settings settings_;
  std::string said_;
  std::vector<std::int64_t> starts_;
  std::int64_t seen_ = 0, stop_after_ = -1;
};

TEST_F(loops, a_stopped_run_continues_with_the_rows_that_are_left) {
  const float whole = run("whole");
  stop_after_ = 4;
  try {
    run("stopped");
    FAIL() << "the run was not stopped";
  } catch (const interrupted& stop) {
    EXPECT_EQ(std::string(stop.what()),
              "extend: stopped and saved after step 4 of 10; the same command continues from " +
                  (path("stopped") / "checkpoint").string());
  }
  stop_after_ = -1;
  EXPECT_EQ(run("stopped"), whole);
  EXPECT_NE(said_.find("extend: continuing after step 4 of 10\n"), std::string::npos);
  EXPECT_EQ(starts_, (std::vector<std::int64_t>{0, 0, 4}));
  EXPECT_EQ(get("whole/metrics.jsonl").size() > 0, true);
}

TEST_F(loops, a_failed_step_leaves_the_last_checkpoint) {
  const std::string problem = test::error_of([&] { run("failed", "a:\n  x: 1\n", 5); });
  EXPECT_EQ(problem, "extend: loss is not finite; the checkpoint after step 3 is kept in " +
                         (path("failed") / "checkpoint").string());
  EXPECT_EQ(run("failed"), run("whole"));
}

TEST_F(loops, rejects_a_checkpoint_of_another_run) {
  stop_after_ = 4;
  EXPECT_THROW(run("stopped"), interrupted);
  stop_after_ = -1;
  EXPECT_EQ(test::error_of([&] { run("stopped", "a:\n  x: 2\n"); }),
            (path("stopped") / "checkpoint").string() +
                " cannot be continued: a.x was 1 and is now 2; --restart starts over");
  settings_.seed = 9;
  EXPECT_NE(test::error_of([&] { run("stopped"); }).find("seed is 1337, expected 9"),
            std::string::npos);
}

TEST_F(loops, begins_by_saying_what_it_will_do) {
  settings_.lr_init = 2e-4;
  run("whole");
  EXPECT_NE(said_.find("extend: 10 steps of 2 x 8 tokens, rate 0.0002 to 1e-05; "),
            std::string::npos);
  EXPECT_NE(said_.find(" parameters, 200 tokens of text\n"), std::string::npos);
}

}  // namespace run_loop_test
}  // namespace radlads::convert
