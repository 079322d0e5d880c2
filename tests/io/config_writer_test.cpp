// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/config_reader.hpp"
#include "radlads/io/config_writer.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace radlads::io {
namespace config_writer_test {

using strings = std::vector<std::string>;

class config_writer_test : public test::temporary_directory {
 protected:
  files::json write(const models::config& c, dtype stored_as = dtype::f32) const {
    write_config(c, stored_as, directory_);
    return files::json::parse(get("config.json"));
  }

  static models::config small(const strings& mixers) {
    models::config c;
    c.vocabulary = 100;
    c.hidden = 48;
    c.intermediate = 96;
    c.layers = static_cast<std::int64_t>(mixers.size());
    c.heads = 6;
    c.kv_heads = 2;
    c.head_size = 8;
    c.max_positions = 256;
    c.norm_epsilon = 1e-5;
    c.rope_base = 5e5;
    c.bos = 3;
    c.mixers = mixers;
    return c;
  }
};

TEST_F(config_writer_test, writes_a_softmax_model_as_qwen2) {
  const files::json expected = files::json::parse(R"({
    "architectures": ["Qwen2ForCausalLM"], "model_type": "qwen2",
    "vocab_size": 100, "hidden_size": 48, "intermediate_size": 96, "num_hidden_layers": 1,
    "num_attention_heads": 6, "num_key_value_heads": 2, "head_dim": 8, "hidden_act": "silu",
    "max_position_embeddings": 256, "rms_norm_eps": 1e-5, "rope_theta": 500000.0,
    "tie_word_embeddings": false, "use_sliding_window": false, "torch_dtype": "bfloat16",
    "bos_token_id": 3, "eos_token_id": null})");
  EXPECT_EQ(write(small({"attention"}), dtype::bf16), expected);
}

TEST_F(config_writer_test, writes_every_key_of_a_student) {
  const files::json v7 = write(small({"rad_rwkv7", "attention"}));
  const files::json expected = files::json::parse(R"({
    "architectures": ["RWKV7Qwen2ForCausalLM"], "model_type": "rwkv7qwen2",
    "attention_bias": true, "attention_output_bias": false, "use_rope": true,
    "balance_state": true, "groupnorm_att": false, "use_tokenshift": false, "gate_rank_type": 2,
    "num_attention_layers": 1, "radlads_mixers": ["rad_rwkv7", "attention"],
    "torch_dtype": "float32"})");
  for (const auto& [key, value] : expected.items())
    EXPECT_EQ(v7.value(key, files::json()), value) << key;
  EXPECT_FALSE(write(small({"attention", "rad_rwkv7"})).contains("num_attention_layers"));

  models::config c = small({"rad_rwkv6"});
  c.options.rank_decay = 64;
  c.options.rank_token_shift = 32;
  const files::json v6 = write(c);
  EXPECT_EQ(v6["model_type"], "rwkv6qwen2");
  EXPECT_EQ(v6["use_rope"], false);
  EXPECT_EQ(v6["use_tokenshift"], true);
  EXPECT_EQ(v6["gate_rank_type"], 1);
  EXPECT_EQ(v6["lora_rank_decay"], 64);
  EXPECT_EQ(v6["lora_rank_tokenshift"], 32);
}

TEST_F(config_writer_test, unset_options_come_back_as_the_mixers_own_defaults) {
  models::config c = small({"rad_rwkv7"});
  write(c);
  const layers::mixer_config sizes = models::mixer_sizes(c, 0);
  EXPECT_EQ(layers::rad_rwkv7_mixer::configure(sizes, read_config(directory_).options),
            layers::rad_rwkv7_mixer::configure(sizes, {}));
  c = small({"rad_rwkv6"});
  c.options.rank_decay = c.options.rank_token_shift = layers::low_rank_size(c.hidden, 0.5, 1.8);
  write(c);
  EXPECT_EQ(layers::rad_rwkv6_mixer::configure(sizes, read_config(directory_).options),
            layers::rad_rwkv6_mixer::configure(sizes, {}));
}

TEST_F(config_writer_test, what_is_set_comes_back) {
  models::config c = small({"rad_rwkv7", "attention", "rad_rwkv7"});
  c.options = {.use_rope = false,
               .balance_state = false,
               .group_norm = true,
               .token_shift = false,
               .gate_rank_type = 1,
               .rank_decay = 5,
               .rank_iclr = 6,
               .rank_value_mix = 7,
               .rank_gate = 8,
               .rank_token_shift = 9};
  c.qkv_bias = false;
  c.output_bias = true;
  c.qk_norm = true;
  c.is_tied = true;
  c.bos.reset();
  c.pad = 4;
  c.eos = {9, 17};
  write(c);
  EXPECT_EQ(read_config(directory_), c);
}

TEST_F(config_writer_test, what_no_class_describes_comes_back_too) {
  models::config c = small({"rad_rwkv6", "gla", "attention"});
  c.options.use_rope = true;
  c.qk_norm = true;
  const files::json file = write(c);
  EXPECT_EQ(file["architectures"], files::json(strings{"RadladsForCausalLM"}));
  EXPECT_FALSE(file.contains("gate_rank_type"));
  EXPECT_EQ(read_config(directory_), c);
  models::config softmax = small({"attention"});
  softmax.qkv_bias = false;
  softmax.output_bias = true;
  write(softmax);
  EXPECT_EQ(read_config(directory_), softmax);
}

TEST_F(config_writer_test, refuses_what_a_reader_would_misread) {
  EXPECT_TRUE(test::says(test::error_of([&] { write(small({"rad_rwkv6"})); }),
                         {"rank_decay is 0", "rank_token_shift 0"}));
  EXPECT_TRUE(test::says(test::error_of([&] { write(small({"attention"}), dtype::i32); }),
                         {"cannot be stored as I32"}));
  models::config c = small({"attention"});
  c.layers = 2;
  EXPECT_TRUE(test::says(test::error_of([&] { write(c); }), {"1 mixers", "2 layers"}));
  EXPECT_TRUE(list().empty());
}

}  // namespace config_writer_test
}  // namespace radlads::io
