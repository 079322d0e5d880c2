// SPDX-License-Identifier: Apache-2.0
#include "radlads/io/config_reader.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace radlads::io {
namespace config_reader_test {

using strings = std::vector<std::string>;

class config_reader_test : public test::temporary_directory {
 protected:
  /// A file with the required keys of three layers and with `more`; those of `more` win.
  models::config read(const files::json& more) const {
    files::json object = {{"vocab_size", 512},
                          {"hidden_size", 64},
                          {"intermediate_size", 172},
                          {"num_hidden_layers", 3},
                          {"num_attention_heads", 8},
                          {"num_key_value_heads", 4},
                          {"max_position_embeddings", 512}};
    object.update(more);
    for (const auto& [key, value] : more.items()) {
      if (value == "absent") object.erase(key);
    }
    put("config.json", object.dump());
    return read_config(directory_);
  }

  std::string error_of(const files::json& more) const {
    const std::string message = test::error_of([&] { read(more); });
    EXPECT_TRUE(test::says(message, {path("config.json").string()}));
    return message;
  }

  static files::json of_class(const std::string& name, files::json more = files::json::object()) {
    more["architectures"] = strings{name};
    return more;
  }
};

TEST_F(config_reader_test, reads_a_qwen2_teacher) {
  const models::config c = read({{"architectures", strings{"Qwen2ForCausalLM"}},
                                 {"rms_norm_eps", 1e-5},
                                 {"rope_theta", 1000000.0},
                                 {"tie_word_embeddings", true},
                                 {"bos_token_id", 1},
                                 {"eos_token_id", {2, 3}},
                                 {"layer_types", strings(3, "full_attention")},
                                 {"rope_scaling", nullptr},
                                 {"attention_bias", false},
                                 {"sliding_window", 4096}});
  EXPECT_EQ(c.vocabulary, 512);
  EXPECT_EQ(c.hidden, 64);
  EXPECT_EQ(c.intermediate, 172);
  EXPECT_EQ(c.layers, 3);
  EXPECT_EQ(c.heads, 8);
  EXPECT_EQ(c.kv_heads, 4);
  EXPECT_EQ(c.head_size, 8);
  EXPECT_EQ(c.max_positions, 512);
  EXPECT_EQ(c.norm_epsilon, 1e-5);
  EXPECT_EQ(c.rope_base, 1e6);
  EXPECT_TRUE(c.is_tied);
  // This class has its biases whatever the key says.
  EXPECT_TRUE(c.qkv_bias);
  EXPECT_FALSE(c.output_bias);
  EXPECT_FALSE(c.qk_norm);
  EXPECT_EQ(c.bos, 1);
  EXPECT_EQ(c.eos, (std::vector<std::int32_t>{2, 3}));
  EXPECT_EQ(c.mixers, strings(3, "attention"));
  EXPECT_EQ(c.options, layers::mixer_options());
}

TEST_F(config_reader_test, takes_the_defaults_of_absent_keys) {
  const models::config c = read(of_class("Qwen2ForCausalLM", {{"bos_token_id", nullptr}}));
  EXPECT_EQ(c.norm_epsilon, 1e-6);
  EXPECT_EQ(c.rope_base, 1e4);
  EXPECT_FALSE(c.is_tied);
  EXPECT_EQ(c.bos, std::nullopt);
  EXPECT_EQ(c.pad, std::nullopt);
  EXPECT_TRUE(c.eos.empty());
  EXPECT_TRUE(
      read(of_class("Qwen2ForCausalLM", {{"eos_token_id", files::json::array()}})).eos.empty());
}

TEST_F(config_reader_test, each_end_of_either_file_ends_a_text) {
  using ids = std::vector<std::int32_t>;
  const auto ends = [&](const files::json& own, const std::string& generation) {
    put("generation_config.json", generation);
    return read(of_class("Qwen2ForCausalLM", {{"eos_token_id", own}, {"pad_token_id", 7}})).eos;
  };
  EXPECT_EQ(ends(2, R"({"eos_token_id": [2, 401]})"), (ids{2, 401}));
  EXPECT_EQ(ends({3, 2}, R"({"eos_token_id": 401})"), (ids{3, 2, 401}));
  EXPECT_EQ(ends(nullptr, R"({"eos_token_id": 5, "pad_token_id": 6})"), (ids{5}));
  EXPECT_EQ(ends(5, R"({"eos_token_id": null})"), (ids{5}));
  EXPECT_EQ(ends({5, 5}, "{}"), (ids{5}));
  EXPECT_EQ(read_config(directory_).pad, 7);
  for (const char* wrong : {R"({"eos_token_id": "2"})", R"({"eos_token_id": [2.5]})", "[2]", "{"}) {
    const std::string message = test::error_of([&] { ends(2, wrong); });
    EXPECT_TRUE(test::says(message, {path("generation_config.json").string()})) << wrong;
  }
}

TEST_F(config_reader_test, reads_qwen3_and_llama) {
  const models::config qwen3 = read(of_class("Qwen3ForCausalLM", {{"head_dim", 16}}));
  EXPECT_EQ(qwen3.head_size, 16);
  EXPECT_TRUE(qwen3.qk_norm);
  EXPECT_FALSE(qwen3.qkv_bias);
  EXPECT_FALSE(qwen3.output_bias);
  EXPECT_EQ(read(of_class("Qwen3ForCausalLM")).head_size, 128);

  const models::config llama =
      read(of_class("LlamaForCausalLM", {{"num_key_value_heads", "absent"}}));
  EXPECT_EQ(llama.kv_heads, 8);
  EXPECT_EQ(llama.head_size, 8);
  EXPECT_FALSE(llama.qk_norm || llama.qkv_bias || llama.output_bias);
  const models::config biased = read(of_class("LlamaForCausalLM", {{"attention_bias", true}}));
  EXPECT_TRUE(biased.qkv_bias && biased.output_bias);
}

TEST_F(config_reader_test, reads_mistral) {
  const models::config c = read(of_class(
      "MistralForCausalLM", {{"sliding_window", nullptr}, {"num_key_value_heads", "absent"}}));
  EXPECT_EQ(c.kv_heads, 8);
  EXPECT_EQ(c.family, "mistral");
  EXPECT_FALSE(c.qk_norm || c.qkv_bias || c.output_bias);
}

TEST_F(config_reader_test, reads_what_transformers_reads) {
  const auto llama = [&](const files::json& more) {
    return read(of_class("LlamaForCausalLM", more));
  };
  EXPECT_EQ(llama({{"num_key_value_heads", nullptr}}).kv_heads, 8);
  EXPECT_EQ(read(of_class("Qwen2ForCausalLM", {{"num_key_value_heads", nullptr}})).kv_heads, 8);
  EXPECT_EQ(read(of_class("Qwen2ForCausalLM", {{"num_key_value_heads", "absent"},
                                               {"num_attention_heads", 64},
                                               {"head_dim", nullptr}}))
                .kv_heads,
            32);
  EXPECT_EQ(llama({{"hidden_act", "swish"}}), llama({}));
  EXPECT_EQ(llama({{"rope_scaling", {{"type", "default"}}}}), llama({}));
  const files::json no_positions = {{"max_position_embeddings", "absent"}};
  EXPECT_EQ(llama(no_positions).max_positions, 2048);
  EXPECT_EQ(read(of_class("Qwen3ForCausalLM", no_positions)).max_positions, 32768);
}

TEST_F(config_reader_test, the_model_type_decides_where_no_class_is_named) {
  EXPECT_TRUE(read({{"model_type", "qwen3"}}).qk_norm);
  EXPECT_TRUE(read({{"model_type", "qwen2"}, {"architectures", files::json::array()}}).qkv_bias);
  EXPECT_FALSE(read(of_class("LlamaModel", {{"model_type", "llama"}})).qkv_bias);
  EXPECT_EQ(read({{"model_type", "mistral"}}).family, "mistral");
  EXPECT_EQ(read({{"model_type", "rwkv7qwen2"}}).mixers, strings(3, "rad_rwkv7"));
  EXPECT_TRUE(test::says(error_of(of_class("LlamaForCausalLM", {{"model_type", "qwen2"}})),
                         {"LlamaForCausalLM", "contradicts", "qwen2"}));
  // Such a head gives no logits of tokens, and Python beside the file may compute anything.
  EXPECT_TRUE(
      test::says(error_of(of_class("LlamaForSequenceClassification", {{"model_type", "llama"}})),
                 {"LlamaForSequenceClassification"}));
  EXPECT_TRUE(test::says(error_of(of_class("OwnForCausalLM", {{"model_type", "llama"},
                                                              {"auto_map", {{"AutoModel", "x"}}}})),
                         {"OwnForCausalLM"}));
}

TEST_F(config_reader_test, a_window_of_the_whole_context_hides_nothing) {
  const auto qwen = [&](const files::json& more) {
    files::json all = {
        {"use_sliding_window", true}, {"sliding_window", 128}, {"max_window_layers", 0}};
    if (more.is_object()) all.update(more);
    return of_class("Qwen2ForCausalLM", all);
  };
  const strings full(3, "full_attention"),
      mixed{"full_attention", "sliding_attention", "full_attention"};
  EXPECT_NO_THROW(read(qwen({{"use_sliding_window", false}})));
  EXPECT_NO_THROW(read(qwen({{"sliding_window", nullptr}})));
  EXPECT_NO_THROW(read(qwen({{"sliding_window", 512}})));
  EXPECT_NO_THROW(read(qwen({{"max_window_layers", 3}})));
  EXPECT_NO_THROW(read(qwen({{"layer_types", full}})));
  EXPECT_NO_THROW(read(qwen({{"layer_types", mixed}, {"sliding_window", 512}})));
  EXPECT_TRUE(test::says(error_of(qwen({})), {"sliding_window", "128 of a context of 512"}));
  EXPECT_TRUE(test::says(error_of(qwen({{"layer_types", mixed}, {"max_window_layers", 9}})),
                         {"sliding_window", "128 of a context of 512"}));
  const auto mistral = [&](const files::json& more) {
    return of_class("MistralForCausalLM", more);
  };
  EXPECT_NO_THROW(read(mistral({{"sliding_window", 512}})));
  EXPECT_NO_THROW(read(mistral({})));
  EXPECT_TRUE(
      test::says(error_of(mistral({{"sliding_window", 511}})), {"511 of a context of 512"}));
  EXPECT_TRUE(test::says(error_of(mistral({{"max_position_embeddings", 32768}})),
                         {"absent, which means 4096 of a context of 32768"}));
}

TEST_F(config_reader_test, sizes_beyond_belief_are_refused) {
  for (const char* key : {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
                          "num_attention_heads"}) {
    EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{key, 100'000'000}})),
                           {"\"" + std::string(key) + "\"", "100000000", "no published model"}));
  }
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"num_hidden_layers", 100'000}})),
                         {"num_hidden_layers", "100000", "1024"}));
  EXPECT_TRUE(test::says(
      error_of(of_class("Qwen2ForCausalLM", {{"num_attention_heads", 4}, {"head_dim", 1 << 30}})),
      {"head_dim", "1073741824"}));
  EXPECT_TRUE(test::says(
      error_of(of_class("Qwen2ForCausalLM", {{"num_attention_heads", 4096}, {"head_dim", 4096}})),
      {"num_attention_heads", "4096", "131072"}));
  EXPECT_TRUE(test::says(error_of(of_class("RWKV7Qwen2ForCausalLM", {{"lora_rank_gate", 1 << 20}})),
                         {"lora_rank_gate", "1048576"}));
  EXPECT_NO_THROW(read(of_class("LlamaForCausalLM", {{"vocab_size", 128256},
                                                     {"hidden_size", 16384},
                                                     {"intermediate_size", 53248},
                                                     {"num_hidden_layers", 126},
                                                     {"num_attention_heads", 128},
                                                     {"num_key_value_heads", 8}})));
}

