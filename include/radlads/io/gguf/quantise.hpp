// SPDX-License-Identifier: Apache-2.0
#pragma once
// Floats to the blocks of GGUF types that can be written: F32, F16, BF16, Q8_0, Q4_0. The bytes are
// those of the quantiser in the Python package gguf; each product is rounded by itself, so that
// no compiler fuses it with the sum behind it.

#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/io/gguf/block_types.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

namespace radlads::io {

/// Whether quantise can write a type.
inline bool is_writable(block_type type) {
  return type == block_type::f32 || type == block_type::f16 || type == block_type::bf16 ||
         type == block_type::q8_0 || type == block_type::q4_0;
}

/// The writable type of that name in small letters, such as "q8_0", or nothing.
inline std::optional<block_type> find_writable(std::string_view name) {
  for (const block_description& each : block_descriptions) {
    const bool is_same = std::ranges::equal(each.name, name, {}, [](char c) {
      return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 'a' - 'A') : c;
    });
    if (is_same && is_writable(each.type)) return each.type;
  }
  return std::nullopt;
}

namespace detail {

inline void put_bits(std::uint16_t bits, unsigned char* out) {
  std::memcpy(out, &bits, sizeof bits);
}

/// A half that is finite where the float is, else nothing.
inline std::optional<std::uint16_t> finite_half(float value) {
  const half narrow(value);
  if (!std::isfinite(static_cast<float>(narrow))) return std::nullopt;
  return narrow.bits;
}

/// The float that a product rounds to.
inline float rounded_product(float a, float b) {
  return static_cast<float>(static_cast<double>(a) * static_cast<double>(b));
}

/// 1 / d; zero for the scale of a block of zeros. The scale of a block of the smallest numbers has
/// no finite inverse; it is zero as a half, so that all its integers mean zero.
inline float inverse_scale(float d) {
  const float inverse = d == 0 ? 0.0f : 1.0f / d;
  return std::isfinite(inverse) ? inverse : 0.0f;
}

/// 32 values: a scale, and integers that are the values over the scale, halves away from zero.
inline bool quantise_q8_0(const float* values, unsigned char* out) {
  float largest = 0;
  for (int i = 0; i < 32; ++i) largest = std::max(largest, std::abs(values[i]));
  const float d = largest / 127.0f, inverse = inverse_scale(d);
  const auto bits = finite_half(d);
  if (!bits) return false;
  put_bits(*bits, out);
  for (int i = 0; i < 32; ++i) {
    const float q = std::round(rounded_product(values[i], inverse));
    out[2 + i] = static_cast<unsigned char>(static_cast<signed char>(q));
  }
  return true;
}

/// 32 values: the first value of largest magnitude becomes -8 scales, and the others follow.
inline bool quantise_q4_0(const float* values, unsigned char* out) {
  float extreme = values[0];
  for (int i = 1; i < 32; ++i) {
    if (std::abs(values[i]) > std::abs(extreme)) extreme = values[i];
  }
  const float d = extreme / -8.0f, inverse = inverse_scale(d);
  const auto bits = finite_half(d);
  if (!bits) return false;
  put_bits(*bits, out);
  const auto quant = [&](int i) {
    const float q = rounded_product(values[i], inverse) + 8.5f;
    return std::min(static_cast<int>(q), 15);
  };
  for (int i = 0; i < 16; ++i)
    out[2 + i] = static_cast<unsigned char>(quant(i) | quant(i + 16) << 4);
  return true;
}

inline bool quantise_block(block_type type, const float* values, unsigned char* out) {
  if (type == block_type::q8_0) return quantise_q8_0(values, out);
  if (type == block_type::q4_0) return quantise_q4_0(values, out);
  if (type == block_type::f32) {
    std::memcpy(out, values, sizeof(float));
    return true;
  }
  if (type == block_type::f16) {
    const auto bits = finite_half(*values);
    if (bits) put_bits(*bits, out);
    return bits.has_value();
  }
  const bf16 narrow(*values);
  put_bits(narrow.bits, out);
  return std::isfinite(static_cast<float>(narrow));
}

}  // namespace detail

/// Writes `count` values, a whole number of blocks, to `out` as blocks of a writable type. Throws
/// naming `what`, the place and the value when a number is not finite, or does not fit the type.
inline void quantise(block_type type, const float* values, std::int64_t count, unsigned char* out,
                     std::string_view what) {
  const block_description& size = description_of(type);
  require(is_writable(type), "quantise: ", size.name, " cannot be written");
  require(count % size.values == 0, "quantise: ", what, " has ", count,
          " values, not a whole number of ", size.name, " blocks of ", size.values);
  for (std::int64_t i = 0; i < count; ++i) {
    require(std::isfinite(values[i]), what, ": value ", i, " is ", values[i],
            "; only finite numbers can be written");
  }
  for (std::int64_t block = 0; block < count / size.values; ++block) {
    const float* from = values + block * size.values;
    const bool fits = detail::quantise_block(type, from, out + block * size.bytes);
    require(fits, what, ": a value from ", block * size.values, " on, such as ", *from,
            ", is too large for ", size.name);
  }
}

}  // namespace radlads::io
