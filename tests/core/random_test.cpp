// SPDX-License-Identifier: Apache-2.0
// Philox against the known answers of Random123, and the moments of what is made of it.

#include "radlads/core/random.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstdint>
#include <set>

namespace random_test {

using namespace radlads;
using words = std::array<std::uint32_t, 4>;

TEST(random, philox_gives_the_known_answers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  const std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  // Digits of pi.
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(random, every_bit_of_the_address_counts) {
  const random_stream source{5, 6};
  std::set<words> seen = {source.words(7)};
  for (int bit = 0; bit < 64; ++bit) {
    const std::uint64_t flip = std::uint64_t{1} << bit;
    seen.insert(random_stream{5 ^ flip, 6}.words(7));
    seen.insert(random_stream{5, 6 ^ flip}.words(7));
    seen.insert(source.words(7 ^ flip));
  }
  EXPECT_EQ(seen.size(), 193u);
}

TEST(random, uniform_fills_the_unit_interval) {
  const random_stream source{1, 2};
  const int count = 200000;
  std::array<int, 10> bins{};
  double mean = 0;
  for (int i = 0; i < count; ++i) {
    const double u = source.uniform(static_cast<std::uint64_t>(i));
    ASSERT_GE(u, 0.0);
    ASSERT_LT(u, 1.0);
    mean += u / count;
    ++bins[static_cast<std::size_t>(u * 10)];
  }
  // Five standard errors.
  EXPECT_NEAR(mean, 0.5, 5 * std::sqrt(1.0 / 12 / count));
  for (const int bin : bins) EXPECT_NEAR(bin, 0.1 * count, 5 * std::sqrt(0.09 * count));
}

TEST(random, normal_has_the_moments_of_a_normal) {
  const random_stream source{3, 4};
  const int count = 200000;
  double first = 0, second = 0, third = 0, fourth = 0;
  for (int i = 0; i < count; ++i) {
    const double x = source.normal(static_cast<std::uint64_t>(i));
    ASSERT_TRUE(std::isfinite(x));
    first += x / count;
    second += x * x / count;
    third += x * x * x / count;
    fourth += x * x * x * x / count;
  }
  // Five standard errors: the variances of x^k are 1, 2, 15 and 96.
  EXPECT_NEAR(first, 0, 5 * std::sqrt(1.0 / count));
  EXPECT_NEAR(second, 1, 5 * std::sqrt(2.0 / count));
  EXPECT_NEAR(third, 0, 5 * std::sqrt(15.0 / count));
  EXPECT_NEAR(fourth, 3, 5 * std::sqrt(96.0 / count));
}

TEST(random, names_have_the_fnv_hash_as_stream) {
  // Published test values of the 64-bit FNV-1a hash.
  EXPECT_EQ(stream_of(""), 0xcbf29ce484222325u);
  EXPECT_EQ(stream_of("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(stream_of("foobar"), 0x85944171f73967e8u);
}

}  // namespace random_test
