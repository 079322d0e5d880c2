// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"
#include "radlads/models/sampling.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

namespace sampling_test {

using radlads::models::sampling_options;

template <class T>
std::span<const T> view_of(const std::vector<T>& values) {
  return values;
}

/// Logarithms of 0.5, 0.25, 0.125, 0.125, in mixed order: ids 2, 0, 1, 3 by probability.
const std::vector<double> halves{std::log(0.25), std::log(0.125), std::log(0.5), std::log(0.125)};

TEST(sampling, the_likeliest_is_the_lowest_of_equals) {
  EXPECT_EQ(radlads::models::likeliest(view_of<float>({-3, 2, 1, 2})), 1);
  EXPECT_EQ(radlads::models::likeliest(view_of<float>({7})), 0);
  const float low = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(radlads::models::likeliest(view_of<float>({low, low, 0})), 2);
}

TEST(sampling, nan_and_nothing_are_refused) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW(radlads::models::likeliest(view_of<float>({1, nan})), radlads::error);
  EXPECT_THROW(radlads::models::likeliest(view_of<float>({})), radlads::error);
  EXPECT_THROW(radlads::models::sample(view_of<float>({nan, 1}), {1, 1}, 0.5), radlads::error);
  const float infinite = std::numeric_limits<float>::infinity();
  EXPECT_THROW(radlads::models::sample(view_of<float>({infinite, 1}), {1, 1}, 0.5), radlads::error);
}

TEST(sampling, softmax_is_that_of_the_divided_logits) {
  const auto plain = radlads::models::tempered_softmax(view_of(halves), 1);
  EXPECT_NEAR(plain[0], 0.25, 1e-15);
  EXPECT_NEAR(plain[2], 0.5, 1e-15);
  // At temperature 1/2 the probabilities are squared: 4/22, 1/22, 16/22, 1/22.
  const auto cold = radlads::models::tempered_softmax(view_of(halves), 0.5);
  EXPECT_NEAR(cold[0], 4.0 / 22, 1e-15);
  EXPECT_NEAR(cold[1], 1.0 / 22, 1e-15);
  EXPECT_NEAR(cold[2], 16.0 / 22, 1e-15);
  // Logits far beyond the range of exp, and a temperature close to none.
  const auto far = radlads::models::tempered_softmax(view_of<float>({1e30f, 0, -1e30f}), 1e-3);
  EXPECT_EQ(far, (std::vector<double>{1, 0, 0}));
}

TEST(sampling, nucleus_holds_the_fewest_that_reach_top_p) {
  const std::vector<double> p{0.25, 0.125, 0.5, 0.125};
  using ids = std::vector<std::int32_t>;
  EXPECT_EQ(radlads::models::nucleus(p, 0.4), (ids{2}));
  EXPECT_EQ(radlads::models::nucleus(p, 0.5), (ids{2}));
  EXPECT_EQ(radlads::models::nucleus(p, 0.51), (ids{2, 0}));
  EXPECT_EQ(radlads::models::nucleus(p, 0.8), (ids{2, 0, 1}));
  EXPECT_EQ(radlads::models::nucleus(p, 1), (ids{2, 0, 1, 3}));
}

TEST(sampling, a_uniform_number_falls_into_the_share_of_its_token) {
  const auto at = [](double uniform, double top_p) {
    return radlads::models::sample(view_of(halves), {1, top_p}, uniform);
  };
  EXPECT_EQ(at(0, 1), 2);
  EXPECT_EQ(at(0.49, 1), 2);
  EXPECT_EQ(at(0.51, 1), 0);
  EXPECT_EQ(at(0.76, 1), 1);
  EXPECT_EQ(at(0.88, 1), 3);
  EXPECT_EQ(at(std::nextafter(1.0, 0.0), 1), 3);
  // Of the two that are left at 0.7, the first has two thirds.
  EXPECT_EQ(at(0.66, 0.7), 2);
  EXPECT_EQ(at(0.67, 0.7), 0);
  EXPECT_EQ(at(std::nextafter(1.0, 0.0), 0.7), 0);
}

TEST(sampling, frequencies_are_the_probabilities) {
  const radlads::random_stream numbers{11, 0};
  constexpr int draws = 40000;
  std::array<int, 4> counts{};
  for (std::uint64_t i = 0; i < draws; ++i) {
    const auto id = radlads::models::sample(view_of(halves), {0.5, 1}, numbers.uniform(i));
    ++counts[static_cast<std::size_t>(id)];
  }
  // Five standard deviations of a binomial share are below 0.0125.
  EXPECT_NEAR(counts[0] / static_cast<double>(draws), 4.0 / 22, 0.0125);
  EXPECT_NEAR(counts[1] / static_cast<double>(draws), 1.0 / 22, 0.0125);
  EXPECT_NEAR(counts[2] / static_cast<double>(draws), 16.0 / 22, 0.0125);
}

TEST(sampling, temperature_nought_takes_the_likeliest_whatever_the_number) {
  for (const double uniform : {0.0, 0.5, 0.999}) {
    EXPECT_EQ(radlads::models::sample(view_of(halves), {0, 0.1}, uniform), 2);
  }
}

TEST(sampling, options_out_of_range_name_the_value) {
  const auto message = [](const sampling_options& o) {
    try {
      radlads::models::check(o);
    } catch (const radlads::error& problem) {
      return std::string(problem.what());
    }
    return std::string();
  };
  EXPECT_EQ(message({-0.5, 1}), "sampling: the temperature is -0.5, expected 0 or more");
  EXPECT_EQ(message({1, 0}), "sampling: top_p is 0, expected more than 0 and at most 1");
  EXPECT_EQ(message({1, 1.5}), "sampling: top_p is 1.5, expected more than 0 and at most 1");
  EXPECT_NE(message({std::numeric_limits<double>::quiet_NaN(), 1}), "");
  EXPECT_EQ(message({0, 1}), "");
}

}  // namespace sampling_test
