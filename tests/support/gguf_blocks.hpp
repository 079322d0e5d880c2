// SPDX-License-Identifier: Apache-2.0
#pragma once
// Random blocks of each GGUF type, and what the Python package gguf makes of them.

#include "radlads/io/gguf/block_types.hpp"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads::test {

/// Blocks of one type, and FNV-1a of the floats that the Python package gguf 0.19.0 makes of them.
struct published_blocks {
  io::block_type type;
  std::uint64_t seed;
  std::vector<std::size_t> scales;  ///< where half-precision numbers lie in a block
  std::uint64_t hash;               ///< of random_blocks
  std::uint64_t extreme_hash;       ///< of extreme_blocks
};

inline const std::vector<published_blocks>& published_cases() {
  using io::block_type;
  static const std::vector<published_blocks> cases = {
      {block_type::f32, 1u, {2}, 0x322b9cc3db2ae0c6u, 0x096879a122cbf6f7u},
      {block_type::f16, 2u, {0}, 0x2d76ab715b17be55u, 0x34defd7464916875u},
      {block_type::bf16, 31u, {0}, 0x7bbefd4b0b188e98u, 0x6eed39dc46da2dc5u},
      {block_type::q4_0, 3u, {0}, 0x0ee0e0ddd8b4ef6eu, 0x1d00334f70d9b2c0u},
      {block_type::q4_1, 4u, {0, 2}, 0x907659cdc0354bb7u, 0xc0f4f1e52a0eecd9u},
      {block_type::q5_0, 7u, {0}, 0x71db0d13c89b905cu, 0x21f24edf03105896u},
      {block_type::q5_1, 8u, {0, 2}, 0x7ab6ba8f30fd15fdu, 0x3a95ebe4a0a48dc8u},
      {block_type::q8_0, 9u, {0}, 0xacd8dfb225d98300u, 0x729578c0f3cf5f84u},
      {block_type::q2_k, 11u, {80, 82}, 0x6d173194cb92c16eu, 0x06c346d4b9546725u},
      {block_type::q3_k, 12u, {108}, 0xcfec90ffadf2c1aau, 0xae0d940f06c87d01u},
      {block_type::q4_k, 13u, {0, 2}, 0x5070bdc96fb3a061u, 0xe9af941d91f7caf3u},
      {block_type::q5_k, 14u, {0, 2}, 0x72e60c78706718fau, 0xd0699f964fbc0ae1u},
      {block_type::q6_k, 15u, {208}, 0x0c549d4b07c49853u, 0xe71669c2bd037866u},
      {block_type::iq4_nl, 21u, {0}, 0x8b4d70bf7a6eb335u, 0x033a5a1abd00ba05u},
      {block_type::iq4_xs, 24u, {0}, 0xba4571557dd4ca82u, 0xf999c044ffe32c61u},
  };
  return cases;
}

inline constexpr std::size_t published_count = 1000;  ///< blocks of each type

inline std::vector<unsigned char> random_blocks(const published_blocks& c) {
  const auto size = static_cast<std::size_t>(io::description_of(c.type).bytes);
  std::vector<unsigned char> bytes(published_count * size);
  std::uint64_t state = c.seed;
  for (unsigned char& byte : bytes) {
    state = state * 6364136223846793005u + 1442695040888963407u;
    byte = static_cast<unsigned char>(state >> 56);
  }
  // Keeps scales finite: the bits of a NaN may differ between machines.
  for (std::size_t block = 0; block < published_count; ++block) {
    for (const std::size_t scale : c.scales) bytes[block * size + scale + 1] &= 0xbf;
  }
  return bytes;
}

/// The same blocks with scales at the ends of half precision: the largest, the smallest normal,
/// subnormal ones and zeros, of both signs, in all pairs.
inline std::vector<unsigned char> extreme_blocks(const published_blocks& c) {
  constexpr std::uint32_t ends[] = {0x7bff, 0xfbff, 0x0400, 0x8400, 0x03ff,
                                    0x83ff, 0x0001, 0x8001, 0x0000, 0x8000};
  constexpr std::size_t count = sizeof(ends) / sizeof(ends[0]);
  const auto size = static_cast<std::size_t>(io::description_of(c.type).bytes);
  std::vector<unsigned char> bytes = random_blocks(c);
  for (std::size_t block = 0; block < published_count; ++block) {
    std::size_t choice = block;
    for (const std::size_t scale : c.scales) {
      const std::uint32_t bits = ends[choice % count];
      bytes[block * size + scale] = static_cast<unsigned char>(bits & 255);
      bytes[block * size + scale + 1] = static_cast<unsigned char>(bits >> 8);
      choice /= count;
    }
  }
  return bytes;
}

}  // namespace radlads::test