TEST_F(config_reader_test, every_key_of_another_type_is_named_with_the_file) {
  const std::vector<files::json> values = {nullptr,
                                           true,
                                           -1,
                                           0,
                                           2.5,
                                           1e300,
                                           1LL << 40,
                                           "x",
                                           "",
                                           files::json::array(),
                                           {1, "x"},
                                           {nullptr},
                                           files::json::object(),
                                           {{"rope_type", 3}},
                                           {{"factor", "x"}, {"type", "linear"}}};
  const std::vector<const char*> keys = {"architectures",
                                         "model_type",
                                         "auto_map",
                                         "vocab_size",
                                         "hidden_size",
                                         "intermediate_size",
                                         "num_hidden_layers",
                                         "num_attention_heads",
                                         "num_key_value_heads",
                                         "head_dim",
                                         "hidden_act",
                                         "max_position_embeddings",
                                         "rms_norm_eps",
                                         "rope_theta",
                                         "rope_scaling",
                                         "rope_parameters",
                                         "partial_rotary_factor",
                                         "original_max_position_embeddings",
                                         "tie_word_embeddings",
                                         "bos_token_id",
                                         "pad_token_id",
                                         "eos_token_id",
                                         "attention_bias",
                                         "attention_output_bias",
                                         "mlp_bias",
                                         "use_sliding_window",
                                         "sliding_window",
                                         "max_window_layers",
                                         "layer_types",
                                         "attn_logit_softcapping",
                                         "final_logit_softcapping",
                                         "num_experts",
                                         "num_local_experts",
                                         "quantization_config",
                                         "radlads_mixers",
                                         "radlads_family",
                                         "num_attention_layers",
                                         "use_rope",
                                         "balance_state",
                                         "groupnorm_att",
                                         "use_tokenshift",
                                         "gate_rank_type",
                                         "lora_rank_decay",
                                         "lora_rank_iclr",
                                         "lora_rank_gate",
                                         "qk_norm"};
  for (const char* name :
       {"RWKV7Qwen2ForCausalLM", "MistralForCausalLM", "Qwen2ForCausalLM", "RadladsForCausalLM"}) {
    for (const char* key : keys) {
      for (const files::json& value : values) {
        files::json more = of_class(name);
        more[key] = value;
        try {
          read(more);
        } catch (const error& failure) {
          EXPECT_TRUE(test::says(failure.what(), {path("config.json").string()}))
              << key << ' ' << value;
        }
      }
    }
  }
}

