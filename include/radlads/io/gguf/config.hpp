// SPDX-License-Identifier: Apache-2.0
#pragma once
// Metadata of a GGUF file to a model description. What this library cannot compute as the file asks
// is an error here, not a wrong answer later.

#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/io/gguf/names.hpp"
#include "radlads/io/gguf/student_names.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::io {

/// One file's metadata on its way to a description.
class gguf_config_reader {
 public:
  explicit gguf_config_reader(const files::gguf_file& file)
      : file_(file), family_(file.get<std::string_view>("general.architecture")) {
    const bool is_known = family_ == "llama" || family_ == "qwen2" || family_ == "qwen3" ||
                          is_student_architecture(family_);
    require(is_known, file.path(), ": the architecture is ", family_,
            "; known are llama, qwen2, qwen3, rwkv6qwen2, arwkv7");
  }

  models::config read() const {
    refuse_unsupported();
    models::config c;
    read_vocabulary(c);
    c.hidden = size("embedding_length");
    c.intermediate = size("feed_forward_length");
    c.layers = size("block_count");
    c.max_positions = size("context_length");
    c.norm_epsilon = positive("attention.layer_norm_rms_epsilon");
    if (is_student_architecture(family_)) {
      read_student(c);
      read_tokens(c);
      return c;
    }
    read_heads(c);
    models::check_limits(c);
    read_rope(c);
    c.is_tied = !has("output.weight");
    c.qkv_bias = has("blk.0.attn_q.bias");
    c.output_bias = has("blk.0.attn_output.bias");
    c.qk_norm = has("blk.0.attn_q_norm.weight");
    c.family = family_;
    c.mixers.assign(static_cast<std::size_t>(c.layers), std::string(softmax_mixer));
    read_tokens(c);
    return c;
  }

 private:
  static constexpr std::int64_t max_layers =
      10'000;  // more than any model; names and tensors are made for each

  std::string key(std::string_view name) const { return family_ + "." + std::string(name); }
  bool has(std::string_view tensor) const { return file_.find_tensor(tensor) != nullptr; }

  std::int64_t checked(const std::string& key, std::int64_t value) const {
    require(value > 0 && value <= std::numeric_limits<std::int32_t>::max(), file_.path(), ": \"",
            key, "\" must be from 1 to 2147483647, found ", value);
    return value;
  }
  std::int64_t size(std::string_view name) const {
    return checked(key(name), file_.get<std::int64_t>(key(name)));
  }

  double positive(std::string_view name) const {
    const auto value = file_.get<double>(key(name));
    require(value > 0, file_.path(), ": \"", key(name), "\" must be positive, found ", value);
    return value;
  }

  void refuse_unsupported() const {
    const auto experts = file_.find<std::int64_t>(key("expert_count")).value_or(0);
    require(experts == 0, file_.path(), ": \"", key("expert_count"), "\" is ", experts,
            "; mixtures of experts are not supported");
  }

  void read_vocabulary(models::config& c) const {
    const files::gguf_tensor* embedding = file_.find_tensor("token_embd.weight");
    require(embedding != nullptr, file_.path(), ": tensor \"token_embd.weight\" is missing");
    require(embedding->extents.size() == 2, file_.path(), ": tensor \"token_embd.weight\" has ",
            embedding->extents.size(), " axes, expected 2");
    c.vocabulary = checked("extent 1 of token_embd.weight", embedding->extents[1]);
  }

  void read_heads(models::config& c) const {
    c.heads = size("attention.head_count");
    const std::string groups = key("attention.head_count_kv");
    c.kv_heads = checked(groups, file_.find<std::int64_t>(groups).value_or(c.heads));
    require(c.heads % c.kv_heads == 0, file_.path(), ": ", c.heads, " heads are not a multiple of ",
            c.kv_heads, " key/value heads");
    const std::string length = key("attention.key_length");
    if (const auto given = file_.find<std::int64_t>(length)) {
      c.head_size = checked(length, *given);
    } else {
      require(c.hidden % c.heads == 0, file_.path(), ": \"", key("embedding_length"), "\" is ",
              c.hidden, ", not a multiple of ", c.heads, " heads, and \"", length, "\" is missing");
      c.head_size = c.hidden / c.heads;
    }
    for (const char* name : {"attention.value_length", "rope.dimension_count"}) {
      const auto other = file_.find<std::int64_t>(key(name)).value_or(c.head_size);
      require(other == c.head_size, file_.path(), ": \"", key(name), "\" is ", other,
              ", the size of a head is ", c.head_size, "; others are not supported");
    }
    const auto window =
        file_.find<std::int64_t>(key("attention.sliding_window")).value_or(c.max_positions);
    require(window >= c.max_positions, file_.path(), ": attention sees ", window, " of ",
            c.max_positions, " positions; sliding windows are not supported");
  }

