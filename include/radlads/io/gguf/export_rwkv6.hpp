// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV6 as the GGUF architecture rwkv6qwen2. Its graph is that of the mixer with RoPE off,
// balanced keys, no group norm and a full gate; without the decay's floor at exp(-5), so that the
// floor must be out of reach.

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

/// Throws naming the first feature of a student that rwkv6qwen2 has no place for.
inline void check_rwkv6_export(const models::config& c) {
  const layers::mixer_options& o = c.options;
  const auto refuse_if = [](bool is_there, const char* feature) {
    require(!is_there, "a RAD-RWKV6 student with ", feature,
            " cannot be exported: the GGUF architecture rwkv6qwen2 has no place for it");
  };
  refuse_if(o.use_rope.value_or(false), "rotary position (use_rope)");
  refuse_if(!o.balance_state.value_or(true), "unbalanced keys (balance_state: false)");
  refuse_if(o.group_norm.value_or(false), "group norm (groupnorm_att)");
  refuse_if(o.gate_rank_type.value_or(1) == 2, "a low-rank gate (gate_rank_type: 2)");
  refuse_if(c.qk_norm, "q/k norms, as Qwen3's have");
  refuse_if(c.output_bias, "a bias on the output projection");
  refuse_if(c.heads * c.head_size != c.hidden, "heads times head size other than the hidden size");
}

namespace detail {

/// Largest value that the exponent of the decay can take in a layer: d + sum over the rank of |w2|,
/// since |tanh| is at most 1.
inline double largest_decay_exponent(const named_tensors& source, const std::string& from,
                                     std::int64_t width) {
  const tensor_shape up = source.shape_of(from + "time_decay_w2");
  const tensor_values start = source.read(from + "time_decay", {1, 1, width});
  const tensor_values factor = source.read(from + "time_decay_w2", {up[0], width});
  double largest = -HUGE_VAL;
  for (std::int64_t n = 0; n < width; ++n) {
    double sum = static_cast<double>(start[static_cast<std::size_t>(n)]);
    for (std::int64_t r = 0; r < up[0]; ++r)
      sum += std::abs(static_cast<double>(factor[static_cast<std::size_t>(r * width + n)]));
    largest = std::max(largest, sum);
  }
  return largest;
}

/// Notes where the decay may reach its floor, which llama.cpp does not have.
inline void certify_decay(export_plan& plan) {
  const double limit = std::log(5.0);
  double worst = -HUGE_VAL;
  std::int64_t worst_layer = 0, beyond = 0;
  for (std::int64_t layer = 0; layer < plan.config.layers; ++layer) {
    const double exponent =
        largest_decay_exponent(plan.source, layer_prefix(layer) + "self_attn.", plan.config.hidden);
    beyond += exponent > limit ? 1 : 0;
    if (exponent > worst) worst_layer = layer;
    worst = std::max(worst, exponent);
  }
  if (beyond == 0) return;
  plan.notes.push_back(concatenate("in ", beyond,
                                   " layers the decay may pass exp(-5), where radlads holds it and "
                                   "llama.cpp does not: its exponent reaches at most ",
                                   worst, " (layer ", worst_layer,
                                   "), and up to ln 5 = 1.6094 both are the same"));
}

inline void add_rwkv6_shift(export_plan& plan, const std::string& to, const std::string& from) {
  const std::int64_t width = plan.config.hidden;
  const bool shifts = plan.config.options.token_shift.value_or(true);
  const auto zeros = [](std::int64_t count) {
    return [count] { return tensor_values(static_cast<std::size_t>(count)); };
  };
  if (!shifts) {
    plan.make(to + "time_mix_w1.weight", {5, width}, false, zeros(5 * width));
    plan.make(to + "time_mix_w2.weight", {5, width, 1}, false, zeros(5 * width));
    plan.make(to + "time_mix_lerp_x.weight", {width}, false, zeros(width));
    plan.make(to + "time_mix_lerp_fused.weight", {5, 1, 1, width}, false, zeros(5 * width));
    return;
  }
  const tensor_shape up = plan.source.shape_of(from + "time_maa_w2");
  require(up.size() == 3 && up[0] == 5, "tensor \"", from, "time_maa_w2\" has shape ",
          shape_text(up), ", expected (5, R, C)");
  const std::int64_t rank = up[1];
  // Columns of w1 (C, 5R) and matrices of w2 (5, R, C) change places and are transposed.
  plan.make(to + "time_mix_w1.weight", {5 * rank, width}, false, [&plan, from, rank, width] {
    const tensor_values w1 = plan.source.read(from + "time_maa_w1", {width, 5 * rank});
    tensor_values all(w1.size()), out(w1.size());
    transpose(w1.data(), width, 5 * rank, all.data());
    const auto part = static_cast<std::ptrdiff_t>(rank * width);
    for (std::size_t i = 0; i < 5; ++i) {
      std::copy_n(all.begin() + static_cast<std::ptrdiff_t>(rwkv6_blends[i]) * part, part,
                  out.begin() + static_cast<std::ptrdiff_t>(i) * part);
    }
    return out;
  });
  plan.make(to + "time_mix_w2.weight", {5, width, rank}, false, [&plan, from, rank, width] {
    const tensor_values w2 = plan.source.read(from + "time_maa_w2", {5, rank, width});
    tensor_values out(w2.size());
    const auto part = static_cast<std::size_t>(rank * width);
    for (std::size_t i = 0; i < 5; ++i)
      transpose(w2.data() + rwkv6_blends[i] * part, rank, width, out.data() + i * part);
    return out;
  });
  plan.copy_row(to + "time_mix_lerp_x.weight", from + "time_maa_x", width);
  plan.make(to + "time_mix_lerp_fused.weight", {5, 1, 1, width}, false, [&plan, from, width] {
    tensor_values out;
    for (const std::string_view name : rwkv6_blend_names) {
      const tensor_values part = plan.source.read(from + std::string(name), {1, 1, width});
      out.insert(out.end(), part.begin(), part.end());
    }
    return out;
  });
}

inline void add_rwkv6_mixer(export_plan& plan, std::int64_t layer) {
  const models::config& c = plan.config;
  const std::string to = block_prefix(layer) + "time_mix_",
                    from = layer_prefix(layer) + "self_attn.";
  const std::int64_t width = c.hidden, narrow = c.kv_heads * c.head_size;
  add_rwkv6_shift(plan, block_prefix(layer), from);
  plan.copy_row(to + "decay.weight", from + "time_decay", width);
  add_transposed(plan, to + "decay_w1.weight", from + "time_decay_w1");
  add_transposed(plan, to + "decay_w2.weight", from + "time_decay_w2");
  const auto add = [&](const std::string& name, const std::string& part, std::int64_t rows) {
    plan.copy(to + name + ".weight", from + part + ".weight", {rows, width}, true);
    if (c.qkv_bias) plan.copy(to + name + ".bias", from + part + ".bias", {rows}, false);
  };
  add("receptance", "q_proj", width);
  add("key", "k_proj", narrow);
  add("value", "v_proj", narrow);
  if (c.options.gate_rank_type.value_or(1) == 1) {
    plan.copy(to + "gate.weight", from + "gate.weight", {width, width}, true);
    plan.copy(to + "output.weight", from + "o_proj.weight", {width, width}, true);
    return;
  }
  // The file must have a gate; one of zeros halves, which the output projection makes good.
  plan.make(to + "gate.weight", {width, width}, true,
            [width] { return tensor_values(static_cast<std::size_t>(width * width)); });
  plan.make(to + "output.weight", {width, width}, true, [&plan, from, width] {
    tensor_values doubled = plan.source.read(from + "o_proj.weight", {width, width});
    for (float& value : doubled) value *= 2;
    return doubled;
  });
}

}  // namespace detail

