// SPDX-License-Identifier: Apache-2.0
#pragma once
// Blocks of quantised numbers to float, one function for each type, for the host and for CUDA. A
// scale in half precision has 11 bits and the integers beside it at most 13 together, so every
// product here is exact: with or without fused multiply-add, on either side, the bits are the same.

#include "radlads/core/config.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/io/gguf/block_types.hpp"

#include <bit>
#include <cstdint>

namespace radlads::io {

/// Bytes of a block, of any alignment.
using block_bytes = const unsigned char*;

RADLADS_HOST_DEVICE inline std::uint32_t bits_16(block_bytes from) {
  return static_cast<std::uint32_t>(from[0]) | static_cast<std::uint32_t>(from[1]) << 8;
}
RADLADS_HOST_DEVICE inline std::uint32_t bits_32(block_bytes from) {
  return bits_16(from) | bits_16(from + 2) << 16;
}

RADLADS_HOST_DEVICE inline float half_at(block_bytes from) {
  half value;
  value.bits = static_cast<std::uint16_t>(bits_16(from));
  return static_cast<float>(value);
}

RADLADS_HOST_DEVICE inline int signed_byte(unsigned char byte) {
  return byte < 128 ? static_cast<int>(byte) : static_cast<int>(byte) - 256;
}

/// The 16 values of the IQ4 types.
RADLADS_HOST_DEVICE inline float iq4_value(int index) {
  constexpr signed char table[16] = {-127, -104, -83, -65, -49, -35, -22, -10,
                                     1,    13,   25,  38,  53,  69,  89,  113};
  return static_cast<float>(table[index]);
}

/// Value `i` of 32 four-bit numbers in 16 bytes: low halves first.
RADLADS_HOST_DEVICE inline int nibble(block_bytes bytes, int i) {
  return i < 16 ? bytes[i] & 15 : bytes[i - 16] >> 4;
}

RADLADS_HOST_DEVICE inline void dequantise_q4_0(block_bytes block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(nibble(block + 2, i) - 8) * d;
}

RADLADS_HOST_DEVICE inline void dequantise_q4_1(block_bytes block, float* out) {
  const float d = half_at(block), m = half_at(block + 2);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(nibble(block + 4, i)) * d + m;
}

/// Value `i` of 32 five-bit numbers: the fifth bits are in one word.
RADLADS_HOST_DEVICE inline int five_bits(block_bytes nibbles, std::uint32_t high, int i) {
  return nibble(nibbles, i) | static_cast<int>(high >> i & 1u) << 4;
}

RADLADS_HOST_DEVICE inline void dequantise_q5_0(block_bytes block, float* out) {
  const float d = half_at(block);
  const std::uint32_t high = bits_32(block + 2);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(five_bits(block + 6, high, i) - 16) * d;
}

RADLADS_HOST_DEVICE inline void dequantise_q5_1(block_bytes block, float* out) {
  const float d = half_at(block), m = half_at(block + 2);
  const std::uint32_t high = bits_32(block + 4);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(five_bits(block + 8, high, i)) * d + m;
}

RADLADS_HOST_DEVICE inline void dequantise_q8_0(block_bytes block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i) out[i] = static_cast<float>(signed_byte(block[2 + i])) * d;
}

RADLADS_HOST_DEVICE inline void dequantise_iq4_nl(block_bytes block, float* out) {
  const float d = half_at(block);
  for (int i = 0; i < 32; ++i) out[i] = d * iq4_value(nibble(block + 2, i));
}

/// 16 groups of 16 values of two bits: scales and minima of four bits.
RADLADS_HOST_DEVICE inline void dequantise_q2_k(block_bytes block, float* out) {
  const block_bytes scales = block, quants = block + 16;
  const float d = half_at(block + 80), minimum = half_at(block + 82);
  for (int i = 0; i < 256; ++i) {
    const int half_block = i / 128, shift = i % 128 / 32 * 2, scale = scales[i / 16];
    const int q = quants[half_block * 32 + i % 32] >> shift & 3;
    const float product = d * static_cast<float>(scale & 15) * static_cast<float>(q);
    out[i] = product - minimum * static_cast<float>(scale >> 4);
  }
}

/// Scale `group` of the 16 of six bits: four low bits in bytes 0 to 7, two high ones in bytes 8
/// to 11.
RADLADS_HOST_DEVICE inline int q3_scale(block_bytes scales, int group) {
  const int low = group < 8 ? scales[group] & 15 : scales[group - 8] >> 4;
  return low | (scales[8 + group % 4] >> (group / 4 * 2) & 3) << 4;
}

RADLADS_HOST_DEVICE inline void dequantise_q3_k(block_bytes block, float* out) {
  const block_bytes high = block, quants = block + 32, scales = block + 96;
  const float d = half_at(block + 108);
  for (int i = 0; i < 256; ++i) {
    const int half_block = i / 128, part = i % 128 / 32;
    const int low = quants[half_block * 32 + i % 32] >> (part * 2) & 3;
    const bool has_high = (high[i % 32] >> (half_block * 4 + part) & 1) != 0;
    out[i] = d * static_cast<float>(q3_scale(scales, i / 16) - 32) *
             static_cast<float>(low - (has_high ? 0 : 4));
  }
}

