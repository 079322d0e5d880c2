// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/dtype.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace radlads::io {
namespace dtype_test {

using shape = std::vector<std::int64_t>;

TEST(dtype_test, names_and_sizes_are_those_of_the_format) {
  const struct {
    const char* name;
    dtype type;
    std::uint64_t bits;
  } expected[] = {{"BOOL", dtype::boolean, 8},
                  {"U8", dtype::u8, 8},
                  {"I8", dtype::i8, 8},
                  {"I16", dtype::i16, 16},
                  {"U16", dtype::u16, 16},
                  {"F16", dtype::f16, 16},
                  {"BF16", dtype::bf16, 16},
                  {"I32", dtype::i32, 32},
                  {"U32", dtype::u32, 32},
                  {"F32", dtype::f32, 32},
                  {"F64", dtype::f64, 64},
                  {"I64", dtype::i64, 64},
                  {"U64", dtype::u64, 64},
                  {"C64", dtype::c64, 64},
                  {"F4", dtype::f4, 4},
                  {"F8_E5M2", dtype::f8_e5m2, 8},
                  {"F8_E4M3", dtype::f8_e4m3, 8},
                  {"F8_E8M0", dtype::f8_e8m0, 8},
                  {"F8_E4M3FNUZ", dtype::f8_e4m3fnuz, 8},
                  {"F8_E5M2FNUZ", dtype::f8_e5m2fnuz, 8},
                  {"F6_E2M3", dtype::f6_e2m3, 6},
                  {"F6_E3M2", dtype::f6_e3m2, 6}};
  for (const auto& [name, type, bits] : expected) {
    EXPECT_EQ(find_dtype(name), type) << name;
    EXPECT_EQ(dtype_name(type), name);
    EXPECT_EQ(dtype_bits(type), bits) << name;
  }
  EXPECT_EQ(find_dtype("f32"), std::nullopt);
  EXPECT_EQ(find_dtype(""), std::nullopt);
}

TEST(dtype_test, bytes_of_a_shape) {
  EXPECT_EQ(tensor_bytes(dtype::f32, shape{}), 4u);
  EXPECT_EQ(tensor_bytes(dtype::f64, shape{2, 3}), 48u);
  EXPECT_EQ(tensor_bytes(dtype::bf16, shape{5, 0, 7}), 0u);
  EXPECT_EQ(tensor_bytes(dtype::f4, shape{3, 2}), 3u);
  EXPECT_EQ(tensor_bytes(dtype::f4, shape{3}), std::nullopt);
  EXPECT_EQ(tensor_bytes(dtype::f6_e2m3, shape{4}), 3u);
}

TEST(dtype_test, bytes_that_overflow_are_refused) {
  constexpr std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_EQ(tensor_bytes(dtype::u8, shape{huge, huge}), std::nullopt);
  EXPECT_EQ(tensor_bytes(dtype::u8, shape{0, huge, huge}), std::nullopt);
  EXPECT_EQ(tensor_bytes(dtype::u8, shape{huge, huge, 0}), std::nullopt);
  // Only the element size wraps: 2^61 elements of 8 bytes are 2^64.
  EXPECT_EQ(tensor_bytes(dtype::f64, shape{std::int64_t{1} << 61}), std::nullopt);
  EXPECT_EQ(tensor_bytes(dtype::u8, shape{std::numeric_limits<std::int64_t>::max()}), std::nullopt);
  EXPECT_EQ(tensor_bytes(dtype::u8, shape{-1}), std::nullopt);
}

TEST(dtype_test, shapes_are_shown_in_parentheses) {
  EXPECT_EQ(shape_text(shape{}), "()");
  EXPECT_EQ(shape_text(shape{2, -3}), "(2, -3)");
}

}  // namespace dtype_test
}  // namespace radlads::io
