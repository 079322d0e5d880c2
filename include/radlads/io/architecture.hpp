// SPDX-License-Identifier: Apache-2.0
#pragma once
// The model classes of Hugging Face files that can be read and written, and which of them a model
// description is.

#include "radlads/models/config.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::io {

/// The name of the softmax mixer in model descriptions.
inline constexpr std::string_view softmax_mixer = "attention";

/// Where a class takes its biases from.
enum class bias_rule {
  qwen2,  ///< always on q, k, v and never on o
  never,
  together,  ///< attention_bias for all four
  apart      ///< attention_bias for q, k, v; attention_output_bias for o
};

/// One class. Those of recurrent mixers have three defaults of their own; the last two members are
/// what an absent key means to the class's own reader.
struct architecture {
  std::string_view name;  ///< in "architectures"
  std::string_view model_type;
  std::string_view mixer;  ///< of every layer; empty when only radlads_mixers says
  bool qk_norm;
  bias_rule biases;
  bool uses_rope = true;
  bool uses_token_shift = false;
  int gate_rank_type = 0;
  std::int64_t kv_heads = 32;  ///< 0: as many as heads
  std::int64_t max_positions = 32768;

  bool is_softmax() const { return mixer == softmax_mixer; }
};

/// The known classes. Students with q/k norms have a name of their own, so that a reader without
/// them refuses the model instead of ignoring them. The last one, which no other program knows, is
/// for layers that no class describes, such as two recurrent mixers in one model.
inline constexpr std::array<architecture, 9> architectures{{
    {"Qwen2ForCausalLM", "qwen2", softmax_mixer, false, bias_rule::qwen2},
    {"Qwen3ForCausalLM", "qwen3", softmax_mixer, true, bias_rule::together},
    {.name = "LlamaForCausalLM",
     .model_type = "llama",
     .mixer = softmax_mixer,
     .qk_norm = false,
     .biases = bias_rule::together,
     .kv_heads = 0,
     .max_positions = 2048},
    {.name = "MistralForCausalLM",
     .model_type = "mistral",
     .mixer = softmax_mixer,
     .qk_norm = false,
     .biases = bias_rule::never,
     .kv_heads = 8,
     .max_positions = 131072},
    {"RWKV6Qwen2ForCausalLM", "rwkv6qwen2", "rad_rwkv6", false, bias_rule::apart, false, true, 1},
    {"RWKV7Qwen2ForCausalLM", "rwkv7qwen2", "rad_rwkv7", false, bias_rule::apart, true, false, 2},
    {"RWKV6Qwen3ForCausalLM", "rwkv6qwen3", "rad_rwkv6", true, bias_rule::apart, false, true, 1},
    {"RWKV7Qwen3ForCausalLM", "rwkv7qwen3", "rad_rwkv7", true, bias_rule::apart, true, false, 2},
    {"RadladsForCausalLM", "radlads", "", false, bias_rule::apart},
}};

/// The class of that name, or null.
inline const architecture* find_architecture(std::string_view name) {
  for (const architecture& each : architectures) {
    if (each.name == name) return &each;
  }
  return nullptr;
}

/// The class of that "model_type", or null.
inline const architecture* find_model_type(std::string_view type) {
  for (const architecture& each : architectures) {
    if (each.model_type == type) return &each;
  }
  return nullptr;
}

/// Names of all known classes, for messages.
inline std::string architecture_names() {
  std::string names;
  for (const architecture& each : architectures) {
    names += (names.empty() ? "" : ", ") + std::string(each.name);
  }
  return names;
}

/// Whether a class can express the biases of a description.
inline bool has_biases(const architecture& a, const models::config& c) {
  if (a.biases == bias_rule::never) return !c.qkv_bias && !c.output_bias;
  if (a.biases == bias_rule::qwen2) return c.qkv_bias && !c.output_bias;
  return a.biases == bias_rule::apart || c.qkv_bias == c.output_bias;
}

/// Whether a class is all that a description needs, given the mixer of its layers.
inline bool describes(const architecture& a, const models::config& c, std::string_view mixer) {
  return a.mixer == mixer && a.qk_norm == c.qk_norm && has_biases(a, c);
}

/// The class to write a description as: that of its recurrent layers, or of its softmax layers when
/// there are no others, and then of its family if that fits.
inline const architecture& architecture_of(const models::config& c) {
  std::string_view mixer = softmax_mixer;
  for (const std::string& each : c.mixers) {
    if (each == softmax_mixer || each == mixer) continue;
    if (mixer != softmax_mixer) return architectures.back();
    mixer = each;
  }
  const architecture* family = find_model_type(c.family);
  if (family != nullptr && describes(*family, c, mixer)) return *family;
  for (const architecture& each : architectures) {
    if (describes(each, c, mixer)) return each;
  }
  return architectures.back();
}

/// Number of softmax layers at the end when all layers before them are recurrent, else -1: the
/// only hybrids that the key num_attention_layers can express.
inline std::int64_t softmax_layers_at_end(const models::config& c) {
  std::int64_t count = 0;
  for (const std::string& each : c.mixers) {
    if (each == softmax_mixer) {
      ++count;
    } else if (count > 0) {
      return -1;
    }
  }
  return count;
}

}  // namespace radlads::io
