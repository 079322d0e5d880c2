// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a model class of Hugging Face files says of itself. Each family has a file of its own beside
// this one; families.hpp lists them.

#include <cstdint>
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

/// Ranks that a class's own reader takes where a file names none; 0 leaves it to the mixer.
struct fixed_ranks {
  std::int64_t decay = 0;
  std::int64_t token_shift = 0;
};

/// One class: its names, and what an absent key of config.json means to its own reader.
struct architecture {
  std::string_view name;  ///< in "architectures"
  std::string_view model_type;
  std::string_view mixer = softmax_mixer;  ///< of every layer; empty when only radlads_mixers says
  bool qk_norm = false;
  bias_rule biases = bias_rule::together;
  std::int64_t kv_heads = 32;  ///< 0: as many as heads
  std::int64_t max_positions = 32768;
  std::int64_t head_size = 0;  ///< 0: the width over the number of heads
  std::int64_t window = 0;     ///< tokens; 0: a window slides only where use_sliding_window says so

  // Of recurrent mixers.
  bool uses_rope = true;
  bool uses_token_shift = false;
  int gate_rank_type = 0;
  fixed_ranks (*ranks)(std::int64_t hidden) = nullptr;
  bool names_softmax_layers_at_end = false;  ///< by the key num_attention_layers

  bool is_softmax() const { return mixer == softmax_mixer; }
};

}  // namespace radlads::io
