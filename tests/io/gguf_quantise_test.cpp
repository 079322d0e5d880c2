// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/hash.hpp"
#include "radlads/io/gguf/dequantise.hpp"
#include "radlads/io/gguf/quantise.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {
namespace quantise_test {

/// 1,000 blocks of 32 with signs and mantissas of random bits and exponents from -10 to 5.
std::vector<float> random_values() {
  std::vector<float> values(32000);
  std::uint64_t state = 77;
  for (float& value : values) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    const auto bits = static_cast<std::uint32_t>(state >> 32);
    value = std::bit_cast<float>((bits & 0x807fffffu) | ((bits >> 23 & 15u) + 117u) << 23);
  }
  return values;
}

/// One block for each formula in i of 32.
template <class... F>
std::vector<float> rows(const F&... formula) {
  std::vector<float> values;
  const auto add = [&](const auto& f) {
    for (int i = 0; i < 32; ++i) values.push_back(static_cast<float>(f(i)));
  };
  (add(formula), ...);
  return values;
}

/// Zeros of both signs, ties, equal magnitudes of both signs, scales that are subnormal or zero as
/// a half, the largest halves.
std::vector<float> nasty_values() {
  const auto sign = [](int i) { return i % 2 == 0 ? 1.0 : -1.0; };
  return rows([](int) { return 0.0; }, [](int) { return -0.0; },
              [](int i) { return i == 3   ? -0.0
                                 : i == 5 ? 1.0
                                          : 0.0; },
              [](int i) { return (i - 16) * 0.5; },
              [&](int i) { return i == 0 ? 127.0 : 127 + sign(i) * 0.5 * i; },
              [](int i) { return i == 7   ? -16.0
                                 : i == 8 ? 16.0
                                          : i - 15.5; },
              [](int i) { return i == 7   ? 16.0
                                 : i == 8 ? -16.0
                                          : i - 15.5; },
              [](int) { return 5e-8; }, [](int i) { return i * 1e-9; },
              [](int i) { return i * 0x1p-24; }, [](int i) { return (i - 9) * 0x1p-126; },
              [&](int i) { return 60000.0 * sign(i) * i / 32; },
              [](int i) { return i < 16 ? 65504.0 : -65504.0; },
              [](int i) { return 1 + 0x1p-11 * i; }, [](int i) { return 1 + 0x1p-8 * i + 0x1p-9; });
}

std::vector<unsigned char> quantised(block_type type, const std::vector<float>& values) {
  const block_description& size = description_of(type);
  const auto count = static_cast<std::int64_t>(values.size());
  std::vector<unsigned char> bytes(static_cast<std::size_t>(count / size.values * size.bytes));
  quantise(type, values.data(), count, bytes.data(), "t");
  return bytes;
}

