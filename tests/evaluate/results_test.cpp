// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/results.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::evaluate {
namespace {

using test::error_of;

/// A document of so many options with lengths 1, 2, ...
document choice(const std::string& name, std::size_t count, std::size_t gold) {
  document d;
  d.gold = gold;
  for (std::size_t i = 0; i < count; ++i) {
    d.options.push_back({name, std::to_string(i)});
    d.lengths.push_back(static_cast<std::int64_t>(i) + 1);
  }
  return d;
}

std::vector<likelihood> scores_of(const std::vector<double>& values) {
  std::vector<likelihood> scores;
  for (const double each : values) scores.push_back({each, each > -1.5});
  return scores;
}

TEST(results, options_stand_in_the_order_of_parts_and_documents) {
  task_documents set{*find_task("mmlu"), 0, {}};
  set.parts["b"] = {choice("p", 2, 0)};
  set.parts["a"] = {choice("q", 1, 0), choice("r", 2, 1)};
  EXPECT_EQ(all_options(set),
            (std::vector<scored_text>{{"q", "0"}, {"r", "0"}, {"r", "1"}, {"p", "0"}, {"p", "1"}}));
}

TEST(results, a_set_of_choices_has_two_figures) {
  const task_documents set{
      *find_task("piqa"), 0, {{"", {choice("a", 2, 0), choice("b", 2, 0), choice("c", 4, 3)}}}};
  const auto found = task_results("piqa", set, scores_of({-1, -2, -3, -2.5, -9, -9, -9, -8.9}));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].name, "piqa");
  EXPECT_EQ(found[0].version, "1.0");
  EXPECT_EQ(found[0].documents, 3);
  ASSERT_EQ(found[0].metrics.size(), 2u);
  EXPECT_EQ(found[0].metrics[0].name, "acc");
  EXPECT_NEAR(found[0].metrics[0].value, 2.0 / 3, 1e-15);
  EXPECT_NEAR(found[0].metrics[0].standard_error.value(), 1.0 / 3, 1e-15);
  EXPECT_EQ(found[0].metrics[1].name, "acc_norm");
  // By length: -1 and -1, the first of equal ones; -3 and -1.25; -9 to -2.2.
  EXPECT_NEAR(found[0].metrics[1].value, 2.0 / 3, 1e-15);
  EXPECT_NEAR(found[0].chance, (0.5 + 0.5 + 0.25) / 3, 1e-15);
}

TEST(results, a_likelihood_has_a_perplexity) {
  task_documents set{*find_task("lambada_openai"), 0, {}};
  set.parts[""] = {choice("a", 1, 0), choice("b", 1, 0)};
  const auto found = task_results("lambada_openai", set, scores_of({-1, -2}));
  ASSERT_EQ(found[0].metrics.size(), 2u);
  EXPECT_EQ(found[0].metrics[0].value, 0.5);
  EXPECT_EQ(found[0].metrics[1].name, "perplexity");
  EXPECT_NEAR(found[0].metrics[1].value, 4.4816890703380645, 1e-12);  // exp(1.5)
  EXPECT_EQ(found[0].chance, 0);
}

struct parts_test : testing::Test {
  /// Three documents of "a", of which two are right, and two of "b", of which none is.
  static std::vector<task_result> of(const std::string& name) {
    task_documents set{*find_task(name), 0, {}};
    set.parts["a"] = {choice("", 2, 0), choice("", 2, 0), choice("", 2, 0)};
    set.parts["b"] = {choice("", 4, 1), choice("", 4, 1)};
    return task_results(name, set,
                        scores_of({-1, -2, -1, -2, -2, -1, -1, -2, -3, -4, -1, -2, -3, -4}));
  }
};

TEST_F(parts_test, mmlu_weights_its_parts_by_size) {
  const auto found = of("mmlu");
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].name, "mmlu");
  EXPECT_EQ(found[0].version, "2");
  EXPECT_EQ(found[1].name, "mmlu_a");
  EXPECT_EQ(found[1].version, "1.0");
  EXPECT_EQ(found[2].name, "mmlu_b");
  EXPECT_EQ(found[0].documents, 5);
  EXPECT_NEAR(found[0].metrics[0].value, 2.0 / 5, 1e-15);
  // Standard errors 1/3 and 0: sqrt(2/9 * 3 / (5 - 2) / 5).
  EXPECT_NEAR(found[0].metrics[0].standard_error.value(), 0.21081851067789195, 1e-15);
  EXPECT_NEAR(found[0].chance, (3 * 0.5 + 2 * 0.25) / 5, 1e-15);
}

TEST_F(parts_test, blimp_takes_the_plain_mean) {
  const auto found = of("blimp");
  EXPECT_EQ(found[0].version, "2.0");
  EXPECT_NEAR(found[0].metrics[0].value, 1.0 / 3, 1e-15);
  EXPECT_NEAR(found[0].metrics[0].standard_error.value(), 1.0 / 6, 1e-15);
  EXPECT_NEAR(found[0].chance, 0.375, 1e-15);
}

TEST_F(parts_test, a_part_of_one_document_leaves_no_standard_error) {
  task_documents set{*find_task("mmlu"), 0, {}};
  set.parts["a"] = {choice("", 2, 0), choice("", 2, 0)};
  set.parts["b"] = {choice("", 2, 0)};
  const auto found = task_results("mmlu", set, scores_of({-1, -2, -2, -1, -1, -2}));
  EXPECT_FALSE(found[0].metrics[0].standard_error.has_value());
  EXPECT_TRUE(found[1].metrics[0].standard_error.has_value());
}

TEST(results, numbers_of_probabilities_must_fit) {
  const task_documents set{*find_task("copa"), 0, {{"", {choice("a", 2, 0)}}}};
  EXPECT_EQ(error_of([&] { task_results("copa", set, scores_of({-1})); }),
            "task_results: probabilities are missing");
  EXPECT_EQ(error_of([&] {
              task_results("copa", set, scores_of({-1, -2, -3}));
            }),
            "task_results: 1 probabilities are left over");
}

}  // namespace
}  // namespace radlads::evaluate