TEST_F(config_reader_test, absent_keys_of_students_mean_what_their_own_reader_takes) {
  const models::config v7 = read(of_class("RWKV7Qwen2ForCausalLM"));
  EXPECT_EQ(v7.mixers, strings(3, "rad_rwkv7"));
  EXPECT_TRUE(v7.qkv_bias);
  EXPECT_FALSE(v7.output_bias);
  EXPECT_EQ(v7.options.use_rope, false);
  EXPECT_EQ(v7.options.balance_state, true);
  EXPECT_EQ(v7.options.group_norm, false);
  EXPECT_EQ(v7.options.gate_rank_type, 2);
  EXPECT_EQ(v7.options.rank_decay, 0);

  const models::config v6 = read(of_class("RWKV6Qwen2ForCausalLM"));
  EXPECT_EQ(v6.mixers, strings(3, "rad_rwkv6"));
  EXPECT_EQ(v6.options.use_rope, false);
  EXPECT_EQ(v6.options.token_shift, true);
  EXPECT_EQ(v6.options.gate_rank_type, 1);
  EXPECT_EQ(v6.options.rank_decay, 64);
  EXPECT_EQ(v6.options.rank_token_shift, 32);
  const models::config wide = read(of_class("RWKV6Qwen2ForCausalLM", {{"hidden_size", 4096}}));
  EXPECT_EQ(wide.options.rank_decay, 128);
  EXPECT_EQ(wide.options.rank_token_shift, 64);
}

