// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/architecture.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::io {
namespace architecture_test {

models::config with_mixers(std::vector<std::string> mixers) {
  models::config c;
  c.mixers = std::move(mixers);
  return c;
}

TEST(architecture_test, every_name_is_found_once) {
  for (const architecture& each : architectures) EXPECT_EQ(find_architecture(each.name), &each);
  EXPECT_EQ(find_architecture("GPT2LMHeadModel"), nullptr);
  EXPECT_EQ(find_architecture(""), nullptr);
  for (const architecture& each : architectures) {
    EXPECT_EQ(find_model_type(each.model_type), &each);
  }
  EXPECT_EQ(find_model_type("gpt2"), nullptr);
  EXPECT_NE(architecture_names().find("Qwen2ForCausalLM, Qwen3ForCausalLM"), std::string::npos);
}

TEST(architecture_test, softmax_models_are_named_by_their_biases_and_norms) {
  models::config c = with_mixers({"attention", "attention"});
  EXPECT_EQ(architecture_of(c).name, "Qwen2ForCausalLM");
  c.qkv_bias = false;
  EXPECT_EQ(architecture_of(c).name, "LlamaForCausalLM");
  c.qk_norm = true;
  EXPECT_EQ(architecture_of(c).name, "Qwen3ForCausalLM");
  c.qkv_bias = c.output_bias = true;
  EXPECT_EQ(architecture_of(c).name, "Qwen3ForCausalLM");
  c.qk_norm = false;
  EXPECT_EQ(architecture_of(c).name, "LlamaForCausalLM");
  c.qkv_bias = false;
  EXPECT_EQ(architecture_of(c).name, "RadladsForCausalLM");
}

TEST(architecture_test, a_family_is_kept_where_it_can_express_the_model) {
  models::config c = with_mixers({"attention", "attention"});
  c.family = "mistral";
  EXPECT_EQ(architecture_of(c).name, "Qwen2ForCausalLM");
  c.qkv_bias = false;
  EXPECT_EQ(architecture_of(c).name, "MistralForCausalLM");
  c.output_bias = c.qkv_bias = true;
  EXPECT_EQ(architecture_of(c).name, "LlamaForCausalLM");
  c = with_mixers({"attention", "rad_rwkv7"});
  c.family = "mistral";
  EXPECT_EQ(architecture_of(c).name, "RWKV7Qwen2ForCausalLM");
}

TEST(architecture_test, hybrids_are_named_by_their_recurrent_layers) {
  models::config c = with_mixers({"rad_rwkv7", "attention", "rad_rwkv7"});
  EXPECT_EQ(architecture_of(c).name, "RWKV7Qwen2ForCausalLM");
  c.qk_norm = true;
  EXPECT_EQ(architecture_of(c).name, "RWKV7Qwen3ForCausalLM");
  EXPECT_EQ(architecture_of(with_mixers({"attention", "rad_rwkv6"})).name, "RWKV6Qwen2ForCausalLM");
  EXPECT_EQ(architecture_of(with_mixers({"rad_rwkv6", "rad_rwkv7"})).name, "RadladsForCausalLM");
  EXPECT_EQ(architecture_of(with_mixers({"gla", "attention"})).name, "RadladsForCausalLM");
}

TEST(architecture_test, counts_softmax_layers_that_stand_at_the_end) {
  EXPECT_EQ(softmax_layers_at_end(with_mixers({"rad_rwkv7", "attention", "attention"})), 2);
  EXPECT_EQ(softmax_layers_at_end(with_mixers({"rad_rwkv7", "rad_rwkv7"})), 0);
  EXPECT_EQ(softmax_layers_at_end(with_mixers({"attention", "rad_rwkv7", "attention"})), -1);
}

}  // namespace architecture_test
}  // namespace radlads::io
