// SPDX-License-Identifier: Apache-2.0
#pragma once
// config.json of a model directory to a model description. What this library cannot compute as the
// file asks is an error here, not a wrong answer later.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/io/generation_config.hpp"
#include "radlads/models/config.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {

/// One config.json on its way to a description.
class config_reader {
 public:
  explicit config_reader(const std::filesystem::path& path)
      : where_(path.string()), object_(files::read_json(path)), class_(find_class()) {}

  models::config read() const {
    refuse_unsupported();
    models::config c;
    c.vocabulary = size("vocab_size");
    c.hidden = size("hidden_size");
    c.intermediate = size("intermediate_size");
    c.layers = size("num_hidden_layers");
    require(c.layers <= max_layers, where_, ": \"num_hidden_layers\" is ", c.layers,
            ", more than the ", max_layers, " allowed");
    c.max_positions = size("max_position_embeddings");
    c.norm_epsilon = positive("rms_norm_eps", 1e-6);
    c.rope_base = rope_base();
    c.is_tied = flag("tie_word_embeddings", false);
    c.bos = find<std::int32_t>("bos_token_id");
    c.pad = find<std::int32_t>("pad_token_id");
    c.eos = token_list(object_, "eos_token_id", where_);
    read_heads(c);
    read_biases(c);
    c.mixers = mixers(c.layers);
    if (!class_.is_softmax()) read_options(c);
    return c;
  }

 private:
  static constexpr std::int64_t max_layers = 100'000;

  template <class T>
  std::optional<T> find(const std::string& key) const {
    return files::json_find<T>(object_, key, where_);
  }

  bool flag(const std::string& key, bool fallback) const {
    return find<bool>(key).value_or(fallback);
  }

  // 32 bits, so that the product of two sizes cannot overflow.
  std::int64_t checked_size(const std::string& key, std::int32_t value) const {
    require(value > 0, where_, ": \"", key, "\" must be positive, found ", value);
    return value;
  }
  std::int64_t size(const std::string& key) const {
    return checked_size(key, files::json_get<std::int32_t>(object_, key, where_));
  }
  std::optional<std::int64_t> find_size(const std::string& key) const {
    const auto value = find<std::int32_t>(key);
    if (!value) return std::nullopt;
    return checked_size(key, *value);
  }

  double positive(const std::string& key, double fallback) const {
    const double value = find<double>(key).value_or(fallback);
    require(value > 0, where_, ": \"", key, "\" must be positive, found ", value);
    return value;
  }

  bool has(const std::string& key) const {
    return object_.contains(key) && !object_[key].is_null();
  }

  const architecture& find_class() const {
    const auto names = files::json_get<std::vector<std::string>>(object_, "architectures", where_);
    require(!names.empty(), where_, ": \"architectures\" is empty");
    const architecture* found = find_architecture(names[0]);
    require(found != nullptr, where_, ": the architecture is ", names[0], "; known are ",
            architecture_names());
    return *found;
  }

  void refuse_unsupported() const {
    const std::string activation = find<std::string>("hidden_act").value_or("silu");
    require(activation == "silu", where_, ": \"hidden_act\" is \"", activation,
            "\"; only \"silu\" is supported");
    for (const char* key : {"rope_scaling", "quantization_config"}) {
      require(!has(key), where_, ": \"", key, "\" is ",
              has(key) ? files::json_quote(object_[key]) : "", "; only null is supported");
    }
    for (const char* key : {"use_sliding_window", "mlp_bias"}) {
      require(!flag(key, false), where_, ": \"", key, "\" is true, which is not supported");
    }
    if (!class_.is_softmax()) return;
    for (const auto& type : find<std::vector<std::string>>("layer_types").value_or(strings())) {
      require(type == "full_attention", where_, ": \"layer_types\" names \"", type,
              "\"; only \"full_attention\" is supported");
    }
  }

  // Older files have rope_theta; transformers from version 5 on writes rope_parameters.
  double rope_base() const {
    const auto parameters = find<files::json>("rope_parameters");
    if (!parameters) return positive("rope_theta", 1e4);
    const std::string place = where_ + ", \"rope_parameters\"";
    const auto type =
        files::json_find<std::string>(*parameters, "rope_type", place).value_or("default");
    require(type == "default", place, ": \"rope_type\" is \"", type,
            "\"; only \"default\" is supported");
    const double base = files::json_get<double>(*parameters, "rope_theta", place);
    require(base > 0, place, ": \"rope_theta\" must be positive, found ", base);
    return base;
  }

  void read_heads(models::config& c) const {
    c.heads = size("num_attention_heads");
    // Only Llama files may leave it out, and then every head has its own key and value.
    c.kv_heads = class_.model_type == "llama" ? find_size("num_key_value_heads").value_or(c.heads)
                                              : size("num_key_value_heads");
    require(c.heads % c.kv_heads == 0, where_, ": \"num_attention_heads\" is ", c.heads,
            ", not a multiple of \"num_key_value_heads\", which is ", c.kv_heads);
    if (const auto given = find_size("head_dim")) {
      c.head_size = *given;
    } else if (class_.model_type == "qwen3") {
      c.head_size = 128;
    } else {
      require(c.hidden % c.heads == 0, where_, ": \"hidden_size\" is ", c.hidden,
              ", not a multiple of \"num_attention_heads\", which is ", c.heads,
              ", and \"head_dim\" is missing");
      c.head_size = c.hidden / c.heads;
    }
  }

