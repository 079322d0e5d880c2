// SPDX-License-Identifier: Apache-2.0
#pragma once
// Whether settings make sense. The sentences name a value as section.key.

#include "radlads/convert/settings.hpp"
#include "radlads/core/error.hpp"
#include "radlads/optim/schedule.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace radlads::convert {

namespace detail {

inline void require_name(const std::string& value, const std::vector<std::string>& known,
                         const std::string& where) {
  std::string names;
  for (const std::string& each : known) names += (names.empty() ? "" : " or ") + each;
  require(std::find(known.begin(), known.end(), value) != known.end(), where, " is \"", value,
          "\", expected ", names);
}

}  // namespace detail

/// Throws unless sizes and ranks are within bounds.
inline void check_model(const model_settings& model) {
  const auto within = [](const char* key, auto value, std::int64_t least, std::int64_t most) {
    const std::int64_t found = std::optional<std::int64_t>(value).value_or(least);
    require(found >= least, "model.", key, " is ", found, ", expected at least ", least);
    require(found <= most, "model.", key, " is ", found, ", expected at most ", most);
  };
  // Far above what is trained here: products stay within 63 bits, and a mistyped number of layers
  // is refused before it takes minutes and all memory.
  constexpr std::int64_t most_layers = 1024, most_heads = 1 << 16, most_width = 1 << 24;
  within("layers", model.layers, 1, most_layers);
  within("heads", model.heads, 1, most_heads);
  within("kv_heads", model.kv_heads, 1, most_heads);
  within("head_size", model.head_size, 1, most_heads);
  within("hidden", model.hidden, 1, most_width);
  within("intermediate", model.intermediate, 1, most_width);
  within("gate_rank_type", model.gate_rank_type, 0, 1 << 16);
  within("lora_rank_decay", model.lora_rank_decay, 0, most_width);
  within("lora_rank_iclr", model.lora_rank_iclr, 0, most_width);
  within("lora_rank_value_residual_mix", model.lora_rank_value_residual_mix, 0, most_width);
  within("lora_rank_gate", model.lora_rank_gate, 0, most_width);
  within("lora_rank_tokenshift", model.lora_rank_tokenshift, 0, most_width);
  within("seed", model.seed, 0, std::numeric_limits<std::int64_t>::max());
}

/// Throws unless the values make sense.
inline void check_parallel(const parallel_settings& parallel) {
  detail::require_name(parallel.shard, {"none", "optimizer"}, "parallel.shard");
  constexpr std::int64_t most = 1'000'000'000;
  require(parallel.time_limit >= 0 && parallel.time_limit <= most, "parallel.time_limit is ",
          parallel.time_limit, ", expected seconds from 0, which is without end, to ", most);
  require(parallel.port >= 1 && parallel.port <= 65535, "parallel.port is ", parallel.port,
          ", expected a port from 1 to 65535");
}

/// Throws unless the values of a stage make sense; `name` is its section.
inline void check_stage(const stage_settings& stage, const std::string& name) {
  const auto within = [&](const char* key, auto value, auto least, auto most) {
    require(value >= least, name, ".", key, " is ", value, ", expected at least ", least);
    require(value <= most, name, ".", key, " is ", value, ", expected at most ", most);
  };
  constexpr std::int64_t most = std::int64_t{1} << 53, most_rows = std::int64_t{1} << 31;
  constexpr double any = std::numeric_limits<double>::max();
  within("tokens", stage.tokens, 0, most);
  within("batch", stage.batch, 1, most_rows);
  within("context", stage.context, 1, most_rows);
  // Their products then stay within 63 bits.
  require(stage.batch * stage.context <= most / 1024, name, ".batch x ", name, ".context is ",
          stage.batch * stage.context, " tokens a step, expected at most ", most / 1024);
  within("micro_batch", stage.micro_batch, 0, most_rows);
  within("warmup_steps", stage.warmup_steps, 0, most);
  within("save_every", stage.save_every, 1, most);
  within("log_every", stage.log_every, 1, most);
  within("seed", stage.seed, 0, std::numeric_limits<std::int64_t>::max());
  within("sample_offset", stage.sample_offset, 0, most);
  within("magic_prime", stage.magic_prime, 0, most);
  within("lr_init", stage.lr_init, 0.0, any);
  within("lr_final", stage.lr_final, 0.0, any);
  within("lr2_init", stage.lr2_init.value_or(0), 0.0, any);
  within("lr2_final", stage.lr2_final.value_or(0), 0.0, any);
  within("beta1", stage.beta1, 0.0, 1.0);
  within("beta2", stage.beta2, 0.0, 1.0);
  within("adam_eps", stage.adam_eps, 0.0, any);
  within("weight_decay", stage.weight_decay, 0.0, any);
  within("gradient_clip_val", stage.gradient_clip_val, 0.0, any);
  within("kl_weight", stage.kl_weight, 0.0, any);
  within("ce_weight", stage.ce_weight, 0.0, any);
  detail::require_name(stage.sampler, {"cubic", "epochs"}, name + ".sampler");
  detail::require_name(stage.precision, {"float", "bf16"}, name + ".precision");
  detail::require_name(stage.loss_on, {"everything", "assistant"}, name + ".loss_on");
  detail::require_name(stage.loss, {"l2", "mse"}, name + ".loss");
  detail::require_name(stage.trainable, {"everything", "mixers", "decay_and_shift"},
                       name + ".trainable");
  require(stage.lr2_init.has_value() || !stage.lr2_final.has_value(), name,
          ".lr2_final is set but not ", name, ".lr2_init");
  optim::decay_shape_of(stage.lr_decay_type);
}

}  // namespace radlads::convert
