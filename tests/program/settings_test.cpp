// SPDX-License-Identifier: Apache-2.0
// From a file of settings to the trainer, field by field and off the defaults.

#include "radlads/convert/stage.hpp"
#include "settings.hpp"
#include "support/temporary_directory.hpp"

#include <CLI/CLI.hpp>
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::program {
namespace settings_test {

using settings_test = test::temporary_directory;

settings read(const std::filesystem::path& file, const std::vector<std::string>& sections) {
  CLI::App app;
  settings_options options;
  options.files = {file.string()};
  return read_settings(app, options, sections);
}

constexpr const char* stage_text = R"(
distill:
  tokens: 4097
  lr_init: 2e-3
  lr_final: 3e-4
  lr2_init: 5e-3
  lr2_final: 6e-4
  lr_decay_type: linear
  lr_wait: 0.25
  lr_endpoint: 0.75
  warmup_steps: 7
  batch: 3
  context: 16
  micro_batch: 2
  precision: bf16
  recompute: true
  beta1: 0.8
  beta2: 0.9
  adam_eps: 1e-3
  weight_decay: 0.125
  gradient_clip_val: 0.5
  seed: 11
  sampler: epochs
  sample_offset: 13
  magic_prime: 17
  kl_weight: 0.75
  ce_weight: 0.375
  loss_on: assistant
  loss: mse
  trainable: decay_and_shift
  save_every: 19
  log_every: 23
)";

TEST_F(settings_test, every_key_of_a_stage_reaches_its_field) {
  const stage_settings s = read(put("stage.yaml", stage_text), {"distill"}).distill;
  EXPECT_EQ(s.tokens, 4097);
  EXPECT_EQ(s.lr_init, 2e-3);
  EXPECT_EQ(s.lr_final, 3e-4);
  EXPECT_EQ(s.lr2_init, 5e-3);
  EXPECT_EQ(s.lr2_final, 6e-4);
  EXPECT_EQ(s.lr_decay_type, "linear");
  EXPECT_EQ(s.lr_wait, 0.25);
  EXPECT_EQ(s.lr_endpoint, 0.75);
  EXPECT_EQ(s.warmup_steps, 7);
  EXPECT_EQ(s.batch, 3);
  EXPECT_EQ(s.context, 16);
  EXPECT_EQ(s.micro_batch, 2);
  EXPECT_EQ(s.precision, "bf16");
  EXPECT_TRUE(s.recompute);
  EXPECT_EQ(s.beta1, 0.8);
  EXPECT_EQ(s.beta2, 0.9);
  EXPECT_EQ(s.adam_eps, 1e-3);
  EXPECT_EQ(s.weight_decay, 0.125);
  EXPECT_EQ(s.gradient_clip_val, 0.5);
  EXPECT_EQ(s.seed, 11);
  EXPECT_EQ(s.sampler, "epochs");
  EXPECT_EQ(s.sample_offset, 13);
  EXPECT_EQ(s.magic_prime, 17);
  EXPECT_EQ(s.kl_weight, 0.75);
  EXPECT_EQ(s.ce_weight, 0.375);
  EXPECT_EQ(s.loss_on, "assistant");
  EXPECT_EQ(s.loss, "mse");
  EXPECT_EQ(s.trainable, "decay_and_shift");
  EXPECT_EQ(s.save_every, 19);
  EXPECT_EQ(s.log_every, 23);
}

// A key that is added without a line above is found here: its value is still the default's.
TEST_F(settings_test, no_key_of_a_stage_has_its_default) {
  const settings given = read(put("stage.yaml", stage_text), {"distill"}), usual;
  std::vector<std::string> values, defaults, names;
  const auto texts = [](std::vector<std::string>& to) {
    return [&to](const char*, const auto& value) {
      if constexpr (requires { value.has_value(); }) {
        to.push_back(value ? concatenate(*value) : "~");
      } else {
        to.push_back(concatenate(value));
      }
    };
  };
  stage_settings::for_each(texts(values), given.distill);
  stage_settings::for_each(texts(defaults), usual.distill);
  stage_settings::for_each([&](const char* name, const auto&) { names.emplace_back(name); },
                           usual.distill);
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_NE(values[i], defaults[i]) << names[i];
}

TEST_F(settings_test, every_key_of_the_model_reaches_its_field) {
  const model_settings m = read(put("model.yaml", R"(
model:
  use_rope: true
  balance_state: true
  groupnorm_att: false
  use_tokenshift: true
  gate_rank_type: 1
  lora_rank_decay: 2
  lora_rank_iclr: 3
  lora_rank_value_residual_mix: 4
  lora_rank_gate: 5
  lora_rank_tokenshift: 6
  keep_attention: [7, 8]
  reinit_att: true
  tied: true
  seed: 9
  hidden: 10
  layers: 11
  heads: 12
  kv_heads: 13
  head_size: 14
  intermediate: 15
  rope_theta: 16.5
  rms_norm_eps: 17.5
)"),
                                {"model"})
                               .model;
  EXPECT_EQ(m.use_rope, true);
  EXPECT_EQ(m.balance_state, true);
  EXPECT_EQ(m.groupnorm_att, false);
  EXPECT_EQ(m.use_tokenshift, true);
  EXPECT_EQ(m.gate_rank_type, 1);
  EXPECT_EQ(m.lora_rank_decay, 2);
  EXPECT_EQ(m.lora_rank_iclr, 3);
  EXPECT_EQ(m.lora_rank_value_residual_mix, 4);
  EXPECT_EQ(m.lora_rank_gate, 5);
  EXPECT_EQ(m.lora_rank_tokenshift, 6);
  EXPECT_EQ(m.keep_attention, (std::vector<std::int64_t>{7, 8}));
  EXPECT_TRUE(m.reinit_att);
  EXPECT_EQ(m.tied, true);
  EXPECT_EQ(m.seed, 9);
  EXPECT_EQ(m.hidden, 10);
  EXPECT_EQ(m.layers, 11);
  EXPECT_EQ(m.heads, 12);
  EXPECT_EQ(m.kv_heads, 13);
  EXPECT_EQ(m.head_size, 14);
  EXPECT_EQ(m.intermediate, 15);
  EXPECT_EQ(m.rope_theta, 16.5);
  EXPECT_EQ(m.rms_norm_eps, 17.5);
}

TEST_F(settings_test, other_names_of_a_key_mean_the_same) {
  const settings s = read(put("other.yaml", R"(
model: {use_pos_emb: true}
align: {my_exit_tokens: 1_000, ctx_len: 8, micro_bsz: 3, grad_cp: 1, seed_everything: 4}
)"),
                          {"model", "align"});
  EXPECT_EQ(s.model.use_rope, true);
  EXPECT_EQ(s.align.tokens, 1000);
  EXPECT_EQ(s.align.context, 8);
  EXPECT_EQ(s.align.micro_batch, 3);
  EXPECT_TRUE(s.align.recompute);
  EXPECT_EQ(s.align.seed, 4);
}

TEST_F(settings_test, every_field_reaches_the_trainer) {
  const stage_settings s = read(put("stage.yaml", stage_text), {"distill"}).distill;
  const distill::trainer_options o = convert::trainer_options_of(s);
  ASSERT_TRUE(o.mixer_schedule.has_value());
  for (const optim::schedule_options* each : {&o.schedule, &*o.mixer_schedule}) {
    EXPECT_EQ(each->shape, optim::decay_shape::linear);
    EXPECT_DOUBLE_EQ(each->steps, 4097.0 / 48.0);
    EXPECT_EQ(each->warmup_steps, 7);
    EXPECT_EQ(each->wait, 0.25);
    EXPECT_EQ(each->endpoint, 0.75);
  }
  EXPECT_EQ(o.schedule.initial, 2e-3);
  EXPECT_EQ(o.schedule.final, 3e-4);
  EXPECT_EQ(o.mixer_schedule->initial, 5e-3);
  EXPECT_EQ(o.mixer_schedule->final, 6e-4);
  EXPECT_EQ(o.adamw.beta1, 0.8);
  EXPECT_EQ(o.adamw.beta2, 0.9);
  EXPECT_EQ(o.adamw.epsilon, 1e-3);
  EXPECT_EQ(o.adamw.weight_decay, 0.125);
  EXPECT_EQ(o.clip_norm, 0.5);
  EXPECT_EQ(o.what, distill::trainable::decay_and_shift);
  EXPECT_EQ(convert::step_count(s), 86);
}

TEST_F(settings_test, seed_of_the_command_line_is_that_of_all_sections) {
  CLI::App app;
  settings_options options;
  options.seed = 77;
  const settings s = read_settings(app, options, {"model"});
  EXPECT_EQ(s.model.seed, 77);
  for (const stage_settings* each : {&s.align, &s.distill, &s.extend, &s.train}) {
    EXPECT_EQ(each->seed, 77);
  }
}

}  // namespace settings_test
}  // namespace radlads::program
