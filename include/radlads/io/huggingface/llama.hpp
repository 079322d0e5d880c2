// SPDX-License-Identifier: Apache-2.0
#pragma once
// Llama 2 and 3, and the many models that are written as one.

#include "radlads/io/huggingface/architecture.hpp"

namespace radlads::io::huggingface {

inline constexpr architecture llama{
    .name = "LlamaForCausalLM", .model_type = "llama", .kv_heads = 0, .max_positions = 2048};

}  // namespace radlads::io::huggingface
