// SPDX-License-Identifier: Apache-2.0
#include "ops/tensor_values.hpp"
#include "radlads/models/config.hpp"

#include <gtest/gtest.h>

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

TEST(model_config, hands_its_sizes_to_the_mixers) {
  models::config c = fitting();
  c.norm_epsilon = 0.25;
  c.rope_base = 500;
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
