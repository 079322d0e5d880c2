// SPDX-License-Identifier: Apache-2.0
#include "ops/tensor_values.hpp"
#include "radlads/layers/mixer_config.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace radlads::test {
namespace mixer_config_test {

using layers::check_sizes;
using layers::low_rank_size;
using layers::mixer_config;

// The ranks of the paper's models, by width.
TEST(mixer_config, rank_formula) {
  const std::int64_t widths[] = {896, 1536, 2048, 3584, 4096, 5120, 8192};
  const std::int64_t decays[] = {64, 64, 96, 96, 128, 128, 160};
  const std::int64_t values[] = {32, 64, 64, 64, 96, 96, 128};
  const std::int64_t gates[] = {128, 224, 256, 416, 480, 544, 800};
  for (std::size_t i = 0; i < 7; ++i) {
    EXPECT_EQ(low_rank_size(widths[i], 0.5, 1.8), decays[i]) << widths[i];
    EXPECT_EQ(low_rank_size(widths[i], 0.5, 1.3), values[i]) << widths[i];
    EXPECT_EQ(low_rank_size(widths[i], 0.8, 0.6), gates[i]) << widths[i];
  }
  EXPECT_EQ(low_rank_size(1, 0.5, 1.8), 32);
  EXPECT_EQ(low_rank_size(64, 0.8, 0.6), 32);
}

TEST(mixer_config, widths_and_depth) {
  mixer_config c;
  c.heads = 6;
  c.kv_heads = 2;
  c.head_size = 5;
  EXPECT_EQ(c.attention_width(), 30);
  EXPECT_EQ(c.kv_width(), 10);
  EXPECT_EQ(c.depth(), 0.0);
  c.layers = 5;
  EXPECT_EQ(c.depth(), 0.0);
  c.layer = 3;
  EXPECT_EQ(c.depth(), 0.75);
  c.layer = 4;
  EXPECT_EQ(c.depth(), 1.0);
}

mixer_config fitting() {
  mixer_config c;
  c.hidden = 8;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_size = 3;
  return c;
}

TEST(mixer_config, sizes_that_cannot_belong_to_a_mixer) {
  const auto complaint = [](const mixer_config& c) {
    return error_of([&] { check_sizes(c, "some_mixer"); });
  };
  EXPECT_NO_THROW(check_sizes(fitting(), "some_mixer"));
  mixer_config c = fitting();
  c.head_size = 0;
  EXPECT_EQ(complaint(c),
            "some_mixer: sizes must be positive; hidden is 8, heads 4, kv heads 2, "
            "head size 0");
  c = fitting();
  c.kv_heads = 3;
  EXPECT_EQ(complaint(c), "some_mixer: 4 heads are not a multiple of 3 key/value heads");
  c = fitting();
  c.gate_rank_type = 3;
  EXPECT_EQ(complaint(c), "some_mixer: gate_rank_type is 3, expected 0, 1 or 2");
}

}  // namespace mixer_config_test
}  // namespace radlads::test
