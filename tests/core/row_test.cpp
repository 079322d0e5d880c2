// SPDX-License-Identifier: Apache-2.0
// Sums over a row of state, for scalars and lanes.

#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/row.hpp"
#include "support/gradient_check.hpp"

#include <gtest/gtest.h>

#include <complex>
#include <vector>

namespace row_test {

using namespace radlads;

template <int K>
void check_dot() {
  const std::vector<double> a = test::random_values(K, 1), b = test::random_values(K, 2);
  double s[K];
  test::complex c[K];
  lanes<double> in_lanes[K];
  long double expected = 0;
  for (int j = 0; j < K; ++j) {
    const auto i = static_cast<std::size_t>(j);
    s[j] = a[i];
    c[j] = test::complex(a[i], 2 * a[i]);
    for (int lane = 0; lane < lanes<double>::width; ++lane) in_lanes[j].value[lane] = a[i] * lane;
    expected += static_cast<long double>(a[i]) * b[i];
  }
  const auto sum = static_cast<double>(expected);
  EXPECT_NEAR(dot<K>(s, b), sum, 1e-13);
  EXPECT_NEAR(dot<K>(c, b).imag(), 2 * sum, 1e-13);
  const lanes<double> lane_sums = dot<K>(in_lanes, b);
  for (int lane = 0; lane < lanes<double>::width; ++lane) {
    EXPECT_NEAR(lane_sums.value[lane], sum * lane, 1e-12);
  }
}

TEST(row, dot_sums_every_entry_once) {
  check_dot<4>();
  check_dot<8>();
  check_dot<20>();
  check_dot<64>();
}

}  // namespace row_test
