// SPDX-License-Identifier: Apache-2.0
#pragma once
// Block types of GGUF tensors: numbers, names and sizes.

#include "radlads/core/error.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace radlads::io {

/// A type of tensor that can be read, by its number in files.
enum class block_type : std::uint32_t {
  f32 = 0,
  f16 = 1,
  q4_0 = 2,
  q4_1 = 3,
  q5_0 = 6,
  q5_1 = 7,
  q8_0 = 8,
  q2_k = 10,
  q3_k = 11,
  q4_k = 12,
  q5_k = 13,
  q6_k = 14,
  iq4_nl = 20,
  iq4_xs = 23,
  bf16 = 30
};

struct block_description {
  block_type type;
  std::string_view name;
  std::int64_t values;  ///< of one block
  std::int64_t bytes;   ///< of one block
};

inline constexpr std::array<block_description, 15> block_descriptions{{
    {block_type::f32, "F32", 1, 4},
    {block_type::f16, "F16", 1, 2},
    {block_type::q4_0, "Q4_0", 32, 18},
    {block_type::q4_1, "Q4_1", 32, 20},
    {block_type::q5_0, "Q5_0", 32, 22},
    {block_type::q5_1, "Q5_1", 32, 24},
    {block_type::q8_0, "Q8_0", 32, 34},
    {block_type::q2_k, "Q2_K", 256, 84},
    {block_type::q3_k, "Q3_K", 256, 110},
    {block_type::q4_k, "Q4_K", 256, 144},
    {block_type::q5_k, "Q5_K", 256, 176},
    {block_type::q6_k, "Q6_K", 256, 210},
    {block_type::iq4_nl, "IQ4_NL", 32, 18},
    {block_type::iq4_xs, "IQ4_XS", 256, 136},
    {block_type::bf16, "BF16", 1, 2},
}};

/// The description of a type's number, or null for one that cannot be read.
inline const block_description* find_block(std::uint32_t number) {
  for (const block_description& each : block_descriptions) {
    if (static_cast<std::uint32_t>(each.type) == number) return &each;
  }
  return nullptr;
}

inline const block_description& description_of(block_type type) {
  return *find_block(static_cast<std::uint32_t>(type));
}

/// All names, for messages.
inline std::string block_type_names() {
  std::string names;
  for (const block_description& each : block_descriptions) {
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  return names;
}

/// What a number that cannot be read is called elsewhere, so that an error can say more than the
/// number.
inline std::string foreign_block_name(std::uint32_t number) {
  struct entry {
    std::uint32_t number;
    std::string_view name;
  };
  constexpr std::array<entry, 17> known{{{9, "Q8_1"},
                                         {15, "Q8_K"},
                                         {16, "IQ2_XXS"},
                                         {17, "IQ2_XS"},
                                         {18, "IQ3_XXS"},
                                         {19, "IQ1_S"},
                                         {21, "IQ3_S"},
                                         {22, "IQ2_S"},
                                         {24, "I8"},
                                         {25, "I16"},
                                         {26, "I32"},
                                         {27, "I64"},
                                         {28, "F64"},
                                         {29, "IQ1_M"},
                                         {34, "TQ1_0"},
                                         {35, "TQ2_0"},
                                         {39, "MXFP4"}}};
  for (const entry& each : known) {
    if (each.number == number) return std::string(each.name);
  }
  return "number " + std::to_string(number);
}

}  // namespace radlads::io
