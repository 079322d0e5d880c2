// SPDX-License-Identifier: Apache-2.0
#pragma once
// Models of other families by what they need that this library does not compute, so that a refusal
// names it.

#include <array>
#include <string_view>

namespace radlads::io {

/// A "model_type" that cannot be read, and the first thing that is missing for it.
struct unsupported_model {
  std::string_view model_type;
  std::string_view feature;
};

inline constexpr std::string_view experts_feature = "mixture of experts";
inline constexpr std::string_view partial_rotary_feature = "partial rotary position";
inline constexpr std::string_view learned_positions_feature = "learned positions";
inline constexpr std::string_view alibi_feature = "ALiBi positions";
inline constexpr std::string_view layer_norm_feature = "layer norms";
inline constexpr std::string_view fused_feature = "fused projections";
inline constexpr std::string_view image_feature = "an image encoder";
inline constexpr std::string_view encoder_feature = "a bidirectional encoder";
inline constexpr std::string_view state_space_feature = "state-space layers of its own";
inline constexpr std::string_view delta_feature = "gated DeltaNet layers of its own";

inline constexpr std::array<unsupported_model, 46> unsupported_models{{
    {"mixtral", experts_feature},
    {"qwen2_moe", experts_feature},
    {"qwen3_moe", experts_feature},
    {"olmoe", experts_feature},
    {"phimoe", experts_feature},
    {"granitemoe", experts_feature},
    {"dbrx", experts_feature},
    {"llama4", experts_feature},
    {"llama4_text", experts_feature},
    {"gpt_oss", experts_feature},
    {"glm4_moe", experts_feature},
    {"deepseek_v2", "multi-head latent attention"},
    {"deepseek_v3", "multi-head latent attention"},
    {"gemma", "norms whose weights have one added"},
    {"gemma2", "soft-capped logits"},
    {"gemma3", "sliding windows"},
    {"gemma3_text", "sliding windows"},
    {"cohere", "parallel blocks"},
    {"cohere2", "parallel blocks"},
    {"falcon", "parallel blocks"},
    {"gptj", "parallel blocks"},
    {"phi", partial_rotary_feature},
    {"gpt_neox", partial_rotary_feature},
    {"stablelm", partial_rotary_feature},
    {"nemotron", partial_rotary_feature},
    {"glm", partial_rotary_feature},
    {"glm4", partial_rotary_feature},
    {"gpt2", learned_positions_feature},
    {"gpt_neo", learned_positions_feature},
    {"gpt_bigcode", learned_positions_feature},
    {"opt", learned_positions_feature},
    {"bloom", alibi_feature},
    {"mpt", alibi_feature},
    {"starcoder2", layer_norm_feature},
    {"olmo", layer_norm_feature},
    {"olmo2", "norms behind the mixers"},
    {"olmo3", "norms behind the mixers"},
    {"phi3", fused_feature},
    {"internlm2", fused_feature},
    {"granite", "multipliers of embeddings, residuals and logits"},
    {"smollm3", "layers without rotary position"},
    {"qwen2_vl", image_feature},
    {"qwen3_next", delta_feature},
    {"qwen3_5", delta_feature},
    {"mamba2", state_space_feature},
    {"bert", encoder_feature},
}};

/// What a "model_type" needs and this library lacks, or nothing when the type is not in the table.
inline std::string_view missing_feature(std::string_view model_type) {
  for (const unsupported_model& each : unsupported_models) {
    if (each.model_type == model_type) return each.feature;
  }
  return {};
}

}  // namespace radlads::io
