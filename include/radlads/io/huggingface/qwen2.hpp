// SPDX-License-Identifier: Apache-2.0
#pragma once
// Qwen2 and Qwen2.5: biases on q, k and v.

#include "radlads/io/huggingface/architecture.hpp"

namespace radlads::io::huggingface {

inline constexpr architecture qwen2{
    .name = "Qwen2ForCausalLM", .model_type = "qwen2", .biases = bias_rule::qwen2};

}  // namespace radlads::io::huggingface
