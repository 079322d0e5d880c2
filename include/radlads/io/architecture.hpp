// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which model class of Hugging Face files a name means, and which of them a model description is.

#include "radlads/io/huggingface/families.hpp"
#include "radlads/models/config.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::io {

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

/// The ranks of the mixer's class where a file names none; zeros where it has no class or no such
/// ranks.
inline fixed_ranks ranks_of_class(std::string_view mixer, std::int64_t hidden) {
  for (const architecture& each : architectures) {
    if (each.mixer == mixer && each.ranks != nullptr) return each.ranks(hidden);
  }
  return {};
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
