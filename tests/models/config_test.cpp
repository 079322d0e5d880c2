// SPDX-License-Identifier: Apache-2.0
#include "ops/tensor_values.hpp"
#include "radlads/models/config.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace radlads::test {
namespace config_test {

models::config fitting() {
  models::config c;
  c.vocabulary = 11;
  c.hidden = 8;
  c.intermediate = 20;
  c.layers = 2;
  c.heads = 4;
  c.kv_heads = 2;
  c.head_size = 3;
  c.mixers = {"attention", "rad_rwkv7"};
  return c;
}

TEST(model_config, says_what_does_not_fit) {
  const auto complaint = [](const models::config& c) {
    return error_of([&] { models::check(c); });
  };
  EXPECT_NO_THROW(models::check(fitting()));
  models::config c = fitting();
  c.intermediate = -1;
  EXPECT_EQ(complaint(c),
            "model: sizes must be positive; vocabulary is 11, hidden 8, intermediate -1, "
            "layers 2, heads 4, kv heads 2, head size 3");
  c = fitting();
  c.kv_heads = 3;
  EXPECT_EQ(complaint(c), "model: 4 heads are not a multiple of 3 key/value heads");
  c = fitting();
  c.mixers.pop_back();
  EXPECT_EQ(complaint(c), "model: 1 mixers are named for 2 layers");
}

TEST(model_config, refuses_sizes_beyond_belief) {
  const auto complaint = [](std::int64_t models::config::*size, std::int64_t value) {
    models::config c = fitting();
    c.*size = value;
    return error_of([&] { models::check(c); });
  };
  using c = models::config;
  const std::string end = " allowed, which no published model comes near";
  EXPECT_EQ(complaint(&c::layers, 100'000),
            "model: the number of layers is 100000, more than the 1024" + end);
  EXPECT_EQ(complaint(&c::vocabulary, std::int64_t{1} << 40),
            "model: the vocabulary is 1099511627776, more than the 16777216" + end);
  EXPECT_EQ(complaint(&c::head_size, std::int64_t{1} << 62),
            "model: the head size is 4611686018427387904, more than the 4096" + end);
  EXPECT_EQ(complaint(&c::heads, 4096 * 4),
            "model: the number of heads is 16384, more than the 4096" + end);
  models::config wide = fitting();
  wide.heads = wide.head_size = 4096;
  EXPECT_EQ(error_of([&] { models::check(wide); }),
            "model: heads times head size is 16777216, more than the 131072" + end);
  wide = fitting();
  wide.options.rank_gate = 1'000'000;
  EXPECT_EQ(error_of([&] { models::check(wide); }),
            "model: rank_gate is 1000000, more than the 131072" + end);
  wide = fitting();
  wide.rope_scaling.factor = 0;
  EXPECT_EQ(error_of([&] { models::check(wide); }),
            "rope: the scaling factor is 0, expected a positive number");
}

TEST(model_config, hands_its_sizes_to_the_mixers) {
  models::config c = fitting();
  c.norm_epsilon = 0.25;
  c.rope_base = 500;
  c.rope_scaling = {.kind = ops::rope_scaling_kind::linear, .factor = 2};
  c.qkv_bias = false;
  c.output_bias = true;
  c.qk_norm = true;
  const layers::mixer_config m = models::mixer_sizes(c, 1);
  layers::mixer_config expected;
  expected.hidden = 8;
  expected.heads = 4;
  expected.kv_heads = 2;
  expected.head_size = 3;
  expected.norm_epsilon = 0.25;
  expected.rope_base = 500;
  expected.rope_scaling = {.kind = ops::rope_scaling_kind::linear, .factor = 2};
  expected.qkv_bias = false;
  expected.output_bias = true;
  expected.qk_norm = true;
  expected.layer = 1;
  expected.layers = 2;
  EXPECT_EQ(m, expected);
}

TEST(model_config, compares_every_field) {
  EXPECT_EQ(fitting(), fitting());
  models::config c = fitting();
  c.options.use_rope = false;
  EXPECT_NE(c, fitting());
}

}  // namespace config_test
}  // namespace radlads::test
