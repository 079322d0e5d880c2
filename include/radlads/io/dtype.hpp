// SPDX-License-Identifier: Apache-2.0
#pragma once
// Element types of safetensors files: names, sizes, and the bytes a shape needs.

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace radlads::io {

/// Element types of the format, in the order by which the reference writer sorts tensors.
enum class dtype : std::uint8_t {
  boolean,
  f4,
  f6_e2m3,
  f6_e3m2,
  u8,
  i8,
  f8_e5m2,
  f8_e4m3,
  f8_e8m0,
  f8_e4m3fnuz,
  f8_e5m2fnuz,
  i16,
  u16,
  f16,
  bf16,
  i32,
  u32,
  f32,
  c64,
  f64,
  i64,
  u64
};

struct dtype_description {
  std::string_view name;
  std::uint64_t bits;
};

/// Indexed by dtype.
inline constexpr std::array<dtype_description, 22> dtype_descriptions{{
    {"BOOL", 8},        {"F4", 4},      {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"U8", 8},
    {"I8", 8},          {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F8_E4M3FNUZ", 8},
    {"F8_E5M2FNUZ", 8}, {"I16", 16},    {"U16", 16},    {"F16", 16},    {"BF16", 16},
    {"I32", 32},        {"U32", 32},    {"F32", 32},    {"C64", 64},    {"F64", 64},
    {"I64", 64},        {"U64", 64},
}};

/// The format's name of a type, such as "BF16".
inline std::string_view dtype_name(dtype type) {
  return dtype_descriptions[static_cast<std::size_t>(type)].name;
}

/// Bits of one element; types below one byte are packed.
inline std::uint64_t dtype_bits(dtype type) {
  return dtype_descriptions[static_cast<std::size_t>(type)].bits;
}

/// The type of that name, or nothing.
inline std::optional<dtype> find_dtype(std::string_view name) {
  for (std::size_t i = 0; i < dtype_descriptions.size(); ++i) {
    if (dtype_descriptions[i].name == name) return static_cast<dtype>(i);
  }
  return std::nullopt;
}

/// A shape as errors show it: "(2, 3)".
inline std::string shape_text(std::span<const std::int64_t> shape) {
  std::string text = "(";
  for (std::size_t i = 0; i < shape.size(); ++i) {
    text += (i == 0 ? "" : ", ") + std::to_string(shape[i]);
  }
  return text + ")";
}

/// Bytes of a tensor, or nothing when an extent is negative, when a product passes 63 bits, or
/// when packed elements do not fill whole bytes. A zero extent does not hide an overflow.
inline std::optional<std::uint64_t> tensor_bytes(dtype type, std::span<const std::int64_t> shape) {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t bits = dtype_bits(type);
  bool is_empty = false;
  for (const std::int64_t extent : shape) {
    if (extent < 0) return std::nullopt;
    is_empty = is_empty || extent == 0;
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(extent, 1));
    if (bits > limit / factor) return std::nullopt;
    bits *= factor;
  }
  if (is_empty) return 0;
  if (bits % 8 != 0) return std::nullopt;
  return bits / 8;
}

}  // namespace radlads::io
