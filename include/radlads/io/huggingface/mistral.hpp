// SPDX-License-Identifier: Apache-2.0
#pragma once
// Mistral: no biases; without a key to the contrary attention sees 4096 tokens.

#include "radlads/io/huggingface/architecture.hpp"

namespace radlads::io::huggingface {

inline constexpr architecture mistral{.name = "MistralForCausalLM",
                                      .model_type = "mistral",
                                      .biases = bias_rule::never,
                                      .kv_heads = 8,
                                      .max_positions = 131072,
                                      .window = 4096};

}  // namespace radlads::io::huggingface
