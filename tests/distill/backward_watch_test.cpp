// SPDX-License-Identifier: Apache-2.0
// What objectives tell of their backward pass: gradients do not change any more behind what says
// that they are final, and what they are is the same as when nobody watches.

#include "models/language_model_case.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/backward_watch.hpp"
#include "radlads/distill/distillation.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace radlads::test {
namespace backward_watch_test {

using B = cpu_backend;
using model = models::language_model<double, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;

struct event {
  std::int64_t index = 0;  // -1: the last micro-batch is launched
  std::map<const double*, std::vector<double>> gradients;
};

class backward_watch : public ::testing::Test {
 protected:
  backward_watch() {
    teacher_.build(b_, small_model({"attention", "attention", "attention"}));
    teacher_.initialise(b_, 3);
    student_.build(b_, small_model({"rad_rwkv7", "attention", "rad_rwkv7"}));
    student_.initialise(b_, 5);
    for (std::int32_t i = 0; i < 15; ++i) ids_.push_back((i * i + 2) % 13);
    allocate_like(b_, student_.weights, plain_);
    allocate_like(b_, student_.weights, watched_);
  }

  std::map<const double*, std::vector<double>> values() const {
    std::map<const double*, std::vector<double>> result;
    model::params::for_each(
        [&](const std::string&, const auto& each) {
          result[each.data()].assign(each.data(), each.data() + each.size());
        },
        watched_);
    return result;
  }

  /// Runs the objective with and without a watch, on three rows in two micro-batches.
  template <class Objective>
  void check(Objective objective, const std::vector<std::int64_t>& expected) {
    const view<const std::int32_t, 2> ids(ids_.data(), {3, 5});
    objective(b_, ids, &plain_);
    const distill::backward_watch watch(
        [&](std::int64_t index) {
          events_.push_back({index, values()});
        },
        [&] {
          events_.push_back({-1, values()});
        });
    objective.watch(&watch);
    objective(b_, ids, &watched_);
    objective.watch(nullptr);
    objective(b_, ids, nullptr);
    EXPECT_EQ(values_by_name<double>(watched_), values_by_name<double>(plain_));

    std::vector<std::int64_t> told;
    for (const event& each : events_) told.push_back(each.index);
    std::vector<std::int64_t> twice = expected;
    twice.insert(twice.end(), expected.begin(), expected.end());
    twice.push_back(-1);
    EXPECT_EQ(told, twice);

    const auto final_values = values();
    int checked = 0;
    objective.for_each_by_finish(watched_, [&](std::int64_t index, auto& tensor) {
      if (tensor.empty()) return;
      bool is_final = false;
      // In the second micro-batch.
      for (std::size_t i = expected.size(); i < events_.size(); ++i) {
        is_final = is_final || events_[i].index == index;
        if (!is_final) continue;
        EXPECT_EQ(events_[i].gradients.at(tensor.data()), final_values.at(tensor.data())) << index;
      }
      EXPECT_TRUE(is_final) << index;
      ++checked;
    });
    EXPECT_GT(checked, 20);
  }

  B b_{cpu_options{.threads = 1, .poison = true}};
  model teacher_, student_;
  model::params plain_, watched_;
  std::vector<std::int32_t> ids_;
  std::vector<event> events_;
};

// Layer 0 provides v_first, so that its gradient comes last; layer 1 is the teacher's.
TEST_F(backward_watch, of_an_alignment_is_told_of_layers_from_the_first) {
  check(distill::alignment<model, model>(teacher_, student_, {.micro_batch = 2}), {2, 3});
}
TEST_F(backward_watch, of_a_distillation_is_told_of_layers_from_the_last) {
  check(distill::distillation<model, model>(teacher_, student_, {.micro_batch = 2}),
        {0, 1, 2, 3, 4});
}
TEST_F(backward_watch, of_next_tokens_is_told_of_recomputed_layers) {
  check(distill::next_token<model>(student_, 2, true), {0, 1, 2, 3, 4});
}

}  // namespace backward_watch_test
}  // namespace radlads::test
