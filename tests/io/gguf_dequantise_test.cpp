// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/hash.hpp"
#include "radlads/io/gguf/dequantise.hpp"
#include "support/gguf_blocks.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

namespace radlads::io {
namespace dequantise_test {

std::uint64_t hash_of(block_type type, const std::vector<unsigned char>& blocks) {
  std::vector<float> values(test::published_count *
                            static_cast<std::size_t>(description_of(type).values));
  dequantise(type, blocks.data(), static_cast<std::int64_t>(values.size()), values.data());
  return fnv1a(std::string_view(reinterpret_cast<const char*>(values.data()),
                                values.size() * sizeof(float)));
}

TEST(dequantise_test, a_thousand_blocks_of_each_type_have_published_bits) {
  ASSERT_EQ(test::published_cases().size(), block_descriptions.size());
  for (const test::published_blocks& c : test::published_cases()) {
    EXPECT_EQ(hash_of(c.type, test::random_blocks(c)), c.hash) << description_of(c.type).name;
    EXPECT_EQ(hash_of(c.type, test::extreme_blocks(c)), c.extreme_hash)
        << description_of(c.type).name << " with the scales of extreme_blocks";
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
