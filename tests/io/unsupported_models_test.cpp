// SPDX-License-Identifier: Apache-2.0
// What cannot be computed as a file asks is refused by a sentence that names it.
#include "radlads/io/config_reader.hpp"
#include "radlads/io/unsupported_models.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {
namespace unsupported_models_test {

using strings = std::vector<std::string>;

class unsupported_models_test : public test::temporary_directory {
 protected:
  std::string refusal_of(const std::string& name, const std::string& type,
                         const files::json& more) const {
    files::json object = {{"vocab_size", 512},
                          {"hidden_size", 64},
                          {"intermediate_size", 172},
                          {"num_hidden_layers", 3},
                          {"num_attention_heads", 8},
                          {"num_key_value_heads", 4},
                          {"max_position_embeddings", 512}};
    object["architectures"] = strings{name};
    object["model_type"] = type;
    object.update(more);
    put("config.json", object.dump());
    const std::string message = test::error_of([&] { read_config(directory_); });
    EXPECT_TRUE(test::says(message, {path("config.json").string()}));
    return message;
  }
};

struct refusal {
  const char* key;
  files::json value;
  const char* feature;
};

TEST_F(unsupported_models_test, settings_are_refused_with_the_missing_feature) {
  const std::vector<refusal> settings = {
      {"hidden_act", "gelu", "\"gelu\"; only \"silu\""},
      {"quantization_config", {{"bits", 4}}, "quantised weights"},
      {"mlp_bias", true, "biases in the feed-forward"},
      {"attn_logit_softcapping", 50.0, "soft-capped logits"},
      {"final_logit_softcapping", 30, "soft-capped logits"},
      {"num_experts", 8, "mixture of experts"},
      {"num_local_experts", 8, "mixture of experts"},
      {"n_routed_experts", 64, "mixture of experts"},
      {"partial_rotary_factor", 0.5, "partial rotary position"},
      {"rope_scaling", {{"type", "dynamic"}, {"factor", 2.0}}, "\"dynamic\", a scaling that"},
      {"rope_scaling", {{"rope_type", "yarn"}, {"factor", 4.0}}, "\"yarn\", a scaling that"},
      {"rope_scaling", {{"rope_type", "longrope"}}, "\"longrope\", a scaling that"},
      {"rope_parameters", {{"rope_type", "yarn"}}, "\"yarn\", a scaling that"},
      {"rope_parameters",
       {{"rope_theta", 1e4}, {"partial_rotary_factor", 0.25}},
       "partial rotary position"},
      {"rope_parameters",
       {{"full_attention", {{"rope_theta", 1e4}}}},
       "differ from layer to layer"},
      {"layer_types", strings{"full_attention", "sliding_attention", "full_attention"},
       "\"sliding_attention\"; only \"full_attention\""},
      {"layer_types", strings(3, "chunked_attention"), "\"chunked_attention\""},
  };
  for (const auto& [key, value, feature] : settings) {
    for (const auto& [name, type] :
         {std::pair("Qwen2ForCausalLM", "qwen2"), std::pair("LlamaForCausalLM", "llama")}) {
      EXPECT_TRUE(test::says(refusal_of(name, type, {{key, value}}), {key, feature})) << key;
    }
  }
  EXPECT_TRUE(test::says(refusal_of("MistralForCausalLM", "mistral", {{"attention_bias", true}}),
                         {"attention_bias", "MistralForCausalLM"}));
  EXPECT_TRUE(test::says(refusal_of("MistralForCausalLM", "mistral", {{"sliding_window", 256}}),
                         {"sliding windows shorter than the context"}));
}

TEST_F(unsupported_models_test, families_are_refused_with_the_missing_feature) {
  const auto refused = [&](const char* name, const char* type, const char* feature) {
    return test::says(refusal_of(name, type, files::json::object()),
                      {name, feature, "known are", "LlamaForCausalLM"});
  };
  EXPECT_TRUE(refused("MixtralForCausalLM", "mixtral", "needs mixture of experts"));
  EXPECT_TRUE(refused("Gemma2ForCausalLM", "gemma2", "needs soft-capped logits"));
  EXPECT_TRUE(refused("Phi3ForCausalLM", "phi3", "needs fused projections"));
  EXPECT_TRUE(refused("GPT2LMHeadModel", "gpt2", "needs learned positions"));
  EXPECT_TRUE(refused("GPTNeoXForCausalLM", "gpt_neox", "needs partial rotary position"));
  EXPECT_TRUE(refused("BertModel", "bert", "needs a bidirectional encoder"));
}

TEST(unsupported_models, are_listed_once_and_are_not_supported) {
  std::set<std::string_view> seen;
  for (const unsupported_model& each : unsupported_models) {
    EXPECT_TRUE(seen.insert(each.model_type).second) << each.model_type;
    EXPECT_EQ(find_model_type(each.model_type), nullptr) << each.model_type;
    EXPECT_EQ(missing_feature(each.model_type), each.feature);
    EXPECT_FALSE(each.feature.empty());
  }
  EXPECT_EQ(missing_feature("llama"), "");
}

}  // namespace unsupported_models_test
}  // namespace radlads::io
