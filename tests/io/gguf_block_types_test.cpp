// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/gguf/block_types.hpp"

#include <gtest/gtest.h>

namespace radlads::io {
namespace block_types_test {

TEST(block_types_test, sizes_are_those_of_the_format) {
  // Bytes a block: scales of two bytes, words of fifth bits, then the packed numbers.
  EXPECT_EQ(description_of(block_type::q4_1).bytes, 2 + 2 + 16);
  EXPECT_EQ(description_of(block_type::q5_1).bytes, 2 + 2 + 4 + 16);
  EXPECT_EQ(description_of(block_type::q2_k).bytes, 16 + 64 + 2 + 2);
  EXPECT_EQ(description_of(block_type::q3_k).bytes, 32 + 64 + 12 + 2);
  EXPECT_EQ(description_of(block_type::q5_k).bytes, 2 + 2 + 12 + 32 + 128);
  EXPECT_EQ(description_of(block_type::q6_k).bytes, 128 + 64 + 16 + 2);
  EXPECT_EQ(description_of(block_type::iq4_xs).bytes, 2 + 2 + 4 + 128);
}

TEST(block_types_test, unknown_types_have_a_name_for_errors) {
  EXPECT_EQ(find_block(4), nullptr);
  EXPECT_EQ(find_block(39), nullptr);
  EXPECT_EQ(foreign_block_name(39), "MXFP4");
  EXPECT_EQ(foreign_block_name(4), "number 4");
  EXPECT_EQ(block_type_names().substr(0, 13), "F32, F16, Q4_");
}

}  // namespace block_types_test
}  // namespace radlads::io
