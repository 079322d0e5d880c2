// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/hash.hpp"
#include "radlads/io/gguf/dequantise.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace radlads::io {
namespace dequantise_test {

/// Random blocks of one type, and FNV-1a of the floats that the Python package gguf 0.19.0 makes of
/// them.
struct published_case {
  block_type type;
  std::uint64_t seed;
  std::vector<std::size_t>
      scales;  // where half-precision numbers lie: their top exponent bit is cleared
  std::uint64_t hash;
};

const std::vector<published_case>& published_cases() {
  static const std::vector<published_case> cases = {
      {block_type::f32, 1u, {2}, 0x322b9cc3db2ae0c6u},
      {block_type::f16, 2u, {0}, 0x2d76ab715b17be55u},
      {block_type::bf16, 31u, {0}, 0x7bbefd4b0b188e98u},
      {block_type::q4_0, 3u, {0}, 0x0ee0e0ddd8b4ef6eu},
      {block_type::q4_1, 4u, {0, 2}, 0x907659cdc0354bb7u},
      {block_type::q5_0, 7u, {0}, 0x71db0d13c89b905cu},
      {block_type::q5_1, 8u, {0, 2}, 0x7ab6ba8f30fd15fdu},
      {block_type::q8_0, 9u, {0}, 0xacd8dfb225d98300u},
      {block_type::q2_k, 11u, {80, 82}, 0x6d173194cb92c16eu},
      {block_type::q3_k, 12u, {108}, 0xcfec90ffadf2c1aau},
      {block_type::q4_k, 13u, {0, 2}, 0x5070bdc96fb3a061u},
      {block_type::q5_k, 14u, {0, 2}, 0x72e60c78706718fau},
      {block_type::q6_k, 15u, {208}, 0x0c549d4b07c49853u},
      {block_type::iq4_nl, 21u, {0}, 0x8b4d70bf7a6eb335u},
      {block_type::iq4_xs, 24u, {0}, 0xba4571557dd4ca82u},
  };
  return cases;
}

constexpr std::size_t block_count = 1000;

std::vector<unsigned char> random_blocks(const published_case& c) {
  const auto size = static_cast<std::size_t>(description_of(c.type).bytes);
  std::vector<unsigned char> bytes(block_count * size);
  std::uint64_t state = c.seed;
  for (unsigned char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<unsigned char>(state >> 56);
  }
  // Keeps scales finite: the bits of a NaN may differ between machines.
  for (std::size_t block = 0; block < block_count; ++block) {
    for (const std::size_t scale : c.scales) bytes[block * size + scale + 1] &= 0xbf;
  }
  return bytes;
}

TEST(dequantise_test, a_thousand_blocks_of_each_type_have_published_bits) {
  ASSERT_EQ(published_cases().size(), block_descriptions.size());
  for (const published_case& c : published_cases()) {
    const std::vector<unsigned char> blocks = random_blocks(c);
    std::vector<float> values(block_count *
                              static_cast<std::size_t>(description_of(c.type).values));
    dequantise(c.type, blocks.data(), static_cast<std::int64_t>(values.size()), values.data());
    const std::string_view bytes(reinterpret_cast<const char*>(values.data()),
                                 values.size() * sizeof(float));
    EXPECT_EQ(fnv1a(bytes), c.hash) << description_of(c.type).name;
  }
}

TEST(dequantise_test, refuses_a_part_of_a_block) {
  const unsigned char block[34] = {};
  float out[32];
  EXPECT_TRUE(test::says(test::error_of([&] { dequantise(block_type::q8_0, block, 31, out); }),
                         {"31 values", "Q8_0 blocks of 32"}));
}

}  // namespace dequantise_test
}  // namespace radlads::io