TEST_F(config_reader_test, reads_every_key_of_a_student) {
  const models::config c =
      read(of_class("RWKV7Qwen2ForCausalLM", {{"use_rope", true},
                                              {"balance_state", false},
                                              {"groupnorm_att", true},
                                              {"use_tokenshift", false},
                                              {"gate_rank_type", 1},
                                              {"attention_bias", false},
                                              {"attention_output_bias", true},
                                              {"lora_rank_decay", 1},
                                              {"lora_rank_iclr", 2},
                                              {"lora_rank_value_residual_mix", 3},
                                              {"lora_rank_gate", 4},
                                              {"lora_rank_tokenshift", 5}}));
  layers::mixer_options expected;
  expected.use_rope = true;
  expected.balance_state = false;
  expected.group_norm = true;
  expected.token_shift = false;
  expected.gate_rank_type = 1;
  expected.rank_decay = 1;
  expected.rank_iclr = 2;
  expected.rank_value_mix = 3;
  expected.rank_gate = 4;
  expected.rank_token_shift = 5;
  EXPECT_EQ(c.options, expected);
  EXPECT_FALSE(c.qkv_bias);
  EXPECT_TRUE(c.output_bias);
  EXPECT_TRUE(read(of_class("RWKV6Qwen3ForCausalLM")).qk_norm);
}

