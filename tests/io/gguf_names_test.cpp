// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/gguf/names.hpp"

#include <gtest/gtest.h>

#include <optional>

namespace radlads::io {
namespace gguf_names_test {

TEST(gguf_names_test, names_of_transformers_are_translated) {
  EXPECT_EQ(huggingface_name("token_embd.weight"), "model.embed_tokens.weight");
  EXPECT_EQ(huggingface_name("output_norm.weight"), "model.norm.weight");
  EXPECT_EQ(huggingface_name("output.weight"), "lm_head.weight");
  EXPECT_EQ(huggingface_name("blk.0.attn_norm.weight"), "model.layers.0.input_layernorm.weight");
  EXPECT_EQ(huggingface_name("blk.12.attn_q.bias"), "model.layers.12.self_attn.q_proj.bias");
  EXPECT_EQ(huggingface_name("blk.3.attn_q_norm.weight"), "model.layers.3.self_attn.q_norm.weight");
  EXPECT_EQ(huggingface_name("blk.3.ffn_norm.weight"),
            "model.layers.3.post_attention_layernorm.weight");
  EXPECT_EQ(huggingface_name("blk.3.ffn_down.weight"), "model.layers.3.mlp.down_proj.weight");
}

TEST(gguf_names_test, other_names_are_nobodys) {
  for (const char* name :
       {"rope_freqs.weight", "blk", "blk.", "blk..attn_q.weight", "blk.x.attn_q.weight",
        "blk.1.attn_q", "blk.1.ssm_a.weight", "blk.1.attn_q.scale", "token_embd.bias"}) {
    EXPECT_EQ(huggingface_name(name), std::nullopt) << name;
  }
}

}  // namespace gguf_names_test
}  // namespace radlads::io
