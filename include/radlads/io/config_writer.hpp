// SPDX-License-Identifier: Apache-2.0
#pragma once
// A model description to config.json. Mixers per layer are in our own key
// radlads_mixers: to other readers layer_types means kinds of softmax attention.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/generation_config.hpp"
#include "radlads/io/rope_reader.hpp"
#include "radlads/models/config.hpp"

#include <cstdint>
#include <filesystem>
#include <string_view>

namespace radlads::io {

namespace detail {

/// The name config.json has for a floating-point type, such as "bfloat16".
inline std::string_view torch_dtype_name(dtype type) {
  if (type == dtype::f32) return "float32";
  if (type == dtype::f16) return "float16";
  if (type == dtype::bf16) return "bfloat16";
  require(type == dtype::f64, "write_config: a model cannot be stored as ", dtype_name(type));
  return "float64";
}

/// The keys of a student that its class has beside those of its teacher.
inline void add_student_keys(const models::config& c, const architecture& a, files::json& out) {
  const layers::mixer_options& o = c.options;
  const bool is_described = !a.mixer.empty();
  const auto set = [&](const char* key, const auto& option, auto fallback) {
    if (option || is_described) out[key] = option.value_or(fallback);
  };
  out["attention_output_bias"] = c.output_bias;
  out["radlads_mixers"] = c.mixers;
  set("use_rope", o.use_rope, a.uses_rope);
  set("balance_state", o.balance_state, true);
  set("groupnorm_att", o.group_norm, false);
  set("use_tokenshift", o.token_shift, a.uses_token_shift);
  set("gate_rank_type", o.gate_rank_type, a.gate_rank_type);
  const auto set_rank = [&](const char* key, std::int64_t rank) {
    if (rank > 0) out[key] = rank;
  };
  set_rank("lora_rank_decay", o.rank_decay);
  set_rank("lora_rank_iclr", o.rank_iclr);
  set_rank("lora_rank_value_residual_mix", o.rank_value_mix);
  set_rank("lora_rank_gate", o.rank_gate);
  set_rank("lora_rank_tokenshift", o.rank_token_shift);
  if (!is_described) out["qk_norm"] = c.qk_norm;
  if (a.names_softmax_layers_at_end && softmax_layers_at_end(c) >= 0) {
    out["num_attention_layers"] = softmax_layers_at_end(c);
  }
  const bool has_shift = o.token_shift.value_or(true);
  require(a.ranks == nullptr || (o.rank_decay > 0 && (!has_shift || o.rank_token_shift > 0)),
          "write_config: rank_decay is ", o.rank_decay, " and rank_token_shift ",
          o.rank_token_shift, "; a file of ", a.name, " must name both, since its readers do not ",
          "have the mixer's formula");
}

}  // namespace detail

/// Writes config.json of a model directory; `stored_as` is the type of the tensors beside it. Every
/// key that a reader would otherwise guess is written. There is no auto_map: it points to Python
/// files, which this library does not ship.
inline void write_config(const models::config& c, dtype stored_as,
                         const std::filesystem::path& directory) {
  models::check(c);
  const architecture& a = architecture_of(c);
  files::json out = {{"architectures", {a.name}},
                     {"model_type", a.model_type},
                     {"vocab_size", c.vocabulary},
                     {"hidden_size", c.hidden},
                     {"intermediate_size", c.intermediate},
                     {"num_hidden_layers", c.layers},
                     {"num_attention_heads", c.heads},
                     {"num_key_value_heads", c.kv_heads},
                     {"head_dim", c.head_size},
                     {"hidden_act", "silu"},
                     {"max_position_embeddings", c.max_positions},
                     {"rms_norm_eps", c.norm_epsilon},
                     {"tie_word_embeddings", c.is_tied},
                     {"use_sliding_window", false},
                     {"torch_dtype", detail::torch_dtype_name(stored_as)}};
  write_rope({c.rope_base, c.rope_scaling}, out);
  // Where the class has a window of its own, an absent key would mean that one.
  if (a.window > 0) out["sliding_window"] = nullptr;
  out["bos_token_id"] = c.bos ? files::json(*c.bos) : files::json();
  if (c.pad) out["pad_token_id"] = *c.pad;
  out["eos_token_id"] = token_json(c.eos);
  const bool has_key = a.biases != bias_rule::qwen2 && a.biases != bias_rule::never;
  if (has_key) out["attention_bias"] = c.qkv_bias;
  if (!c.family.empty() && !a.is_softmax()) out["radlads_family"] = c.family;
  if (!a.is_softmax()) detail::add_student_keys(c, a, out);
  files::write_json(directory / "config.json", out);
}

}  // namespace radlads::io
