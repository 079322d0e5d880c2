// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/task.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

TEST(task, figures_belong_to_forms) {
  EXPECT_EQ(metrics_of(task_form::choice), (std::vector<std::string>{"acc", "acc_norm"}));
  EXPECT_EQ(metrics_of(task_form::likelihood), (std::vector<std::string>{"acc", "perplexity"}));
  EXPECT_EQ(metrics_of(task_form::generation),
            (std::vector<std::string>{"exact_match", "prefix_match"}));
}

TEST(task, a_task_has_the_figures_of_its_list) {
  const task t{.name = "own", .metrics = {"acc_norm"}};
  EXPECT_TRUE(t.has_metric("acc_norm"));
  EXPECT_FALSE(t.has_metric("acc"));
  EXPECT_FALSE(t.has_metric(""));
}

}  // namespace
}  // namespace radlads::evaluate
