// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tensor names of GGUF files of transformers, and those of Hugging Face for the same tensors.

#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>

namespace radlads::io {

struct gguf_name_pair {
  std::string_view gguf, huggingface;
};

/// Divisors of the rotary frequencies of Llama 3.1 and later.
inline constexpr std::string_view rope_factors_name = "rope_freqs.weight";

/// Tensors of a whole model.
inline constexpr std::array<gguf_name_pair, 3> gguf_model_names{
    {{"token_embd.weight", "model.embed_tokens.weight"},
     {"output_norm.weight", "model.norm.weight"},
     {"output.weight", "lm_head.weight"}}};

/// Tensors of one layer: behind "blk.N." and "model.layers.N.", before ".weight" or ".bias".
inline constexpr std::array<gguf_name_pair, 11> gguf_layer_names{
    {{"attn_norm", "input_layernorm"},
     {"ffn_norm", "post_attention_layernorm"},
     {"attn_q", "self_attn.q_proj"},
     {"attn_k", "self_attn.k_proj"},
     {"attn_v", "self_attn.v_proj"},
     {"attn_output", "self_attn.o_proj"},
     {"attn_q_norm", "self_attn.q_norm"},
     {"attn_k_norm", "self_attn.k_norm"},
     {"ffn_gate", "mlp.gate_proj"},
     {"ffn_up", "mlp.up_proj"},
     {"ffn_down", "mlp.down_proj"}}};

/// The Hugging Face name of a GGUF tensor, or nothing for one that no known model has.
inline std::optional<std::string> huggingface_name(std::string_view gguf) {
  for (const gguf_name_pair& each : gguf_model_names) {
    if (each.gguf == gguf) return std::string(each.huggingface);
  }
  constexpr std::string_view prefix = "blk.";
  const std::size_t dot = gguf.find('.', prefix.size());
  const std::size_t end = gguf.rfind('.');
  if (!gguf.starts_with(prefix) || dot == std::string_view::npos || end <= dot) return std::nullopt;
  const std::string_view layer = gguf.substr(prefix.size(), dot - prefix.size());
  const std::string_view part = gguf.substr(dot + 1, end - dot - 1), kind = gguf.substr(end);
  const bool is_number =
      !layer.empty() && layer.find_first_not_of("0123456789") == std::string_view::npos;
  if (!is_number || (kind != ".weight" && kind != ".bias")) return std::nullopt;
  for (const gguf_name_pair& each : gguf_layer_names) {
    if (each.gguf != part) continue;
    return "model.layers." + std::string(layer) + "." + std::string(each.huggingface) +
           std::string(kind);
  }
  return std::nullopt;
}

}  // namespace radlads::io
