// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV7 as the GGUF architecture arwkv7: the mixer without balanced keys, which k_k and k_a
// then shape, without RoPE and biases. Its graph has no scale, which the receptance takes, no
// grouped heads, and a token shift and a bonus, which are zero here.

#include "radlads/core/error.hpp"
#include "radlads/io/gguf/export_plan.hpp"
#include "radlads/io/gguf/student_names.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::io {

/// Throws naming the first feature of a student that arwkv7 has no place for.
inline void check_rwkv7_export(const models::config& c) {
  const layers::mixer_options& o = c.options;
  const auto refuse_if = [](bool is_there, const char* feature) {
    require(!is_there, "a RAD-RWKV7 student with ", feature,
            " cannot be exported: the GGUF architecture arwkv7 has no place for it; the recipe "
            "arwkv7.yaml makes students that can be");
  };
  refuse_if(o.balance_state.value_or(true), "balanced keys (balance_state)");
  refuse_if(o.use_rope.value_or(true), "rotary position (use_rope)");
  refuse_if(c.qk_norm, "q/k norms, as Qwen3's have");
  refuse_if(c.qkv_bias, "biases on q, k and v, as Qwen2's have");
  refuse_if(c.output_bias, "a bias on the output projection");
  refuse_if(c.heads * c.head_size != c.hidden, "heads times head size other than the hidden size");
}

namespace detail {

inline std::function<tensor_values()> zeros(std::int64_t count) {
  return [count] { return tensor_values(static_cast<std::size_t>(count)); };
}

/// k or v (Hkv K, C) with the rows of each head once for every head that reads them.
inline void add_repeated(export_plan& plan, const std::string& name, const std::string& from) {
  const models::config& c = plan.config;
  plan.make(name, {c.hidden, c.hidden}, true, [&c, &plan, from] {
    const tensor_values grouped = plan.source.read(from, {c.kv_heads * c.head_size, c.hidden});
    tensor_values all;
    const auto head = static_cast<std::ptrdiff_t>(c.head_size * c.hidden);
    for (std::int64_t h = 0; h < c.heads; ++h) {
      const auto first = grouped.begin() + h / (c.heads / c.kv_heads) * head;
      all.insert(all.end(), first, first + head);
    }
    return all;
  });
}

/// The gate sigma(x g1) g2; one of full width, sigma(x W), is that with W and the identity. None
/// leaves both out.
inline void add_rwkv7_gate(export_plan& plan, const std::string& to, const std::string& from) {
  const std::int64_t width = plan.config.hidden;
  const int kind = plan.config.options.gate_rank_type.value_or(2);
  if (kind == 2) {
    add_transposed(plan, to + "g1.weight", from + "g1");
    add_transposed(plan, to + "g2.weight", from + "g2");
  } else if (kind == 1) {
    plan.copy(to + "g1.weight", from + "gate.weight", {width, width}, false);
    plan.make(to + "g2.weight", {width, width}, false, [width] {
      tensor_values identity(static_cast<std::size_t>(width * width));
      for (std::int64_t i = 0; i < width; ++i)
        identity[static_cast<std::size_t>(i * width + i)] = 1;
      return identity;
    });
  }
}

/// The value residual; layer 0, which has none, wants tensors all the same, of the rank of the
/// in-context learning rate.
inline void add_value_residual(export_plan& plan, std::int64_t layer, const std::string& to,
                               const std::string& from, std::int64_t rank) {
  const std::int64_t width = plan.config.hidden;
  if (layer > 0) {
    plan.copy_row(to + "v0.weight", from + "v0", width);
    add_transposed(plan, to + "v1.weight", from + "v1");
    add_transposed(plan, to + "v2.weight", from + "v2");
    return;
  }
  plan.make(to + "v0.weight", {width}, false, zeros(width));
  plan.make(to + "v1.weight", {rank, width}, false, zeros(rank * width));
  plan.make(to + "v2.weight", {width, rank}, false, zeros(rank * width));
}

inline void add_rwkv7_mixer(export_plan& plan, std::int64_t layer) {
  const models::config& c = plan.config;
  const std::string to = block_prefix(layer) + "time_mix_",
                    from = layer_prefix(layer) + "self_attn.";
  const std::int64_t width = c.hidden;
  const bool has_norm = c.options.group_norm.value_or(false),
             has_gate = c.options.gate_rank_type.value_or(2) != 0;
  for (const std::string name : {"w0", "a0", "k_k", "k_a"})
    plan.copy_row(to + name + ".weight", from + name, width);
  for (const std::string name : {"w1", "w2", "a1", "a2"})
    add_transposed(plan, to + name + ".weight", from + name);
  add_value_residual(plan, layer, to, from, plan.source.shape_of(from + "a1").back());
  add_rwkv7_gate(plan, to, from);
  const std::int64_t blends = has_gate ? 6 : 5;
  plan.make(to + "lerp_fused.weight", {blends, 1, 1, width}, false, zeros(blends * width));
  plan.make(to + "r_k.weight", {width}, false, zeros(width));
  const auto factor = static_cast<float>(rwkv7_receptance_factor(c.head_size, has_norm));
  plan.make(to + "receptance.weight", {width, width}, true, [&plan, from, width, factor] {
    tensor_values scaled = plan.source.read(from + "q_proj.weight", {width, width});
    for (float& value : scaled) value *= factor;
    return scaled;
  });
  add_repeated(plan, to + "key.weight", from + "k_proj.weight");
  add_repeated(plan, to + "value.weight", from + "v_proj.weight");
  plan.copy(to + "output.weight", from + "o_proj.weight", {width, width}, true);
  if (!has_norm) return;
  plan.copy(to + "ln.weight", from + "ln_x.weight", {width}, false);
  plan.copy(to + "ln.bias", from + "ln_x.bias", {width}, false);
}

}  // namespace detail

/// Fills a plan for a model whose layers are all RAD-RWKV7. Throws as check_rwkv7_export does.
inline void plan_rwkv7(export_plan& plan) {
  const models::config& c = plan.config;
  check_rwkv7_export(c);
  const std::string prefix = std::string(rwkv7_architecture) + ".",
                    first = layer_prefix(0) + "self_attn.";
  const auto add = [&](const char* key, std::int64_t value) {
    plan.file.add(prefix + key, static_cast<std::uint32_t>(value));
  };
  const auto rank = [&](const std::string& name) { return plan.source.shape_of(name).back(); };
  add_sizes(plan, rwkv7_architecture);
  add("wkv.head_size", c.head_size);
  add("attention.head_count", 0);
  add("token_shift_count", 1);
  add("attention.decay_lora_rank", rank(first + "w1"));
  add("attention.iclr_lora_rank", rank(first + "a1"));
  add("attention.value_residual_mix_lora_rank",
      c.layers > 1 ? rank(layer_prefix(1) + "self_attn.v1") : rank(first + "a1"));
  const int gate = c.options.gate_rank_type.value_or(2);
  add("attention.gate_lora_rank", gate == 2 ? rank(first + "g1") : gate == 1 ? c.hidden : 0);
  add_ends(plan, false);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    add_norms_and_feed_forward(plan, layer);
    detail::add_rwkv7_mixer(plan, layer);
  }
}

}  // namespace radlads::io
