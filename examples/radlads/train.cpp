// SPDX-License-Identifier: Apache-2.0
// radlads train: a softmax teacher from nothing, for those who have none.

#include "commands.hpp"
#include "model.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/io/architecture.hpp"
#include "stages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>

namespace radlads::program {

namespace {

struct train_options {
  common_options common;
  settings_options settings;
  std::filesystem::path text, tokenizer, out;
  bool is_restarted = false;
};

/// Qwen2's decoder in the sizes that the settings name.
models::config teacher_config(const settings& values, const text::tokenizer& tokenizer) {
  const model_settings& m = values.model;
  models::config c;
  c.vocabulary = tokenizer.vocabulary_size();
  c.hidden = m.hidden;
  c.layers = m.layers;
  c.heads = m.heads;
  c.kv_heads = m.kv_heads > 0 ? m.kv_heads : m.heads;
  require(m.head_size > 0 || (m.heads > 0 && m.hidden % m.heads == 0), "model.hidden is ", m.hidden,
          ", not a multiple of model.heads, which is ", m.heads,
          "; --model.head_size says the size");
  c.head_size = m.head_size > 0 ? m.head_size : m.hidden / m.heads;
  c.intermediate = m.intermediate > 0 ? m.intermediate : (m.hidden * 8 / 3 + 3) / 4 * 4;
  c.max_positions = values.train.context;
  c.norm_epsilon = m.rms_norm_eps;
  c.rope_base = m.rope_theta;
  c.is_tied = m.tied;
  c.bos = tokenizer.bos_id();
  c.eos = tokenizer.eos_id();
  require(m.layers > 0, "model.layers is ", m.layers, ", expected at least 1");
  c.mixers.assign(static_cast<std::size_t>(m.layers), std::string(io::softmax_mixer));
  return c;
}

void run(const CLI::App& app, const train_options& o) {
  const settings values = read_settings(app, o.settings, {"model", "train"});
  if (o.settings.is_dry_run) {
    fmt::print("{}", to_yaml(values, {"model", "train"}));
    return;
  }
  require_apart(o.out, o.tokenizer);
  backend_type b(backend_options(o.common));
  model_type model;
  model.build(b, teacher_config(values, text::tokenizer::load(o.tokenizer)));
  model.initialise(b, static_cast<std::uint64_t>(values.model.seed));
  const training_text text = read_training_text(o.text, o.tokenizer, model.config, 0, b.threads());
  check_output(o.out);
  fmt::print(stderr, "train: a softmax model of {} parameters\n", parameter_count(model.weights));
  const stage_inputs inputs{b, nullptr, text, values, o.text, o.tokenizer, o.is_restarted};
  run_stage(inputs, "train", model, 0, o.out);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "train",
      "Train a softmax model from nothing; --model.hidden, .layers, .heads, .kv_heads, "
      ".head_size, .intermediate and .tied say its sizes");
  const auto o = std::make_shared<train_options>();
  command->add_option("--text", o->text, ".txt, .jsonl, or .bin with .idx")->required();
  command->add_option("--tokenizer", o->tokenizer, "directory with tokenizer.json")->required();
  command->add_option("--out", o->out, "directory of the trained model")->required();
  command->add_flag("--restart", o->is_restarted,
                    "Start over instead of going on from a checkpoint");
  add_settings(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, o] { run(*command, *o); });
}

}  // namespace radlads::program
