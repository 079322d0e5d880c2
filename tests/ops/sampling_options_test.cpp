// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/sampling_options.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <limits>

namespace radlads::test {
namespace sampling_options_test {

using ops::sampling_options;

TEST(sampling_options, values_out_of_range_are_named) {
  const auto refusal = [](const sampling_options& o) { return error_of([&] { ops::check(o); }); };
  EXPECT_EQ(refusal({.temperature = -0.5}),
            "sampling: the temperature is -0.5, expected 0 or more");
  EXPECT_EQ(refusal({.top_k = -1}),
            "sampling: top_k is -1, expected a number of tokens, or 0 for all");
  EXPECT_EQ(refusal({.top_p = 0}), "sampling: top_p is 0, expected more than 0 and at most 1");
  EXPECT_EQ(refusal({.top_p = 1.5}), "sampling: top_p is 1.5, expected more than 0 and at most 1");
  EXPECT_EQ(refusal({.min_p = -0.1}), "sampling: min_p is -0.1, expected 0 to 1");
  EXPECT_EQ(refusal({.min_p = 1.1}), "sampling: min_p is 1.1, expected 0 to 1");
  EXPECT_EQ(refusal({.repetition_penalty = 0}),
            "sampling: the repetition penalty is 0, expected more than 0");
}

TEST(sampling_options, nan_is_refused) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(ops::check({.temperature = nan}), error);
  EXPECT_THROW(ops::check({.top_p = nan}), error);
  EXPECT_THROW(ops::check({.min_p = nan}), error);
  EXPECT_THROW(ops::check({.repetition_penalty = nan}), error);
}

TEST(sampling_options, ends_of_ranges_are_accepted) {
  EXPECT_NO_THROW(ops::check({}));
  EXPECT_NO_THROW(ops::check({.temperature = 0, .top_k = 1, .top_p = 1, .min_p = 1}));
  EXPECT_NO_THROW(ops::check({.top_p = 1e-300, .repetition_penalty = 1e-3}));
}

}  // namespace sampling_options_test
}  // namespace radlads::test
