// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV7 students of Qwen teachers.

#include "radlads/io/huggingface/architecture.hpp"

#include <string_view>

namespace radlads::io::huggingface {

/// With q/k norms the class has a name of its own, as RAD-RWKV6 has.
constexpr architecture rad_rwkv7_class(std::string_view name, std::string_view model_type,
                                       bool qk_norm) {
  return {.name = name,
          .model_type = model_type,
          .mixer = "rad_rwkv7",
          .qk_norm = qk_norm,
          .biases = bias_rule::apart,
          .gate_rank_type = 2,
          .names_softmax_layers_at_end = true};
}

inline constexpr architecture rad_rwkv7_qwen2 =
    rad_rwkv7_class("RWKV7Qwen2ForCausalLM", "rwkv7qwen2", false);
inline constexpr architecture rad_rwkv7_qwen3 =
    rad_rwkv7_class("RWKV7Qwen3ForCausalLM", "rwkv7qwen3", true);

/// The tensor by which a mixer in a file is known as RAD-RWKV7's.
inline constexpr std::string_view rad_rwkv7_mark = "w0";

/// Whether files have a tensor of the mixer that its reader keeps but never uses: r_k; k_k and k_a
/// beside balanced keys; v0, v1, v2 of the first layer.
constexpr bool is_unused_in_rad_rwkv7(std::string_view field, bool is_first_layer) {
  return field == "r_k" || field == "k_k" || field == "k_a" ||
         (is_first_layer && (field == "v0" || field == "v1" || field == "v2"));
}

}  // namespace radlads::io::huggingface