TEST_F(config_reader_test, reads_both_ways_of_naming_a_hybrid) {
  const strings at_end{"rad_rwkv7", "attention", "attention"};
  EXPECT_EQ(read(of_class("RWKV7Qwen2ForCausalLM", {{"num_attention_layers", 2}})).mixers, at_end);
  const strings any{"attention", "rad_rwkv7", "attention"};
  EXPECT_EQ(read(of_class("RWKV7Qwen2ForCausalLM", {{"radlads_mixers", any}})).mixers, any);
  const models::config own =
      read(of_class("RadladsForCausalLM", {{"radlads_mixers", any}, {"qk_norm", true}}));
  EXPECT_EQ(own.mixers, any);
  EXPECT_TRUE(own.qk_norm);
  EXPECT_EQ(own.options, layers::mixer_options());

  EXPECT_TRUE(test::says(error_of(of_class("RadladsForCausalLM")), {"radlads_mixers", "missing"}));
  EXPECT_TRUE(test::says(
      error_of(of_class("RWKV7Qwen2ForCausalLM", {{"radlads_mixers", strings{"attention"}}})),
      {"radlads_mixers", "names 1 mixers for 3 layers"}));
  EXPECT_TRUE(test::says(error_of(of_class("RWKV7Qwen2ForCausalLM",
                                           {{"radlads_mixers", any}, {"num_attention_layers", 2}})),
                         {"num_attention_layers", "contradicts"}));
  EXPECT_TRUE(test::says(error_of(of_class("RWKV7Qwen2ForCausalLM", {{"num_attention_layers", 4}})),
                         {"num_attention_layers", "4 of 3 layers"}));
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"radlads_mixers", any}})),
                         {"radlads_mixers", "Qwen2ForCausalLM"}));
}

