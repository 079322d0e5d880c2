// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a conversion can be told: sections of keys. for_each visits each key with its name, so that
// whoever reads a file or a command line needs no list of them.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::convert {

/// Section "model": of the student that transfer makes and, from `hidden` on, of the teacher that
/// train makes. What is absent takes the mixer's own default, or one of the program.
struct model_settings {
  std::optional<bool> use_rope, balance_state, groupnorm_att, use_tokenshift;
  std::optional<std::int64_t> gate_rank_type;
  std::int64_t lora_rank_decay = 0;  ///< ranks: 0 means the mixer's formula
  std::int64_t lora_rank_iclr = 0;
  std::int64_t lora_rank_value_residual_mix = 0;
  std::int64_t lora_rank_gate = 0;
  std::int64_t lora_rank_tokenshift = 0;
  std::vector<std::int64_t> keep_attention;  ///< layers that stay softmax attention
  bool reinit_att = false;                   ///< fresh q, k, v, o instead of the teacher's
  std::optional<bool> tied;                  ///< embedding and head are one tensor
  std::int64_t seed = 1337;                  ///< of freshly initialised tensors
  std::optional<std::int64_t> hidden, layers, heads, kv_heads, head_size, intermediate;
  std::optional<double> rope_theta, rms_norm_eps;

  template <class F, class S>
  static void for_each(F&& f, S& s) {
    f("use_rope", s.use_rope);
    f("balance_state", s.balance_state);
    f("groupnorm_att", s.groupnorm_att);
    f("use_tokenshift", s.use_tokenshift);
    f("gate_rank_type", s.gate_rank_type);
    f("lora_rank_decay", s.lora_rank_decay);
    f("lora_rank_iclr", s.lora_rank_iclr);
    f("lora_rank_value_residual_mix", s.lora_rank_value_residual_mix);
    f("lora_rank_gate", s.lora_rank_gate);
    f("lora_rank_tokenshift", s.lora_rank_tokenshift);
    f("keep_attention", s.keep_attention);
    f("reinit_att", s.reinit_att);
    f("tied", s.tied);
    f("seed", s.seed);
    f("hidden", s.hidden);
    f("layers", s.layers);
    f("heads", s.heads);
    f("kv_heads", s.kv_heads);
    f("head_size", s.head_size);
    f("intermediate", s.intermediate);
    f("rope_theta", s.rope_theta);
    f("rms_norm_eps", s.rms_norm_eps);
  }
};

/// Sections "align", "distill", "extend" and "train": one stage of training.
struct stage_settings {
  std::int64_t tokens = 0;  ///< of the whole stage; 0 leaves it out of convert
  double lr_init = 1e-3;
  double lr_final = 1e-5;
  std::optional<double> lr2_init, lr2_final;  ///< of the mixers, where they have rates of their own
  std::string lr_decay_type = "cos";
  double lr_wait = 0;      ///< share of the stage at which the rate begins to fall
  double lr_endpoint = 1;  ///< share at which it has fallen
  std::int64_t warmup_steps = 50;
  std::int64_t batch = 32;  ///< rows a step
  std::int64_t context = 512;
  std::int64_t micro_batch = 0;     ///< rows at a time; 0: what suits the device
  std::string precision = "float";  ///< of parameters and activations in training; or bf16
  bool recompute = false;           ///< layers run forward again in backward, for less memory
  double beta1 = 0.9;
  double beta2 = 0.95;
  double adam_eps = 1e-8;
  double weight_decay = 0;
  double gradient_clip_val = 1;
  std::int64_t seed = 1337;  ///< of the order of rows under the sampler "epochs"
  std::string sampler = "cubic";
  std::int64_t sample_offset = 0;  ///< added to the rows that earlier stages have read
  std::int64_t magic_prime = 0;    ///< 0: the largest that fits
  double kl_weight = 1;
  double ce_weight = 0;
  std::string loss_on = "everything";  ///< or assistant: answers of conversations alone
  std::string loss = "l2";
  std::string trainable = "everything";
  std::int64_t save_every = 200;  ///< steps between checkpoints
  std::int64_t log_every = 10;    ///< steps between lines of progress

  template <class F, class S>
  static void for_each(F&& f, S& s) {
    f("tokens", s.tokens);
    f("lr_init", s.lr_init);
    f("lr_final", s.lr_final);
    f("lr2_init", s.lr2_init);
    f("lr2_final", s.lr2_final);
    f("lr_decay_type", s.lr_decay_type);
    f("lr_wait", s.lr_wait);
    f("lr_endpoint", s.lr_endpoint);
    f("warmup_steps", s.warmup_steps);
    f("batch", s.batch);
    f("context", s.context);
    f("micro_batch", s.micro_batch);
    f("precision", s.precision);
    f("recompute", s.recompute);
    f("beta1", s.beta1);
    f("beta2", s.beta2);
    f("adam_eps", s.adam_eps);
    f("weight_decay", s.weight_decay);
    f("gradient_clip_val", s.gradient_clip_val);
    f("seed", s.seed);
    f("sampler", s.sampler);
    f("sample_offset", s.sample_offset);
    f("magic_prime", s.magic_prime);
    f("kl_weight", s.kl_weight);
    f("ce_weight", s.ce_weight);
    f("loss_on", s.loss_on);
    f("loss", s.loss);
    f("trainable", s.trainable);
    f("save_every", s.save_every);
    f("log_every", s.log_every);
  }
};

/// Section "parallel": how processes that train together do so. It changes rounding at most.
struct parallel_settings {
  std::string shard = "none";     ///< what is spread over them: none, or the optimizer's moments
  std::int64_t time_limit = 600;  ///< seconds that one waits for the others; 0: without end
  std::int64_t port = 29510;      ///< of rank 0's machine, where ranks with GPUs meet without MPI

  template <class F, class S>
  static void for_each(F&& f, S& s) {
    f("shard", s.shard);
    f("time_limit", s.time_limit);
    f("port", s.port);
  }
};

/// All sections. The defaults suit teachers of some hundred thousand parameters.
struct settings {
  model_settings model;
  stage_settings align, distill, extend, train;
  parallel_settings parallel;
  std::vector<std::string> given;  ///< "section.key" that a file or the command line has set

  settings() {
    align.tokens = 20'000'000;
    align.trainable = "mixers";
    distill.tokens = 20'000'000;
    distill.lr_init = 3e-3;
    extend.lr_init = 1e-5;
    train.tokens = 10'000'000;
    train.lr_init = 3e-3;
    train.lr_final = 1e-4;
  }

  template <class F, class S>
  static void for_each(F&& f, S& s) {
    f("model", s.model);
    f("align", s.align);
    f("distill", s.distill);
    f("extend", s.extend);
    f("train", s.train);
    f("parallel", s.parallel);
  }

  /// The section of that name; throws when it is none of a stage.
  stage_settings& stage(std::string_view name) {
    if (name == "align") return align;
    if (name == "distill") return distill;
    if (name == "extend") return extend;
    require(name == "train", "there is no stage ", name);
    return train;
  }
  const stage_settings& stage(std::string_view name) const {
    return const_cast<settings&>(*this).stage(name);
  }
};

/// Whether a stage that is not left out has its loss on answers alone.
inline bool has_loss_on_answers(const settings& values, const std::vector<std::string>& stages) {
  return std::any_of(stages.begin(), stages.end(), [&](const std::string& name) {
    const stage_settings& stage = values.stage(name);
    return stage.tokens > 0 && stage.loss_on == "assistant";
  });
}

}  // namespace radlads::convert
