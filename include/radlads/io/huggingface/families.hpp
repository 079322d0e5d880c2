// SPDX-License-Identifier: Apache-2.0
#pragma once
// The model classes that can be read and written. A description is written as the first that fits.

#include "radlads/io/huggingface/architecture.hpp"
#include "radlads/io/huggingface/llama.hpp"
#include "radlads/io/huggingface/mistral.hpp"
#include "radlads/io/huggingface/qwen2.hpp"
#include "radlads/io/huggingface/qwen3.hpp"
#include "radlads/io/huggingface/rad_rwkv6.hpp"
#include "radlads/io/huggingface/rad_rwkv7.hpp"

#include <array>

namespace radlads::io {

/// The last one, which no other program knows, is for layers that no class describes, such as two
/// recurrent mixers in one model.
inline constexpr std::array architectures{
    huggingface::qwen2,
    huggingface::qwen3,
    huggingface::llama,
    huggingface::mistral,
    huggingface::rad_rwkv6_qwen2,
    huggingface::rad_rwkv7_qwen2,
    huggingface::rad_rwkv6_qwen3,
    huggingface::rad_rwkv7_qwen3,
    architecture{.name = "RadladsForCausalLM",
                 .model_type = "radlads",
                 .mixer = "",
                 .biases = bias_rule::apart},
};

}  // namespace radlads::io