  void read_rope(models::config& c) const {
    c.rope_base = file_.find<double>(key("rope.freq_base")).value_or(10000);
    require(c.rope_base > 0, file_.path(), ": \"", key("rope.freq_base"),
            "\" must be positive, found ", c.rope_base);
    const auto kind = file_.find<std::string_view>(key("rope.scaling.type")).value_or("none");
    require(kind == "none" || kind == "linear", file_.path(), ": \"", key("rope.scaling.type"),
            "\" is \"", kind, "\"; supported are none and linear");
    if (kind == "linear") {
      c.rope_scaling.kind = ops::rope_scaling_kind::linear;
      c.rope_scaling.factor = positive("rope.scaling.factor");
    }
    const files::gguf_tensor* factors = file_.find_tensor(rope_factors_name);
    if (factors == nullptr) return;
    require(kind == "none", file_.path(), ": frequencies are scaled twice, by ", rope_factors_name,
            " and \"", key("rope.scaling.type"), "\"");
    c.rope_scaling = scaling_of(*factors, c);
  }

  /// llama.cpp stores what each frequency is divided by. The files that have it are Llama 3.1's and
  /// later ones', whose scaling has one unknown, the largest divisor; the others are checked.
  ops::rope_scaling scaling_of(const files::gguf_tensor& factors, const models::config& c) const {
    require(factors.extents == std::vector<std::int64_t>{c.head_size / 2} && factors.type == 0,
            file_.path(), ": ", rope_factors_name, " must be ", c.head_size / 2,
            " numbers of type F32");
    const auto bytes = static_cast<std::uint64_t>(c.head_size / 2) * sizeof(float);
    require(bytes <= file_.size() - factors.offset, file_.path(), ": ", rope_factors_name,
            " goes beyond the file's end");
    std::vector<float> divisors(static_cast<std::size_t>(c.head_size / 2));
    std::memcpy(divisors.data(), file_.data(factors.offset), bytes);
    ops::rope_scaling scaling{ops::rope_scaling_kind::llama3,
                              *std::max_element(divisors.begin(), divisors.end()), 1, 4, 8192};
    for (std::size_t i = 0; i < divisors.size(); ++i) {
      const double frequency =
          std::pow(c.rope_base, -2.0 * static_cast<double>(i) / static_cast<double>(c.head_size));
      const double expected = frequency / scaling.scaled(frequency);
      // Written as float from frequencies in float.
      require(std::abs(static_cast<double>(divisors[i]) - expected) <= 1e-4 * expected,
              file_.path(), ": ", rope_factors_name, " has ", divisors[i], " for frequency ", i,
              ", where Llama 3's scaling by ", scaling.factor, " has ", expected,
              "; other scalings are not supported");
    }
    return scaling;
  }

  /// The extent of a tensor's fastest axis but `axis`; 0 where there is no such tensor.
  std::int64_t extent(std::string_view name, std::size_t axis) const {
    const files::gguf_tensor* tensor = file_.find_tensor(name);
    return tensor != nullptr && tensor->extents.size() > axis ? tensor->extents[axis] : 0;
  }