/// Fills a plan for a model whose layers are all RAD-RWKV6. Throws as check_rwkv6_export does;
/// notes layers in which the decay may reach the floor.
inline void plan_rwkv6(export_plan& plan) {
  const models::config& c = plan.config;
  check_rwkv6_export(c);
  const std::string prefix = std::string(rwkv6_architecture) + ".",
                    first = layer_prefix(0) + "self_attn.";
  const auto add = [&](const char* key, std::int64_t value) {
    plan.file.add(prefix + key, static_cast<std::uint32_t>(value));
  };
  const bool shifts = c.options.token_shift.value_or(true);
  add_sizes(plan, rwkv6_architecture);
  add("wkv.head_size", c.head_size);
  add("time_mix_extra_dim", shifts ? plan.source.shape_of(first + "time_maa_w1").back() / 5 : 1);
  add("time_decay_extra_dim", plan.source.shape_of(first + "time_decay_w1").back());
  add("attention.head_count", 0);
  add("attention.head_count_kv", c.kv_heads);
  add("token_shift_count", 1);
  detail::certify_decay(plan);
  add_ends(plan, false);
  for (std::int64_t layer = 0; layer < c.layers; ++layer) {
    add_norms_and_feed_forward(plan, layer);
    detail::add_rwkv6_mixer(plan, layer);
  }
}

}  // namespace radlads::io
