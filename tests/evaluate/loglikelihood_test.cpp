// SPDX-License-Identifier: Apache-2.0
// Probabilities of continuations in batches, against one sequence at a time with softmaxes written
// out here.
#include "models/language_model_case.hpp"
#include "radlads/evaluate/loglikelihood.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::test {
namespace loglikelihood_test {

using B = cpu_backend;
using model = models::language_model<double, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;
using evaluate::likelihood;
using evaluate::request;

model random_model(B& b, const models::config& c) {
  const named_values<double> point = model_point(b, c);
  model m;
  m.build(b, c);
  set_by_name(point, m.weights);
  return m;
}

/// One request by itself, the whole logits of its ids read.
likelihood alone(B& b, const model& m, const request& r) {
  std::vector<std::int32_t> ids = r.context;
  ids.insert(ids.end(), r.continuation.begin(), r.continuation.end());
  const auto count = static_cast<std::int64_t>(ids.size());
  model::saved saved;
  m.forward(b, {ids.data(), {1, count}}, nullptr, saved);
  tensor<double, 2, B> logits(b, {count, m.config.vocabulary});
  m.logits(b, saved, logits);
  likelihood out;
  for (std::size_t t = r.context.size(); t < ids.size(); ++t) {
    const double* const first =
        logits.data() + (static_cast<std::int64_t>(t) - 1) * m.config.vocabulary;
    const std::vector<double> row(first, first + m.config.vocabulary);
    double sum = 0;
    for (const double each : row) sum += std::exp(each);
    out.log_probability += row[static_cast<std::size_t>(ids[t])] - std::log(sum);
    const auto best = std::max_element(row.begin(), row.end()) - row.begin();
    out.is_greedy = out.is_greedy && best == ids[t];
  }
  return out;
}

/// The continuation that a model itself would choose.
request greedy(B& b, const model& m, std::vector<std::int32_t> context, int count) {
  request r{std::move(context), {}};
  for (int i = 0; i < count; ++i) {
    for (std::int32_t id = 0; id < m.config.vocabulary; ++id) {
      r.continuation.push_back(id);
      if (alone(b, m, r).is_greedy) break;
      r.continuation.pop_back();
    }
  }
  return r;
}

struct likelihood_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};
  model m = random_model(b, small_model({"rad_rwkv7", "attention"}));

  std::vector<request> requests() {
    std::vector<request> all{{{1}, {2}},          {some_ids(9), {4, 4, 1}}, {some_ids(30), {12}},
                             {{5}, some_ids(17)}, {some_ids(9), {3}},       {{0, 0}, {7, 2}}};
    // Inputs that are, or begin, those of others.
    for (const std::int32_t id : {3, 4, 7}) all.push_back({some_ids(9), {id}});
    all.push_back({some_ids(9), {4, 4, 2}});
    all.push_back({{some_ids(9)[0]}, {some_ids(9)[1], 6}});
    all.push_back(greedy(b, m, {3, 1, 4}, 4));
    all.push_back(all.back());
    all.back().continuation.front() = (all.back().continuation.front() + 1) % 13;
    return all;
  }
};

TEST_F(likelihood_test, sums_are_those_of_one_sequence_at_a_time) {
  const std::vector<request> all = requests();
  std::vector<double> wanted;
  for (const request& r : all) wanted.push_back(alone(b, m, r).log_probability);
  for (const std::int64_t batch_tokens : {1, 20, 40, 4096}) {
    const auto found = evaluate::likelihood_scorer<model>(m, batch_tokens)(b, all);
    ASSERT_EQ(found.size(), all.size());
    std::vector<double> sums;
    for (const likelihood& each : found) sums.push_back(each.log_probability);
    EXPECT_LT(relative_error(sums, wanted), order_tolerance<double>);
  }
}

TEST_F(likelihood_test, greedy_continuations_are_told) {
  const std::vector<request> all = requests();
  const auto found = evaluate::likelihood_scorer<model>(m, 40)(b, all);
  for (std::size_t i = 0; i < all.size(); ++i)
    EXPECT_EQ(found[i].is_greedy, alone(b, m, all[i]).is_greedy) << i;
  EXPECT_TRUE(found[all.size() - 2].is_greedy);
  EXPECT_FALSE(found[all.size() - 1].is_greedy);
}

TEST_F(likelihood_test, tells_how_many_are_done) {
  std::vector<std::size_t> done;
  const std::vector<request> all = requests();
  evaluate::likelihood_scorer<model> score(m, 40);
  score(b, all, [&](std::size_t count) { done.push_back(count); });
  EXPECT_TRUE(std::is_sorted(done.begin(), done.end()));
  EXPECT_GT(done.size(), 1u);
  EXPECT_EQ(done.back(), all.size());
}

TEST_F(likelihood_test, no_requests_have_no_results) {
  EXPECT_TRUE(evaluate::likelihood_scorer<model>(m)(b, {}).empty());
}

}  // namespace loglikelihood_test
}  // namespace radlads::test
