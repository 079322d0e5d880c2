// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV6 students of Qwen teachers. Their reader has fixed ranks where the mixer has a formula.

#include "radlads/io/huggingface/architecture.hpp"

#include <cstdint>
#include <string_view>

namespace radlads::io::huggingface {

constexpr fixed_ranks rad_rwkv6_ranks(std::int64_t hidden) {
  return hidden >= 4096 ? fixed_ranks{128, 64} : fixed_ranks{64, 32};
}

/// With q/k norms the class has a name of its own, so that a reader without them refuses the model
/// instead of ignoring them.
constexpr architecture rad_rwkv6_class(std::string_view name, std::string_view model_type,
                                       bool qk_norm) {
  return {.name = name,
          .model_type = model_type,
          .mixer = "rad_rwkv6",
          .qk_norm = qk_norm,
          .biases = bias_rule::apart,
          .uses_rope = false,
          .uses_token_shift = true,
          .gate_rank_type = 1,
          .ranks = rad_rwkv6_ranks};
}

inline constexpr architecture rad_rwkv6_qwen2 =
    rad_rwkv6_class("RWKV6Qwen2ForCausalLM", "rwkv6qwen2", false);
inline constexpr architecture rad_rwkv6_qwen3 =
    rad_rwkv6_class("RWKV6Qwen3ForCausalLM", "rwkv6qwen3", true);

}  // namespace radlads::io::huggingface
