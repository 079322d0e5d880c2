// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/random.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/sample.hpp"
#include "reference/sampling.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <vector>

namespace radlads::test {
namespace sample_test {

using ops::sampling_options;

class sample : public ::testing::Test {
 protected:
  cpu_backend b_{cpu_options{.threads = 1, .poison = true}};

  template <class T>
  std::vector<std::int32_t> rows(const std::vector<T>& logits, std::int64_t N,
                                 const sampling_options& o, std::uint64_t seed, std::uint64_t first,
                                 const std::vector<std::uint8_t>& seen = {}) {
    const std::int64_t V = static_cast<std::int64_t>(logits.size()) / N;
    std::vector<std::int32_t> ids(static_cast<std::size_t>(N), -7);
    view<const std::uint8_t, 2> flags;
    if (!seen.empty()) flags = {seen.data(), {N, V}};
    ops::sample<T>(b_, o, {logits.data(), {N, V}}, flags, {seed, 5}, first, {ids.data(), {N}});
    return ids;
  }
  template <class T>
  std::int32_t one(const std::vector<T>& logits, const sampling_options& o = {},
                   std::uint64_t index = 0, const std::vector<std::uint8_t>& seen = {}) {
    return rows(logits, 1, o, 3, index, seen)[0];
  }
};

/// Logarithms of 0.25, 0.125, 0.5, 0.125.
const std::vector<double> halves{std::log(0.25), std::log(0.125), std::log(0.5), std::log(0.125)};

std::vector<float> random_logits(std::size_t count, std::uint64_t seed, float spread) {
  std::vector<float> logits(count);
  for (std::size_t v = 0; v < count; ++v) {
    logits[v] = spread * static_cast<float>(random_stream{seed, 1}.normal(v));
  }
  return logits;
}

TEST_F(sample, the_first_of_equal_logits_is_the_greedy_one) {
  const float low = -std::numeric_limits<float>::infinity();
  const sampling_options greedy{.temperature = 0};
  EXPECT_EQ(one<float>({-3, 2, 1, 2}, greedy), 1);
  EXPECT_EQ(one<float>({7}, greedy), 0);
  EXPECT_EQ(one<float>({low, low, 0}, greedy), 2);
  // Also where equals stand far apart, and after a penalty has made them equal.
  std::vector<float> many(5000, 1);
  many[4999] = many[1234] = 4;
  EXPECT_EQ(one(many, greedy), 1234);
  EXPECT_EQ(one<float>({1, 4, 2}, {.temperature = 0, .repetition_penalty = 2}, 0, {0, 1, 0}), 1);
  EXPECT_EQ(one<float>({2, 4, 1}, {.temperature = 0, .repetition_penalty = 2}, 0, {0, 1, 0}), 0);
}

TEST_F(sample, top_1_of_equal_logits_is_the_first) {
  std::vector<float> equal(3000, 2);
  equal[0] = equal[1] = 1;
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(one(equal, {.top_k = 1}, i), 2);
    EXPECT_EQ(one(equal, {.top_p = 1e-6}, i), 2);
    // Of the first three by id.
    EXPECT_LE(one(equal, {.top_k = 3}, i), 4);
  }
}

TEST_F(sample, chooses_what_the_definition_chooses) {
  const std::vector<sampling_options> cases{
      {},
      {.temperature = 0},
      {.temperature = 0.7},
      {.temperature = 3},
      {.top_k = 1},
      {.top_k = 40},
      {.top_k = 100000},
      {.top_p = 0.9},
      {.top_p = 0.05},
      {.top_p = 0.999},
      {.min_p = 0.1},
      {.min_p = 1},
      {.temperature = 0.8, .top_k = 50, .top_p = 0.95, .min_p = 0.02, .repetition_penalty = 1.2},
      {.temperature = 0, .repetition_penalty = 1.5},
      {.top_k = 7, .top_p = 0.6},
      {.top_k = 60, .min_p = 0.3},
      {.top_p = 0.8, .min_p = 0.3}};
  for (const std::size_t V : {3u, 257u, 2003u}) {
    for (const float spread : {0.3f, 3.0f, 20.0f}) {
      const std::vector<float> logits = random_logits(V, V, spread);
      std::vector<std::uint8_t> seen(V);
      for (std::size_t v = 0; v < V; v += 3) seen[v] = 1;
      for (const sampling_options& o : cases) {
        const reference::sampling same{o.temperature, static_cast<std::size_t>(o.top_k), o.top_p,
                                       o.min_p, o.repetition_penalty};
        for (std::uint64_t i = 0; i < 10; ++i) {
          const double uniform = random_stream{3, 5}.uniform(i);
          EXPECT_EQ(one(logits, o, i, seen), reference::sampled_token(logits, seen, same, uniform))
              << V << " logits of spread " << spread << ", draw " << i << ": temperature "
              << o.temperature << " top_k " << o.top_k << " top_p " << o.top_p << " min_p "
              << o.min_p << " penalty " << o.repetition_penalty;
        }
      }
    }
  }
}

// All these are near each other, so that one bin of the first histogram holds every token.
TEST_F(sample, chooses_what_the_definition_chooses_among_near_and_equal_logits) {
  const float low = -std::numeric_limits<float>::infinity();
  const std::vector<float> some = random_logits(3001, 8, 1e-3f);
  std::vector<std::vector<float>> rows_of_logits{std::vector<float>(3001, 2.5f), some, some, some};
  for (std::size_t v = 0; v < some.size(); ++v) {
    rows_of_logits[2][v] = v % 3 == 0 ? 1.0f : 0.999f;
    rows_of_logits[3][v] = v % 7 == 0 ? low : some[v];
  }
  const std::vector<sampling_options> cases{{},
                                            {.top_k = 40},
                                            {.top_k = 2999},
                                            {.top_p = 0.9437},
                                            {.top_p = 0.0501},
                                            {.min_p = 0.9995},
                                            {.top_k = 1500, .min_p = 0.9995},
                                            {.top_p = 0.4321, .min_p = 1},
                                            {.top_k = 1500, .top_p = 0.4321, .min_p = 0.9991}};
  for (const std::vector<float>& logits : rows_of_logits) {
    for (const sampling_options& o : cases) {
      const reference::sampling same{o.temperature, static_cast<std::size_t>(o.top_k), o.top_p,
                                     o.min_p, o.repetition_penalty};
      for (std::uint64_t i = 0; i < 25; ++i) {
        const double uniform = random_stream{3, 5}.uniform(i);
        EXPECT_EQ(one(logits, o, i), reference::sampled_token(logits, {}, same, uniform))
            << "logit 1 is " << logits[1] << ", draw " << i << ": top_k " << o.top_k << " top_p "
            << o.top_p << " min_p " << o.min_p;
      }
    }
  }
}

// More are wanted than have a probability above 0.
TEST_F(sample, tokens_without_probability_are_never_chosen) {
  std::vector<float> logits(100, -std::numeric_limits<float>::infinity());
  logits[3] = logits[98] = 1;
  logits[50] = -40;
  for (std::uint64_t i = 0; i < 50; ++i) {
    for (const sampling_options& o :
         {sampling_options{.top_k = 5}, {.top_k = 5, .top_p = 0.9}, {.top_p = 0.999}, {}}) {
      const std::int32_t id = one(logits, o, i);
      EXPECT_TRUE(id == 3 || id == 98) << id;
    }
  }
}

TEST_F(sample, frequencies_are_the_probabilities) {
  constexpr std::int64_t draws = 40000;
  std::vector<double> logits;
  for (std::int64_t i = 0; i < draws; ++i)
    logits.insert(logits.end(), halves.begin(), halves.end());
  std::map<std::int32_t, double> share;
  for (const std::int32_t id : rows(logits, draws, {.temperature = 0.5}, 11, 0)) {
    share[id] += 1.0 / draws;
  }
  // At temperature 1/2 probabilities are squared: 4, 1, 16, 1 of 22. Five standard deviations of a
  // binomial share are below 0.0125.
  EXPECT_NEAR(share[0], 4.0 / 22, 0.0125);
  EXPECT_NEAR(share[1], 1.0 / 22, 0.0125);
  EXPECT_NEAR(share[2], 16.0 / 22, 0.0125);
}

TEST_F(sample, cuts_keep_the_fewest_tokens_that_reach_the_share) {
  const auto found = [&](const sampling_options& o) {
    std::map<std::int32_t, int> counts;
    for (std::uint64_t i = 0; i < 300; ++i) ++counts[one(halves, o, i)];
    std::vector<std::int32_t> ids;
    for (const auto& [id, count] : counts) ids.push_back(id);
    return ids;
  };
  using ids = std::vector<std::int32_t>;
  EXPECT_EQ(found({.top_p = 0.49}), (ids{2}));
  EXPECT_EQ(found({.top_p = 0.51}), (ids{0, 2}));
  EXPECT_EQ(found({.top_p = 0.8}), (ids{0, 1, 2}));
  EXPECT_EQ(found({.top_p = 0.9}), (ids{0, 1, 2, 3}));
  EXPECT_EQ(found({.top_k = 2}), (ids{0, 2}));
  EXPECT_EQ(found({.top_k = 3}), (ids{0, 1, 2}));
  EXPECT_EQ(found({.min_p = 0.3}), (ids{0, 2}));
  // Of the two that top_k leaves, the first has two thirds.
  EXPECT_EQ(found({.top_k = 2, .top_p = 0.66}), (ids{2}));
}

TEST_F(sample, a_row_has_the_number_of_its_place) {
  const std::vector<float> logits = random_logits(600, 4, 2);
  std::vector<float> three;
  for (int n = 0; n < 3; ++n) three.insert(three.end(), logits.begin(), logits.end());
  const std::vector<std::int32_t> found = rows(three, 3, {}, 3, 10);
  for (std::uint64_t n = 0; n < 3; ++n) EXPECT_EQ(found[n], one(logits, {}, 10 + n));
}

TEST_F(sample, bf16_logits_are_those_of_their_floats) {
  std::vector<bf16> logits;
  std::vector<float> same;
  for (const float each : random_logits(700, 9, 2)) {
    logits.emplace_back(each);
    same.push_back(static_cast<float>(logits.back()));
  }
  for (std::uint64_t i = 0; i < 20; ++i) {
    EXPECT_EQ(one(logits, {.top_p = 0.9}, i), one(same, {.top_p = 0.9}, i));
  }
}

TEST_F(sample, what_cannot_be_chosen_from_is_refused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_EQ(error_of([&] { one<float>({1, nan}); }), "sample: logit 1 of 2 is NaN");
  EXPECT_EQ(error_of([&] {
              one<float>({nan, 1}, {.temperature = 0});
            }),
            "sample: logit 0 of 2 is NaN");
  EXPECT_EQ(error_of([&] {
              one<float>({infinite, 1});
            }),
            "sample: the greatest of 2 logits is inf");
  EXPECT_EQ(error_of([&] {
              one<float>({-infinite, -infinite});
            }),
            "sample: the greatest of 2 logits is -inf");
  EXPECT_EQ(error_of([&] { rows<float>({}, 1, {}, 1, 0); }),
            "sample: there are 0 logits, expected 1 to 1048576");
  EXPECT_EQ(error_of([&] {
              one<float>({1, 2}, {.top_p = 2});
            }),
            "sampling: top_p is 2, expected more than 0 and at most 1");
}

TEST_F(sample, tokens_of_a_text_are_marked) {
  const std::vector<std::int32_t> ids{2, 2, 0, 1};
  std::vector<std::uint8_t> seen(6);
  ops::mark_ids(b_, {ids.data(), {2, 2}}, {seen.data(), {2, 3}});
  EXPECT_EQ(seen, (std::vector<std::uint8_t>{0, 0, 1, 1, 1, 0}));
}

}  // namespace sample_test
}  // namespace radlads::test
