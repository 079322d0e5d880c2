// SPDX-License-Identifier: Apache-2.0
#pragma once
// config.json of a model directory to a model description. What this library cannot compute as the
// file asks is an error here, not a wrong answer later.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/io/generation_config.hpp"
#include "radlads/io/rope_reader.hpp"
#include "radlads/io/unsupported_models.hpp"
#include "radlads/models/config.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
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
    using limits = models::size_limits;
    c.vocabulary = size("vocab_size", limits::vocabulary);
    c.hidden = size("hidden_size", limits::hidden);
    c.intermediate = size("intermediate_size", limits::intermediate);
    c.layers = size("num_hidden_layers", limits::layers);
    c.max_positions = find_size("max_position_embeddings").value_or(class_.max_positions);
    c.norm_epsilon = epsilon();
    const ops::rope_frequencies rope = read_rope(object_, where_, c.max_positions);
    c.rope_base = rope.base;
    c.rope_scaling = rope.scaling;
    refuse_windows(c);
    c.is_tied = flag("tie_word_embeddings", false);
    c.bos = find<std::int32_t>("bos_token_id");
    c.pad = find<std::int32_t>("pad_token_id");
    c.eos = token_list(object_, "eos_token_id", where_);
    read_heads(c);
    read_biases(c);
    c.mixers = mixers(c.layers);
    if (!class_.is_softmax()) read_options(c);
    c.family = family(c);
    return c;
  }

 private:
  using strings = std::vector<std::string>;

  template <class T>
  std::optional<T> find(const std::string& key) const {
    return files::json_find<T>(object_, key, where_);
  }

  bool flag(const std::string& key, bool fallback) const {
    return find<bool>(key).value_or(fallback);
  }

  static constexpr std::int64_t no_limit = std::numeric_limits<std::int32_t>::max();

  // 32 bits, so that the product of two sizes cannot overflow.
  std::optional<std::int64_t> find_size(const std::string& key,
                                        std::int64_t limit = no_limit) const {
    const auto value = find<std::int32_t>(key);
    if (!value) return std::nullopt;
    require(*value > 0, where_, ": \"", key, "\" must be positive, found ", *value);
    require(*value <= limit, where_, ": \"", key, "\" is ", *value, ", more than the ", limit,
            " allowed, which no published model comes near");
    return *value;
  }
  std::int64_t size(const std::string& key, std::int64_t limit = no_limit) const {
    (void)files::json_get<std::int32_t>(object_, key, where_);
    return *find_size(key, limit);
  }

  double epsilon() const {
    const double value = find<double>("rms_norm_eps").value_or(1e-6);
    require(value > 0, where_, ": \"rms_norm_eps\" must be positive, found ", value);
    return value;
  }

  bool has(const std::string& key) const {
    return object_.contains(key) && !object_[key].is_null();
  }

  // The class that "architectures" names or, as transformers has it, the one of "model_type": files
  // of a model without its head are named LlamaModel, for one.
  const architecture& find_class() const {
    const auto names = find<strings>("architectures").value_or(strings());
    const std::string name = names.empty() ? "" : names[0];
    const std::string type = find<std::string>("model_type").value_or("");
    const architecture* const named = find_architecture(name);
    const architecture* const typed = find_model_type(type);
    require(named == nullptr || typed == nullptr || named == typed, where_,
            ": \"architectures\" is ", name, ", which \"model_type\" contradicts: it is \"", type,
            "\"");
    if (named != nullptr) return *named;
    const bool is_decoder =
        name.empty() || name.ends_with("Model") || name.ends_with("ForCausalLM");
    if (typed != nullptr && is_decoder && !has("auto_map")) return *typed;
    require(!name.empty() || !type.empty(), where_,
            ": neither \"architectures\" nor \"model_type\" names a model class; known are ",
            architecture_names());
    const std::string_view feature = missing_feature(type);
    fail(where_, ": the architecture is ", name.empty() ? type : name,
         feature.empty() ? "" : concatenate(", which needs ", feature), "; known are ",
         architecture_names());
  }

  void refuse_unsupported() const {
    const std::string activation = find<std::string>("hidden_act").value_or("silu");
    require(activation == "silu" || activation == "swish", where_, ": \"hidden_act\" is \"",
            activation, "\"; only \"silu\", also called \"swish\", is supported");
    require(!has("quantization_config"), where_,
            ": \"quantization_config\" is given; quantised weights are not supported");
    require(!flag("mlp_bias", false), where_,
            ": \"mlp_bias\" is true; biases in the feed-forward are not supported");
    require(class_.biases != bias_rule::never || !flag("attention_bias", false), where_,
            ": \"attention_bias\" is true, which is not supported for ", class_.name);
    for (const char* key : {"attn_logit_softcapping", "final_logit_softcapping"}) {
      require(!find<double>(key), where_, ": \"", key,
              "\" is given; soft-capped logits are not supported");
    }
    for (const char* key : {"num_experts", "num_local_experts", "n_routed_experts"}) {
      const std::int32_t count = find<std::int32_t>(key).value_or(0);
      require(count <= 1, where_, ": \"", key, "\" is ", count,
              "; mixture of experts is not supported");
    }
  }

  // A window of the whole context hides nothing. Absent keys mean what they do in transformers:
  // a class without a window of its own has one only where use_sliding_window says so, from layer
  // max_window_layers on, and then of 4096 tokens.
  void refuse_windows(const models::config& c) const {
    const bool has_own = class_.window > 0;
    const bool is_given = object_.contains("sliding_window");
    std::optional<std::int64_t> window = find_size("sliding_window");
    if (!is_given) window = has_own ? class_.window : 4096;
    if (!has_own && !flag("use_sliding_window", false)) window.reset();
    bool slides = has_own || find<std::int32_t>("max_window_layers").value_or(28) < c.layers;
    const auto types = find<strings>("layer_types");
    if (types && class_.is_softmax()) {
      slides = false;
      for (const std::string& type : *types) {
        slides = slides || type == "sliding_attention";
        require(type == "full_attention" || (type == "sliding_attention" && window), where_,
                ": \"layer_types\" names \"", type, "\"; only \"full_attention\" is supported");
      }
    }
    require(!window || !slides || *window >= c.max_positions, where_, ": \"sliding_window\" is ",
            is_given ? "" : "absent, which means ", window.value_or(0), " of a context of ",
            c.max_positions, "; sliding windows shorter than the context are not supported");
  }

  void read_heads(models::config& c) const {
    c.heads = size("num_attention_heads", models::size_limits::heads);
    c.kv_heads = kv_heads(c.heads);
    require(c.heads % c.kv_heads == 0, where_, ": \"num_attention_heads\" is ", c.heads,
            ", not a multiple of \"num_key_value_heads\", which is ", c.kv_heads);
    if (const auto given = find_size("head_dim", models::size_limits::head_size)) {
      c.head_size = *given;
    } else if (class_.head_size > 0) {
      c.head_size = class_.head_size;
    } else {
      require(c.hidden % c.heads == 0, where_, ": \"hidden_size\" is ", c.hidden,
              ", not a multiple of \"num_attention_heads\", which is ", c.heads,
              ", and \"head_dim\" is missing");
      c.head_size = c.hidden / c.heads;
    }
    constexpr std::int64_t limit = models::size_limits::attention_width;
    require(c.heads * c.head_size <= limit, where_, ": \"num_attention_heads\" is ", c.heads,
            " and \"head_dim\" ", c.head_size, ", together wider than the ", limit, " allowed");
  }

  // Null is a key and value for each head. An absent key is the class's own number, where it fits.
  std::int64_t kv_heads(std::int64_t heads) const {
    const char* const key = "num_key_value_heads";
    const bool is_own = !object_.contains(key) && class_.kv_heads > 0;
    if (is_own && heads % class_.kv_heads != 0) return size(key);
    return find_size(key).value_or(is_own ? class_.kv_heads : heads);
  }

  // Kept only where the description would be written as another class without it.
  std::string family(const models::config& c) const {
    const std::string type(class_.is_softmax() ? class_.model_type : "");
    if (!class_.is_softmax()) return find<std::string>("radlads_family").value_or("");
    return &architecture_of(c) == &class_ ? "" : std::string(class_.model_type);
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
    const fixed_ranks usual = class_.ranks != nullptr ? class_.ranks(c.hidden) : fixed_ranks{};
    o.rank_decay = rank("lora_rank_decay", usual.decay);
    o.rank_token_shift = rank("lora_rank_tokenshift", usual.token_shift);
    o.rank_iclr = rank("lora_rank_iclr", 0);
    o.rank_value_mix = rank("lora_rank_value_residual_mix", 0);
    o.rank_gate = rank("lora_rank_gate", 0);
  }

  std::int64_t rank(const std::string& key, std::int64_t fallback) const {
    const std::int64_t value = find<std::int32_t>(key).value_or(fallback);
    require(value >= 0 && value <= models::size_limits::rank, where_, ": \"", key, "\" is ", value,
            ", expected 0 to ", models::size_limits::rank);
    return value;
  }

  std::string where_;
  files::json object_;
  files::json_clearer clearer_{object_};
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