  void read_biases(models::config& c) const {
    const bool is_apart = class_.biases == bias_rule::apart;
    c.qkv_bias = class_.biases == bias_rule::qwen2 || flag("attention_bias", is_apart);
    c.output_bias = is_apart ? flag("attention_output_bias", false)
                             : class_.biases == bias_rule::together && c.qkv_bias;
    c.qk_norm = class_.mixer.empty() ? flag("qk_norm", false) : class_.qk_norm;
  }

  std::vector<std::string> mixers(std::int64_t layers) const {
    const auto count = static_cast<std::size_t>(layers);
    const auto at_end = find<std::int32_t>("num_attention_layers").value_or(0);
    require(at_end >= 0 && at_end <= layers, where_, ": \"num_attention_layers\" is ", at_end,
            " of ", layers, " layers");
    std::vector<std::string> names(count, std::string(class_.mixer));
    for (std::size_t i = count - static_cast<std::size_t>(at_end); i < count; ++i) {
      names[i] = softmax_mixer;
    }
    const auto listed = find<std::vector<std::string>>("radlads_mixers");
    if (!listed) {
      require(!class_.mixer.empty(), where_,
              ": key \"radlads_mixers\" is missing; expected a list, ",
              "each the name of a layer's mixer");
      return names;
    }
    require(listed->size() == count, where_, ": \"radlads_mixers\" names ", listed->size(),
            " mixers for ", layers, " layers");
    require(!class_.is_softmax() || *listed == names, where_,
            ": \"radlads_mixers\" names other mixers than softmax attention, which ", class_.name,
            " cannot have");
    require(at_end == 0 || *listed == names, where_, ": \"num_attention_layers\" is ", at_end,
            ", which \"radlads_mixers\" contradicts");
    return *listed;
  }

  // Absent keys of the RWKV classes mean what their own reader takes, which for RoPE in RAD-RWKV7
  // is not the mixer's default.
  void read_options(models::config& c) const {
    layers::mixer_options& o = c.options;
    o.use_rope = find<bool>("use_rope");
    o.balance_state = find<bool>("balance_state");
    o.group_norm = find<bool>("groupnorm_att");
    o.token_shift = find<bool>("use_tokenshift");
    o.gate_rank_type = find<std::int32_t>("gate_rank_type");
    require(o.gate_rank_type.value_or(0) >= 0 && o.gate_rank_type.value_or(0) <= 2, where_,
            ": \"gate_rank_type\" is ", o.gate_rank_type.value_or(0), ", expected 0, 1 or 2");
    if (!class_.mixer.empty()) {
      o.use_rope = o.use_rope.value_or(false);
      o.balance_state = o.balance_state.value_or(true);
      o.group_norm = o.group_norm.value_or(false);
      o.token_shift = o.token_shift.value_or(class_.uses_token_shift);
      o.gate_rank_type = o.gate_rank_type.value_or(class_.gate_rank_type);
    }
    // The reader of RAD-RWKV6 files has fixed ranks where the mixer has a formula.
    const bool is_rwkv6 = class_.mixer == "rad_rwkv6";
    const bool is_wide = c.hidden >= 4096;
    o.rank_decay = rank("lora_rank_decay", is_rwkv6 ? (is_wide ? 128 : 64) : 0);
    o.rank_token_shift = rank("lora_rank_tokenshift", is_rwkv6 ? (is_wide ? 64 : 32) : 0);
    o.rank_iclr = rank("lora_rank_iclr", 0);
    o.rank_value_mix = rank("lora_rank_value_residual_mix", 0);
    o.rank_gate = rank("lora_rank_gate", 0);
  }

  std::int64_t rank(const std::string& key, std::int64_t fallback) const {
    const std::int64_t value = find<std::int32_t>(key).value_or(fallback);
    require(value >= 0, where_, ": \"", key, "\" must not be negative, found ", value);
    return value;
  }

  using strings = std::vector<std::string>;

  std::string where_;
  files::json object_;
  const architecture& class_;
};

/// Reads config.json of a model directory, and of generation_config.json, where there is one, the
/// tokens that end a text: each of either file does. Throws naming the file, the key, and what was
/// expected and found; for an unknown architecture it lists the known ones.
inline models::config read_config(const std::filesystem::path& directory) {
  models::config c = config_reader(directory / "config.json").read();
  const files::json generation = read_generation_config(directory);
  const std::string where = (directory / generation_config_name).string();
  for (const std::int32_t id : token_list(generation, "eos_token_id", where)) add_token(c.eos, id);
  return c;
}

}  // namespace radlads::io
