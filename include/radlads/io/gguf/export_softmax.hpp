// SPDX-License-Identifier: Apache-2.0
#pragma once
// Softmax models as what they are in GGUF: llama (Mistral as well), qwen2, qwen3.

#include "radlads/core/error.hpp"
#include "radlads/io/architecture.hpp"
#include "radlads/io/gguf/export_plan.hpp"
#include "radlads/io/gguf/names.hpp"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::io {

/// The GGUF architecture of a softmax model; throws naming what none has.
inline std::string_view softmax_architecture(const models::config& c) {
  const std::string_view type = architecture_of(c).model_type;
  const std::string_view name = type == "mistral" ? "llama" : type;
  require(name == "llama" || name == "qwen2" || name == "qwen3", "no GGUF architecture holds a ",
          architecture_of(c).name, ", a softmax model with ",
          c.qkv_bias ? "biases on q, k and v, " : "", c.output_bias ? "a bias on o, " : "",
          c.qk_norm ? "q/k norms" : "no q/k norms");
  require(name != "qwen3" || !c.qkv_bias,
          "the GGUF architecture qwen3 has no biases on q, k and v");
  require(name == "llama" || c.rope_scaling.kind != ops::rope_scaling_kind::llama3,
          "the GGUF architecture ", name, " has no rotary scaling of the kind llama3");
  require(name == "qwen3" || c.heads * c.head_size == c.hidden || name == "llama",
          "the GGUF architecture ", name,
          " wants heads times head size equal to the hidden size; they are ", c.heads, " times ",
          c.head_size, " and ", c.hidden);
  return name;
}

namespace detail {

/// What each frequency is divided by.
inline tensor_values rope_divisors(const models::config& c) {
  tensor_values divisors;
  for (std::int64_t i = 0; i < c.head_size / 2; ++i) {
    const double frequency =
        std::pow(c.rope_base, -2.0 * static_cast<double>(i) / static_cast<double>(c.head_size));
    divisors.push_back(static_cast<float>(frequency / c.rope_scaling.scaled(frequency)));
  }
  return divisors;
}

/// q or k with the rows of each head interleaved, as llama.cpp rotates neighbours in llama.
inline void add_interleaved(export_plan& plan, const std::string& name, const std::string& from,
                            const tensor_shape& shape, std::int64_t heads) {
  plan.make(name, shape, shape.size() == 2, [&plan, from, shape, heads] {
    const tensor_values straight = plan.source.read(from, shape);
    tensor_values rows(straight.size());
    const std::int64_t width = shape.size() == 2 ? shape[1] : 1;
    for (std::int64_t row = 0; row < shape[0]; ++row) {
      std::copy_n(straight.begin() + straight_row(row, shape[0], heads) * width, width,
                  rows.begin() + row * width);
    }
    return rows;
  });
}

inline void add_attention(export_plan& plan, std::int64_t layer, bool is_interleaved) {
  const models::config& c = plan.config;
  const std::string to = block_prefix(layer), from = layer_prefix(layer) + "self_attn.";
  const std::int64_t width = c.heads * c.head_size, narrow = c.kv_heads * c.head_size;
  const auto add = [&](const std::string& name, const std::string& part, std::int64_t rows,
                       std::int64_t heads) {
    for (const std::string kind : {".weight", ".bias"}) {
      if (kind == ".bias" && !c.qkv_bias) continue;
      const tensor_shape shape =
          kind == ".bias" ? tensor_shape{rows} : tensor_shape{rows, c.hidden};
      if (is_interleaved && heads > 0) {
        add_interleaved(plan, to + name + kind, from + part + kind, shape, heads);
      } else {
        plan.copy(to + name + kind, from + part + kind, shape, kind == ".weight");
      }
    }
  };
  add("attn_q", "q_proj", width, c.heads);
  add("attn_k", "k_proj", narrow, c.kv_heads);
  add("attn_v", "v_proj", narrow, 0);
  plan.copy(to + "attn_output.weight", from + "o_proj.weight", {c.hidden, width}, true);
  if (c.output_bias) plan.copy(to + "attn_output.bias", from + "o_proj.bias", {c.hidden}, false);
  if (!c.qk_norm) return;
  plan.copy(to + "attn_q_norm.weight", from + "q_norm.weight", {c.head_size}, false);
  plan.copy(to + "attn_k_norm.weight", from + "k_norm.weight", {c.head_size}, false);
}

}  // namespace detail

/// Fills a plan for a softmax model of the architecture that softmax_architecture gives.
inline void plan_softmax(export_plan& plan, std::string_view architecture) {
  const models::config& c = plan.config;
  const std::string prefix = std::string(architecture) + ".";
  const auto add = [&](const char* key, std::int64_t value) {
    plan.file.add(prefix + key, static_cast<std::uint32_t>(value));
  };
  add_sizes(plan, architecture);
  add("attention.head_count", c.heads);
  add("attention.head_count_kv", c.kv_heads);
  add("attention.key_length", c.head_size);
  add("attention.value_length", c.head_size);
  add("rope.dimension_count", c.head_size);
  add("vocab_size", c.vocabulary);
  plan.file.add(prefix + "rope.freq_base", static_cast<float>(c.rope_base));
  if (c.rope_scaling.kind == ops::rope_scaling_kind::linear) {
    plan.file.add(prefix + "rope.scaling.type", std::string_view("linear"));
    plan.file.add(prefix + "rope.scaling.factor", static_cast<float>(c.rope_scaling.factor));
  }
  add_ends(plan, true);
  if (c.rope_scaling.kind == ops::rope_scaling_kind::llama3) {
    plan.make(std::string(rope_factors_name), {c.head_size / 2}, false,
              [&c] { return detail::rope_divisors(c); });
  }
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    add_norms_and_feed_forward(plan, layer);
    detail::add_attention(plan, layer, architecture == "llama");
  }
}

}  // namespace radlads::io