  void read_student(models::config& c) const {
    const bool is_rwkv6 = family_ == rwkv6_architecture;
    c.head_size = size("wkv.head_size");
    require(c.hidden % c.head_size == 0, file_.path(), ": \"", key("embedding_length"), "\" is ",
            c.hidden, ", not a multiple of the head size ", c.head_size);
    c.heads = c.hidden / c.head_size;
    c.kv_heads = is_rwkv6 ? size("attention.head_count_kv") : c.heads;
    require(c.heads % c.kv_heads == 0, file_.path(), ": ", c.heads, " heads are not a multiple of ",
            c.kv_heads, " key/value heads");
    c.is_tied = !has("output.weight");
    c.qkv_bias = has("blk.0.time_mix_receptance.bias");
    c.output_bias = has("blk.0.time_mix_output.bias");
    c.mixers.assign(static_cast<std::size_t>(c.layers), is_rwkv6 ? "rad_rwkv6" : "rad_rwkv7");
    layers::mixer_options& o = c.options;
    o.use_rope = false;
    o.balance_state = is_rwkv6;
    o.token_shift = is_rwkv6;
    o.group_norm = !is_rwkv6 && has("blk.0.time_mix_ln.weight");
    o.gate_rank_type = is_rwkv6 ? 1 : has("blk.0.time_mix_g1.weight") ? 2 : 0;
    o.rank_decay =
        extent(is_rwkv6 ? "blk.0.time_mix_decay_w1.weight" : "blk.0.time_mix_w1.weight", 1);
    o.rank_iclr = extent("blk.0.time_mix_a1.weight", 1);
    o.rank_value_mix = extent("blk.1.time_mix_v1.weight", 1);
    o.rank_gate = extent("blk.0.time_mix_g1.weight", 1);
    o.rank_token_shift = extent("blk.0.time_mix_w2.weight", 0) * (is_rwkv6 ? 1 : 0);
    models::check_limits(c);
    refuse_native(c, is_rwkv6);
  }

  /// What these architectures can also hold and a student has not: the bonus of RWKV-6, and in
  /// arwkv7 a token shift and a bonus.
  void refuse_native(const models::config& c, bool is_rwkv6) const {
    for (std::int64_t layer = 0; layer < c.layers; ++layer) {
      const std::string prefix = "blk." + std::to_string(layer) + ".time_mix_";
      require(!has(prefix + "first.weight"), file_.path(), ": tensor \"", prefix,
              "first.weight\" is that of RWKV-6 itself, which is not supported");
      if (is_rwkv6) continue;
      require_zero(prefix + "lerp_fused.weight", "a token shift");
      require_zero(prefix + "r_k.weight", "a bonus for the token itself");
    }
  }

  void require_zero(const std::string& name, std::string_view meaning) const {
    const files::gguf_tensor* tensor = file_.find_tensor(name);
    if (tensor == nullptr) return;
    std::uint64_t bytes = sizeof(float);
    for (const std::int64_t extent : tensor->extents) bytes *= static_cast<std::uint64_t>(extent);
    require(tensor->type == 0 && bytes / sizeof(float) <= file_.size() &&
                bytes <= file_.size() - tensor->offset,
            file_.path(), ": tensor \"", name, "\" must be of type F32 and within the file");
    const std::byte* data = file_.data(tensor->offset);
    const bool is_zero =
        std::all_of(data, data + bytes, [](std::byte b) { return b == std::byte{0}; });
    require(is_zero, file_.path(), ": tensor \"", name, "\" is not zero: ", meaning,
            ", which RAD-RWKV7 does not have");
  }

  std::optional<std::int32_t> token(std::string_view name, const models::config& c) const {
    const std::string key = "tokenizer.ggml." + std::string(name);
    const auto id = file_.find<std::int64_t>(key);
    if (!id) return std::nullopt;
    require(*id >= 0 && *id < c.vocabulary, file_.path(), ": \"", key, "\" is ", *id,
            ", outside the vocabulary of ", c.vocabulary);
    return static_cast<std::int32_t>(*id);
  }

  // A text may end in three ways: of the text, of a turn, of a message that expects a tool's
  // answer.
  void read_tokens(models::config& c) const {
    c.bos = token("bos_token_id", c);
    c.pad = token("padding_token_id", c);
    for (const char* name : {"eos_token_id", "eot_token_id", "eom_token_id"}) {
      const auto id = token(name, c);
      if (id && std::find(c.eos.begin(), c.eos.end(), *id) == c.eos.end()) c.eos.push_back(*id);
    }
  }

  const files::gguf_file& file_;
  std::string family_;
};

/// The description of the model in a GGUF file. Throws naming the file, the key, and what was
/// expected and found.
inline models::config read_gguf_config(const files::gguf_file& file) {
  return gguf_config_reader(file).read();
}

}  // namespace radlads::io