std::uint64_t hash_of(const std::vector<unsigned char>& bytes) {
  return fnv1a(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
}

/// FNV-1a of the bytes that the Python package gguf 0.19.0 makes of both.
struct published_case {
  block_type type;
  std::uint64_t random, nasty;
};

TEST(quantise_test, bytes_are_those_of_the_gguf_package) {
  const std::vector<published_case> cases{
      {block_type::f32, 0x5eee7852f8660f6au, 0x85bfd89877ce2a51u},
      {block_type::f16, 0x2997e1dc02301fa0u, 0xc9ba58d6c1a294bdu},
      {block_type::bf16, 0x3a0264980f824c3u, 0x613647d15c877b2du},
      {block_type::q8_0, 0xa647721953790f1u, 0x52761cf5b96d5b8bu},
      {block_type::q4_0, 0x57c393237e710f54u, 0xe6aca0f2daeeb53fu},
  };
  for (const published_case& c : cases) {
    EXPECT_EQ(hash_of(quantised(c.type, random_values())), c.random) << description_of(c.type).name;
    EXPECT_EQ(hash_of(quantised(c.type, nasty_values())), c.nasty) << description_of(c.type).name;
  }
}

TEST(quantise_test, blocks_of_the_smallest_floats_become_zero) {
  // Their scale has no finite inverse; as a half it is zero.
  const std::vector<float> values = rows([](int i) { return 1e-40 * (i - 5); });
  for (const block_type type : {block_type::q8_0, block_type::q4_0}) {
    float back[32];
    dequantise(type, quantised(type, values).data(), 32, back);
    for (const float value : back) EXPECT_EQ(value, 0) << description_of(type).name;
  }
}

TEST(quantise_test, values_come_back_within_half_a_step) {
  const std::vector<float> values = random_values();
  const auto worst = [&](block_type type, double step) {
    const std::vector<unsigned char> bytes = quantised(type, values);
    std::vector<float> back(values.size());
    dequantise(type, bytes.data(), 32000, back.data());
    double largest = 0;
    for (std::size_t block = 0; block < 1000; ++block) {
      float scale = 0, error = 0;
      for (std::size_t i = 32 * block; i < 32 * block + 32; ++i) {
        scale = std::max(scale, std::abs(values[i]));
        error = std::max(error, std::abs(values[i] - back[i]));
      }
      largest = std::max(largest, static_cast<double>(error) / (scale * step));
    }
    return largest;
  };
  // In steps; a half has 11 bits, so the scale is off by at most 2^-11 of the largest value. Q4_0
  // has no eighth step on the side that the extreme value is not on.
  EXPECT_LE(worst(block_type::q8_0, 1.0 / 127), 0.5 + 127.0 / 2048);
  EXPECT_LE(worst(block_type::q4_0, 1.0 / 8), 1.0 + 8.0 / 2048);
  EXPECT_LE(worst(block_type::f16, 0x1p-11), 1);
  EXPECT_LE(worst(block_type::bf16, 0x1p-8), 1);
  EXPECT_EQ(worst(block_type::f32, 1), 0);
}

TEST(quantise_test, refuses_what_no_block_holds) {
  const auto refusal = [](block_type type, float value) {
    std::vector<float> values(32, 1.0f);
    values[9] = value;
    return test::error_of([&] { quantised(type, values); });
  };
  const float infinity = std::numeric_limits<float>::infinity();
  for (const block_type type :
       {block_type::f32, block_type::f16, block_type::bf16, block_type::q8_0, block_type::q4_0}) {
    EXPECT_TRUE(test::says(refusal(type, infinity), {"t: value 9 is inf", "finite"}));
    EXPECT_TRUE(test::says(refusal(type, std::nanf("")), {"t: value 9 is nan"}));
  }
  EXPECT_TRUE(test::says(refusal(block_type::f16, 65520.0f), {"t", "too large for F16"}));
  EXPECT_TRUE(test::says(refusal(block_type::q8_0, 1e7f), {"too large for Q8_0"}));
  EXPECT_TRUE(test::says(refusal(block_type::q4_0, 1e6f), {"too large for Q4_0"}));
  EXPECT_TRUE(test::says(refusal(block_type::bf16, 3.4e38f), {"too large for BF16"}));
  EXPECT_TRUE(test::says(refusal(block_type::q4_k, 1), {"Q4_K cannot be written"}));
  unsigned char out[34];
  EXPECT_TRUE(test::says(test::error_of([&] { quantise(block_type::q8_0, nullptr, 31, out, "t"); }),
                         {"31 values", "Q8_0 blocks of 32"}));
}

TEST(quantise_test, types_go_by_their_names) {
  EXPECT_EQ(find_writable("q8_0"), block_type::q8_0);
  EXPECT_EQ(find_writable("f32"), block_type::f32);
  EXPECT_EQ(find_writable("q4_k"), std::nullopt);
  EXPECT_EQ(find_writable(""), std::nullopt);
}

}  // namespace quantise_test
}  // namespace radlads::io
