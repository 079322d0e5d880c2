// SPDX-License-Identifier: Apache-2.0
#pragma once
// Inputs of the published test vectors (six tokens, four channels, one head) and the comparison
// with their eight decimals.

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <numeric>
#include <vector>

namespace radlads::test {

/// sin(alpha + beta t + gamma j), t = 0..5, j = 0..3.
inline std::vector<double> published_wave(double alpha, double beta, double gamma) {
  std::vector<double> values;
  for (int t = 0; t < 6; ++t) {
    for (int j = 0; j < 4; ++j) values.push_back(std::sin(alpha + beta * t + gamma * j));
  }
  return values;
}

inline std::vector<double> token(const std::vector<double>& rows, std::size_t t) {
  return {rows.begin() + static_cast<std::ptrdiff_t>(4 * t),
          rows.begin() + static_cast<std::ptrdiff_t>(4 * t + 4)};
}

/// A row of the published value x key state out of ours, which is key x value.
inline std::vector<double> column(const std::vector<double>& state, std::size_t i) {
  return {state[i], state[4 + i], state[8 + i], state[12 + i]};
}

inline double total(const std::vector<double>& values) {
  return std::accumulate(values.begin(), values.end(), 0.0);
}

/// Half a unit of the eighth decimal, and a little for rounding.
inline void expect_published(const std::vector<double>& found, const std::vector<double>& printed) {
  ASSERT_EQ(found.size(), printed.size());
  for (std::size_t i = 0; i < found.size(); ++i) {
    EXPECT_NEAR(found[i], printed[i], 0.51e-8) << "at " << i;
  }
}

}  // namespace radlads::test