TEST_F(config_reader_test, an_unknown_architecture_is_named_with_the_known_ones) {
  EXPECT_TRUE(
      test::says(error_of(of_class("OwnForCausalLM")),
                 {"OwnForCausalLM", "Qwen2ForCausalLM", "Qwen3ForCausalLM", "LlamaForCausalLM",
                  "MistralForCausalLM", "RWKV6Qwen2ForCausalLM", "RWKV7Qwen2ForCausalLM"}));
  EXPECT_TRUE(test::says(error_of({{"architectures", files::json::array()}}),
                         {"architectures", "model_type", "names a model class"}));
  EXPECT_TRUE(test::says(error_of({{"model_type", "own"}}), {"own", "Qwen2ForCausalLM"}));
}

TEST_F(config_reader_test, every_missing_key_is_named) {
  for (const char* key :
       {"vocab_size", "hidden_size", "intermediate_size", "num_hidden_layers",
        "num_attention_heads", "num_key_value_heads", "max_position_embeddings"}) {
    if (key != std::string("max_position_embeddings")) {
      EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{key, "absent"}})),
                             {"\"" + std::string(key) + "\"", "missing"}));
    }
    EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{key, "64"}})),
                           {"\"" + std::string(key) + "\"", "integer", "\"64\""}));
    EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{key, 0}})),
                           {"\"" + std::string(key) + "\"", "positive", "0"}));
    EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{key, 1LL << 40}})),
                           {"\"" + std::string(key) + "\"", "1099511627776"}));
  }
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"num_hidden_layers", 2000000}})),
                         {"num_hidden_layers", "2000000"}));
}

TEST_F(config_reader_test, sizes_that_do_not_fit_are_named) {
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"num_key_value_heads", 3}})),
                         {"num_attention_heads", "8", "num_key_value_heads", "3"}));
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"hidden_size", 63}})),
                         {"hidden_size", "63", "head_dim"}));
  EXPECT_TRUE(test::says(error_of(of_class("RWKV7Qwen2ForCausalLM", {{"gate_rank_type", 3}})),
                         {"gate_rank_type", "3"}));
  EXPECT_TRUE(test::says(error_of(of_class("RWKV7Qwen2ForCausalLM", {{"lora_rank_iclr", -1}})),
                         {"lora_rank_iclr", "-1"}));
}

TEST_F(config_reader_test, values_that_make_no_sense_are_named) {
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"rope_theta", -1}})),
                         {"rope_theta", "-1"}));
  EXPECT_TRUE(test::says(error_of(of_class("Qwen2ForCausalLM", {{"eos_token_id", {1, "x"}}})),
                         {"eos_token_id"}));
}

TEST_F(config_reader_test, files_that_are_no_descriptions_are_named) {
  EXPECT_TRUE(test::says(test::error_of([&] { read_config(directory_); }),
                         {path("config.json").string(), "No such file"}));
  put("config.json", "{\"architectures\": [");
  EXPECT_TRUE(test::says(test::error_of([&] { read_config(directory_); }),
                         {path("config.json").string(), "not valid JSON"}));
  put("config.json", "[]");
  EXPECT_TRUE(test::says(test::error_of([&] { read_config(directory_); }),
                         {path("config.json").string(), "expected an object"}));
}

TEST_F(config_reader_test, reads_the_real_teacher_and_a_real_qwen2) {
  const std::filesystem::path data = test::optional_data();
  if (!std::filesystem::exists(data / "teacher")) GTEST_SKIP() << "no models in " << data;
  const models::config small = read_config(data / "teacher" / "stories260K");
  EXPECT_EQ(small.hidden, 64);
  EXPECT_EQ(small.layers, 5);
  EXPECT_EQ(small.head_size, 8);
  EXPECT_EQ(small.norm_epsilon, 1e-5);
  EXPECT_TRUE(small.is_tied);
  const models::config qwen2 = read_config(data / "tokenizer" / "qwen2");
  EXPECT_EQ(qwen2.head_size, 128);
  EXPECT_EQ(qwen2.kv_heads, 2);
  EXPECT_EQ(qwen2.rope_base, 1e6);
  EXPECT_EQ(qwen2.eos[0], 151645);
}

}  // namespace config_reader_test
}  // namespace radlads::io
