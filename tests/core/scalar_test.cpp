// SPDX-License-Identifier: Apache-2.0
// Storage types bit by bit, against exact arithmetic in double.

#include "radlads/core/scalar.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace scalar_test {

using namespace radlads;

static_assert(std::is_same_v<accumulate_t<bf16>, float>);
static_assert(std::is_same_v<accumulate_t<half>, float>);
static_assert(std::is_same_v<accumulate_t<double>, double>);
static_assert(std::is_same_v<real_t<std::complex<double>>, double>);
static_assert(std::is_same_v<real_t<bf16>, float>);
static_assert(scalar<float> && scalar<bf16> && scalar<std::complex<double>> && !scalar<int>);

template <class S>
S from_bits(std::uint32_t bits) {
  S value;
  value.bits = static_cast<std::uint16_t>(bits);
  return value;
}

/// The number that `bits` stand for, from the definition of the format.
double decoded(std::uint32_t bits, int exponent_bits) {
  const int mantissa_bits = 15 - exponent_bits;
  const int largest = (1 << exponent_bits) - 1, bias = largest / 2;
  const int exponent = static_cast<int>(bits >> mantissa_bits) & largest;
  const double mantissa = std::ldexp(bits & ((1u << mantissa_bits) - 1u), -mantissa_bits);
  const double sign = (bits & 0x8000u) != 0 ? -1 : 1;
  if (exponent == largest) return mantissa == 0 ? sign * INFINITY : NAN;
  if (exponent == 0) return sign * std::ldexp(mantissa, 1 - bias);
  return sign * std::ldexp(1 + mantissa, exponent - bias);
}

template <class S>
constexpr int exponent_bits = std::is_same_v<S, bf16> ? 8 : 5;

template <class S>
class storage : public testing::Test {};
using storage_types = testing::Types<bf16, half>;
TYPED_TEST_SUITE(storage, storage_types);

TYPED_TEST(storage, every_value_converts_and_returns) {
  for (std::uint32_t bits = 0; bits < 65536; ++bits) {
    const auto number = static_cast<float>(from_bits<TypeParam>(bits));
    const double expected = decoded(bits, exponent_bits<TypeParam>);
    if (std::isnan(expected)) {
      ASSERT_TRUE(std::isnan(number)) << bits;
      ASSERT_TRUE(std::isnan(static_cast<float>(TypeParam(number)))) << bits;
    } else {
      ASSERT_EQ(static_cast<double>(number), expected) << bits;
      ASSERT_EQ(std::signbit(number), bits >= 32768) << bits;
      ASSERT_EQ(TypeParam(number).bits, bits);
    }
  }
}

TYPED_TEST(storage, rounds_to_the_nearest_and_ties_to_even) {
  const std::uint32_t infinity = ((1u << exponent_bits<TypeParam>)-1u)
                                 << (15 - exponent_bits<TypeParam>);
  for (std::uint32_t bits = 0; bits + 1 < infinity; ++bits) {
    const double low = decoded(bits, exponent_bits<TypeParam>);
    const double high = decoded(bits + 1, exponent_bits<TypeParam>);
    const auto middle = static_cast<float>((low + high) / 2);
    ASSERT_EQ(static_cast<double>(middle), (low + high) / 2) << "ties are exact in float";
    const std::uint32_t even = bits % 2 == 0 ? bits : bits + 1;
    ASSERT_EQ(TypeParam(middle).bits, even) << bits;
    ASSERT_EQ(TypeParam(std::nextafter(middle, 0.0f)).bits, bits) << bits;
    ASSERT_EQ(TypeParam(std::nextafter(middle, INFINITY)).bits, bits + 1) << bits;
    ASSERT_EQ(TypeParam(-middle).bits, even + 0x8000u) << bits;
  }
}

TEST(scalar_limits, beyond_the_largest_is_infinite) {
  EXPECT_EQ(static_cast<float>(half(65504.0f)), 65504.0f);
  EXPECT_EQ(static_cast<float>(half(65519.996f)), 65504.0f);
  EXPECT_EQ(static_cast<float>(half(65520.0f)), INFINITY);
  EXPECT_EQ(static_cast<float>(half(-1e30f)), -INFINITY);
  EXPECT_EQ(static_cast<float>(half(INFINITY)), INFINITY);
  EXPECT_EQ(static_cast<float>(bf16(std::numeric_limits<float>::max())), INFINITY);
  EXPECT_EQ(static_cast<float>(bf16(-INFINITY)), -INFINITY);
  // A NaN whose upper half alone would read as infinity, and one that rounding would wrap.
  EXPECT_TRUE(std::isnan(static_cast<float>(bf16(std::bit_cast<float>(0x7f800001u)))));
  EXPECT_TRUE(std::isnan(static_cast<float>(bf16(std::bit_cast<float>(0x7fffffffu)))));
  EXPECT_TRUE(std::isnan(static_cast<float>(half(std::bit_cast<float>(0x7f800001u)))));
}

TEST(scalar_limits, comparisons_look_at_the_real_part) {
  using complex = std::complex<double>;
  EXPECT_EQ(real_of(complex(2, 9)), 2.0);
  EXPECT_EQ(real_of(bf16(1.5f)), 1.5f);
  const complex a(1, 1), b(2, 2);
  EXPECT_EQ(select_at_least(complex(3, -9), complex(3), a, b), a);
  EXPECT_EQ(select_at_least(complex(2.9, 9), complex(3), a, b), b);
  EXPECT_EQ(select_at_least(std::nan(""), 0, 1, 2), 2.0);
}

}  // namespace scalar_test
