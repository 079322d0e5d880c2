// SPDX-License-Identifier: Apache-2.0
// Lanes behave as one scalar: every operation lane by lane, partial loads and stores.

#include "radlads/core/cpu/lanes.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

namespace lanes_test {

using namespace radlads;

template <class T>
class simd_lanes : public testing::Test {
 protected:
  using lanes_t = lanes<T>;
  static constexpr int width = lanes_t::width;

  static std::vector<T> numbers(std::uint64_t seed) {
    const std::vector<double> from = test::random_values(width, seed);
    return {from.begin(), from.end()};
  }

  /// `found` against f(lane) in every lane.
  template <class F>
  static void expect_lanes(const lanes_t& found, const F& f) {
    for (int i = 0; i < width; ++i) {
      const T expected = f(static_cast<std::size_t>(i));
      EXPECT_LE(std::abs(found.value[i] - expected),
                test::order_tolerance<real_t<T>> * (1 + std::abs(expected)))
          << "lane " << i;
    }
  }
};
using scalars = testing::Types<float, double, std::complex<double>>;
TYPED_TEST_SUITE(simd_lanes, scalars);

TYPED_TEST(simd_lanes, arithmetic_is_lane_by_lane) {
  using T = TypeParam;
  using P = lanes<T>;
  const std::vector<T> a = this->numbers(1), b = this->numbers(2);
  const P x = P::load(a.data()), y = P::load(b.data());
  const T s(3);
  using std::exp, std::log, std::sqrt, std::tanh;
  this->expect_lanes(x + y, [&](std::size_t i) { return a[i] + b[i]; });
  this->expect_lanes(x - y, [&](std::size_t i) { return a[i] - b[i]; });
  this->expect_lanes(x * y, [&](std::size_t i) { return a[i] * b[i]; });
  this->expect_lanes(x / y, [&](std::size_t i) { return a[i] / b[i]; });
  this->expect_lanes(-x, [&](std::size_t i) { return -a[i]; });
  this->expect_lanes(x + s, [&](std::size_t i) { return a[i] + s; });
  this->expect_lanes(x - s, [&](std::size_t i) { return a[i] - s; });
  this->expect_lanes(x * s, [&](std::size_t i) { return a[i] * s; });
  this->expect_lanes(x / s, [&](std::size_t i) { return a[i] / s; });
  this->expect_lanes(s + x, [&](std::size_t i) { return s + a[i]; });
  this->expect_lanes(s - x, [&](std::size_t i) { return s - a[i]; });
  this->expect_lanes(s * x, [&](std::size_t i) { return s * a[i]; });
  this->expect_lanes(s / x, [&](std::size_t i) { return s / a[i]; });
  this->expect_lanes(exp(x), [&](std::size_t i) { return exp(a[i]); });
  this->expect_lanes(tanh(x), [&](std::size_t i) { return tanh(a[i]); });
  this->expect_lanes(log(x * x + s), [&](std::size_t i) { return log(a[i] * a[i] + s); });
  this->expect_lanes(sqrt(x * x + s), [&](std::size_t i) { return sqrt(a[i] * a[i] + s); });
  P z = x;
  z += y;
  z *= x;
  z -= y;
  this->expect_lanes(z, [&](std::size_t i) { return (a[i] + b[i]) * a[i] - b[i]; });
  this->expect_lanes(P(s), [&](std::size_t) { return s; });
  T sum(0);
  for (const T& each : a) sum += each;
  EXPECT_LE(std::abs(x.sum() - sum), 1e-5);
}

TYPED_TEST(simd_lanes, selects_lane_by_lane) {
  using T = TypeParam;
  using P = lanes<T>;
  std::vector<T> x = this->numbers(3);
  x[0] = T(0.5);
  x[1] = T(std::numeric_limits<real_t<T>>::quiet_NaN());
  const std::vector<T> a = this->numbers(4), b = this->numbers(5);
  const P found = select_at_least(P::load(x.data()), T(0.5), P::load(a.data()), P::load(b.data()));
  this->expect_lanes(found, [&](std::size_t i) { return std::real(x[i]) >= 0.5 ? a[i] : b[i]; });
  EXPECT_EQ(found.value[0], a[0]) << "a tie takes the first";
  EXPECT_EQ(found.value[1], b[1]) << "not a number takes the second";
}

TYPED_TEST(simd_lanes, partial_loads_and_stores_touch_only_their_count) {
  using T = TypeParam;
  using P = lanes<T>;
  const std::vector<T> a = this->numbers(6);
  for (std::int64_t count = 0; count <= P::width; ++count) {
    const std::vector<T> exact(a.begin(), a.begin() + count);
    const P found = P::load(exact.data(), count, T(9));
    this->expect_lanes(
        found, [&](std::size_t i) { return i < static_cast<std::size_t>(count) ? a[i] : T(9); });
    std::vector<T> to(static_cast<std::size_t>(P::width), T(7));
    found.store(to.data(), count);
    for (std::size_t i = 0; i < to.size(); ++i) {
      EXPECT_EQ(to[i], i < static_cast<std::size_t>(count) ? a[i] : T(7));
    }
  }
}

TEST(lane_functions, memory_need_not_be_aligned) {
  std::vector<float> memory(64);
  for (std::size_t i = 0; i < memory.size(); ++i) memory[i] = static_cast<float>(i);
  for (std::size_t offset = 0; offset < 8; ++offset) {
    const lanes<float> x = lanes<float>::load(memory.data() + offset);
    std::vector<float> to(64);
    x.store(to.data() + offset + 3);
    EXPECT_EQ(to[offset + 3], static_cast<float>(offset));
    EXPECT_EQ(to[offset + 18], static_cast<float>(offset + 15));
  }
}

TEST(lane_functions, special_values) {
  const float infinity = INFINITY, nothing = NAN;
  EXPECT_TRUE(std::isnan(exp(lanes<float>(nothing)).value[3]));
  EXPECT_TRUE(std::isnan(tanh(lanes<float>(nothing)).value[3]));
  EXPECT_TRUE(std::isnan(log(lanes<float>(-1.0f)).value[3]));
  EXPECT_LT(exp(lanes<float>(-infinity)).value[3], 1e-37f);
  EXPECT_EQ(tanh(lanes<float>(50.0f)).value[3], 1.0f);
  EXPECT_EQ(log(lanes<float>(0.0f)).value[3], -infinity);
}

}  // namespace lanes_test
