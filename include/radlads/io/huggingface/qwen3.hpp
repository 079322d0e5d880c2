// SPDX-License-Identifier: Apache-2.0
#pragma once
// Qwen3: norms of q and k, heads of 128 whatever the width.

#include "radlads/io/huggingface/architecture.hpp"

namespace radlads::io::huggingface {

inline constexpr architecture qwen3{
    .name = "Qwen3ForCausalLM", .model_type = "qwen3", .qk_norm = true, .head_size = 128};

}  // namespace radlads::io::huggingface
