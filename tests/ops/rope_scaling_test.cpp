// SPDX-License-Identifier: Apache-2.0
// Frequencies against those that transformers 5.24 computes in float32 from the same settings.
#include "radlads/ops/rope_scaling.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>
#include <vector>

namespace radlads::test {
namespace rope_scaling_test {

using kind = ops::rope_scaling_kind;

/// Of heads of 32 with base 500,000: what Llama 3.1 8B and Llama 3.2 1B ask for, and a linear one.
struct known_frequencies {
  ops::rope_scaling scaling;
  std::vector<double> expected;
};
const std::vector<known_frequencies> known{
    {{kind::llama3, 8, 1, 4, 8192},
     {1.0, 0.4403666, 0.1939228, 0.0853971, 0.03760603, 0.01656044, 0.007292665, 0.003211446,
      0.000524846, 7.784655e-05, 3.428102e-05, 1.509622e-05, 6.64787e-06, 2.9275e-06, 1.289173e-06,
      5.677088e-07}},
    {{kind::llama3, 32, 1, 4, 8192},
     {1.0, 0.4403666, 0.1939228, 0.0853971, 0.03760603, 0.01656044, 0.007292665, 0.003211446,
      0.0004295567, 1.946164e-05, 8.570256e-06, 3.774054e-06, 1.661967e-06, 7.318749e-07,
      3.222933e-07, 1.419272e-07}},
    {{kind::linear, 4},
     {0.25, 0.1100917, 0.04848069, 0.02134928, 0.009401508, 0.00414011, 0.001823166, 0.0008028615,
      0.0003535534, 0.0001556931, 6.856205e-05, 3.019244e-05, 1.329574e-05, 5.854999e-06,
      2.578346e-06, 1.135418e-06}},
};

TEST(rope_scaling, lowers_frequencies_as_transformers_does) {
  for (const auto& [scaling, expected] : known) {
    for (std::size_t i = 0; i < expected.size(); ++i) {
      const double frequency = std::pow(5e5, -static_cast<double>(i) / 16);
      EXPECT_NEAR(scaling.scaled(frequency) / expected[i], 1, 1e-6) << i;
      EXPECT_EQ(ops::rope_scaling().scaled(frequency), frequency);
    }
  }
}

TEST(rope_scaling, refuses_factors_that_give_no_frequencies) {
  const auto complaint = [](double base, const ops::rope_scaling& scaling) {
    return error_of([&] { ops::check({base, scaling}); });
  };
  const double infinite = std::numeric_limits<double>::infinity();
  EXPECT_NO_THROW(ops::check({1e4, {kind::llama3, 8, 1, 4, 8192}}));
  EXPECT_EQ(complaint(0, {}), "rope: the base is 0, expected a positive number");
  EXPECT_EQ(complaint(infinite, {}), "rope: the base is inf, expected a positive number");
  EXPECT_EQ(complaint(10, {kind::linear, -2}),
            "rope: the scaling factor is -2, expected a positive number");
  EXPECT_EQ(complaint(10, {kind::llama3, 8, 4, 4, 8192}),
            "rope: the frequency factors of llama3 are 4 and 4, expected two positive numbers, the "
            "first below the second");
  EXPECT_EQ(complaint(10, {kind::llama3, 8, 1, 4, 0}),
            "rope: the original context of llama3 is 0, expected a positive number");
}

}  // namespace rope_scaling_test
}  // namespace radlads::test