struct scale_and_minimum {
  float scale, minimum;
};

/// Six-bit scale and minimum of group `j` of eight, packed in twelve bytes.
RADLADS_HOST_DEVICE inline scale_and_minimum q4_scale(block_bytes s, int j) {
  if (j < 4) return {static_cast<float>(s[j] & 63), static_cast<float>(s[j + 4] & 63)};
  return {static_cast<float>((s[j + 4] & 15) | (s[j - 4] >> 6) << 4),
          static_cast<float>((s[j + 4] >> 4) | (s[j] >> 6) << 4)};
}

RADLADS_HOST_DEVICE inline void dequantise_q4_k(block_bytes block, float* out) {
  const float d = half_at(block), minimum = half_at(block + 2);
  const block_bytes quants = block + 16;
  for (int group = 0; group < 8; ++group) {
    const scale_and_minimum s = q4_scale(block + 4, group);
    const float scale = d * s.scale, offset = minimum * s.minimum;
    for (int i = 0; i < 32; ++i) {
      const int q = quants[group / 2 * 32 + i] >> (group % 2 * 4) & 15;
      out[group * 32 + i] = scale * static_cast<float>(q) - offset;
    }
  }
}

RADLADS_HOST_DEVICE inline void dequantise_q5_k(block_bytes block, float* out) {
  const float d = half_at(block), minimum = half_at(block + 2);
  const block_bytes high = block + 16, quants = block + 48;
  for (int group = 0; group < 8; ++group) {
    const scale_and_minimum s = q4_scale(block + 4, group);
    const float scale = d * s.scale, offset = minimum * s.minimum;
    for (int i = 0; i < 32; ++i) {
      const int q = (quants[group / 2 * 32 + i] >> (group % 2 * 4) & 15) | (high[i] >> group & 1)
                                                                               << 4;
      out[group * 32 + i] = scale * static_cast<float>(q) - offset;
    }
  }
}

RADLADS_HOST_DEVICE inline void dequantise_q6_k(block_bytes block, float* out) {
  const block_bytes low = block, high = block + 128, scales = block + 192;
  const float d = half_at(block + 208);
  for (int i = 0; i < 256; ++i) {
    const int half_block = i / 128, part = i % 128 / 32, place = i % 32;
    const int nibbles = low[half_block * 64 + part % 2 * 32 + place] >> (part / 2 * 4) & 15;
    const int q = nibbles | (high[half_block * 32 + place] >> (part * 2) & 3) << 4;
    out[i] = d * static_cast<float>(signed_byte(scales[i / 16])) * static_cast<float>(q - 32);
  }
}

RADLADS_HOST_DEVICE inline void dequantise_iq4_xs(block_bytes block, float* out) {
  const float d = half_at(block);
  const std::uint32_t high = bits_16(block + 2);
  for (int group = 0; group < 8; ++group) {
    const int low = block[4 + group / 2] >> (group % 2 * 4) & 15;
    const int scale = low | static_cast<int>(high >> (2 * group) & 3u) << 4;
    const float factor = d * static_cast<float>(scale - 32);
    const block_bytes quants = block + 8 + group * 16;
    for (int i = 0; i < 32; ++i) out[group * 32 + i] = factor * iq4_value(nibble(quants, i));
  }
}

/// Writes the values of one block to `out`.
RADLADS_HOST_DEVICE inline void dequantise_block(block_type type, block_bytes block, float* out) {
  switch (type) {
    case block_type::f32:
      *out = std::bit_cast<float>(bits_32(block));
      return;
    case block_type::f16:
      *out = half_at(block);
      return;
    case block_type::bf16:
      *out = std::bit_cast<float>(bits_16(block) << 16);
      return;
    case block_type::q4_0:
      return dequantise_q4_0(block, out);
    case block_type::q4_1:
      return dequantise_q4_1(block, out);
    case block_type::q5_0:
      return dequantise_q5_0(block, out);
    case block_type::q5_1:
      return dequantise_q5_1(block, out);
    case block_type::q8_0:
      return dequantise_q8_0(block, out);
    case block_type::q2_k:
      return dequantise_q2_k(block, out);
    case block_type::q3_k:
      return dequantise_q3_k(block, out);
    case block_type::q4_k:
      return dequantise_q4_k(block, out);
    case block_type::q5_k:
      return dequantise_q5_k(block, out);
    case block_type::q6_k:
      return dequantise_q6_k(block, out);
    case block_type::iq4_nl:
      return dequantise_iq4_nl(block, out);
    case block_type::iq4_xs:
      return dequantise_iq4_xs(block, out);
  }
}

/// Writes `count` values, a whole number of blocks, to `out`.
inline void dequantise(block_type type, block_bytes blocks, std::int64_t count, float* out) {
  const block_description& size = description_of(type);
  require(count % size.values == 0, "dequantise: ", count, " values are not a whole number of ",
          size.name, " blocks of ", size.values);
  for (std::int64_t i = 0; i < count / size.values; ++i) {
    dequantise_block(type, blocks + i * size.bytes, out + i * size.values);
  }
}

}  // namespace radlads::io
