// SPDX-License-Identifier: Apache-2.0
// Figures for fixed log-probabilities, against what the functions of lm-eval 0.4.13 return.
#include "radlads/evaluate/metrics.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace radlads::evaluate {
namespace {

TEST(metrics, the_first_of_equal_values_is_chosen) {
  EXPECT_EQ(first_largest(std::vector<double>{-3, -2, -2}), 1u);
  EXPECT_EQ(first_largest(std::vector<double>{-1, -1, -1}), 0u);
  EXPECT_EQ(first_largest(std::vector<double>{-5}), 0u);
}

struct choice_case {
  std::vector<double> log_probabilities;
  std::vector<std::int64_t> lengths;
  std::size_t gold;
  bool is_right, is_right_by_length;
};

TEST(metrics, choices_are_judged_as_lm_eval_does) {
  const std::vector<choice_case> cases{
      {{-3, -2, -2}, {3, 2, 4}, 1, true, false}, {{-3, -4, -2.5}, {6, 9, 4}, 1, false, true},
      {{-1, -1}, {1, 1}, 1, false, false},       {{-5, -5, -5}, {1, 2, 2}, 0, true, false},
      {{-2, -6}, {2, 7}, 1, false, true},        {{-0.5, -9}, {0, 30}, 1, false, true},
  };
  std::vector<double> right, right_by_length;
  for (const choice_case& c : cases) {
    document d;
    d.options.resize(c.lengths.size());
    d.lengths = c.lengths;
    d.gold = c.gold;
    std::vector<likelihood> scores;
    for (const double each : c.log_probabilities) scores.push_back({each, false});
    EXPECT_EQ(is_right(d, scores), c.is_right);
    EXPECT_EQ(is_right_by_length(d, scores), c.is_right_by_length);
    right.push_back(c.is_right ? 1 : 0);
    right_by_length.push_back(c.is_right_by_length ? 1 : 0);
  }
  const metric acc = mean_metric("acc", right), acc_norm = mean_metric("acc_norm", right_by_length);
  EXPECT_NEAR(acc.value, 0.3333333333333333, 1e-15);
  EXPECT_NEAR(acc.standard_error.value(), 0.210818510677892, 1e-15);
  EXPECT_NEAR(acc_norm.value, 0.5, 1e-15);
  EXPECT_NEAR(acc_norm.standard_error.value(), 0.22360679774997896, 1e-15);
}

TEST(metrics, means_have_the_samples_standard_error) {
  const metric m = mean_metric("acc", std::vector<double>{1, 0, 0, 1, 1, 1, 0, 1, 0, 0, 0});
  EXPECT_EQ(m.name, "acc");
  EXPECT_NEAR(m.value, 0.45454545454545453, 1e-15);
  EXPECT_NEAR(m.standard_error.value(), 0.15745916432444335, 1e-15);
}

TEST(metrics, a_single_document_has_no_standard_error) {
  const metric m = mean_metric("acc", std::vector<double>{1});
  EXPECT_EQ(m.value, 1);
  EXPECT_FALSE(m.standard_error.has_value());
  const metric p = perplexity_metric(std::vector<double>{-2});
  EXPECT_NEAR(p.value, 7.38905609893065, 1e-12);
  EXPECT_FALSE(p.standard_error.has_value());
}

TEST(metrics, perplexity_has_the_standard_error_of_resamples) {
  std::vector<double> few, many;
  for (int i = 0; i < 40; ++i) few.push_back(-(i * 37 % 101) / 17.0 - 0.25);
  for (int i = 0; i < 300; ++i) many.push_back(-2.0 - (i * 7919 % 997) / 250.0);
  const metric a = perplexity_metric(few), b = perplexity_metric(many);
  EXPECT_EQ(a.name, "perplexity");
  EXPECT_NEAR(a.value, 24.10340076630424, 1e-12);
  EXPECT_NEAR(a.standard_error.value(), 7.020410932401199, 0.05 * 7.02);
  EXPECT_NEAR(b.value, 56.372794024232014, 1e-12);
  EXPECT_NEAR(b.standard_error.value(), 3.786706301031494, 0.05 * 3.78);
}

TEST(metrics, parts_have_the_standard_errors_of_lm_eval) {
  const std::vector<double> errors{0.05, 0.02, 0.11};
  EXPECT_NEAR(pooled_standard_error(errors, std::vector<std::int64_t>{40, 7, 120}),
              0.08032375703494665, 1e-15);
  EXPECT_NEAR(mean_standard_error(errors), 0.0408248290463863, 1e-15);
}

TEST(metrics, chance_is_the_mean_of_one_over_the_choices) {
  std::vector<document> documents(3);
  for (document& d : documents) d.options.resize(4);
  EXPECT_NEAR(chance_of(documents), 0.25, 1e-15);
  documents[0].options.resize(5);
  documents[1].options.resize(2);
  EXPECT_NEAR(chance_of(documents), (0.2 + 0.5 + 0.25) / 3, 1e-15);
}

TEST(metrics, names_tell_which_way_is_better) {
  for (const char* name : {"acc", "acc_norm", "exact_match", "prefix_match", "never_diverged"})
    EXPECT_TRUE(is_higher_better(name)) << name;
  EXPECT_FALSE(is_higher_better("perplexity"));
  EXPECT_FALSE(is_higher_better("repeated_4grams_greedy"));
  for (const char* name : {"acc", "acc_norm", "exact_match", "prefix_match"})
    EXPECT_TRUE(is_share_right(name)) << name;
  for (const char* name : {"perplexity", "repeated_4grams_sampled", "tokens_until_divergence"})
    EXPECT_FALSE(is_share_right(name)) << name;
}

TEST(metrics, relative_score_counts_from_chance) {
  EXPECT_NEAR(relative_score(0.6, 0.75, 0.25).value(), 0.7, 1e-15);
  EXPECT_NEAR(relative_score(0.2, 0.75, 0.25).value(), -0.1, 1e-15);
  EXPECT_NEAR(relative_score(0.3, 0.6, 0).value(), 0.5, 1e-15);
  EXPECT_FALSE(relative_score(0.3, 0.25, 0.25).has_value());
  EXPECT_FALSE(relative_score(0.3, 0.2, 0.25).has_value());
}

}  // namespace
}  // namespace radlads::evaluate
