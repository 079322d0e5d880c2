// SPDX-License-Identifier: Apache-2.0
// radlads train: a softmax teacher from scratch, for those who have none.

#include "commands.hpp"
#include "documents.hpp"
#include "memory.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/architecture.hpp"
#include "ranks.hpp"
#include "stages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace radlads::program {

namespace {

struct train_options {
  common_options common;
  settings_options settings;
  std::filesystem::path tokenizer, out;
  std::vector<std::string> text;
  run_options run;
};

/// Gives every size a value, so that the record names all of them.
void complete_sizes(model_settings& m) {
  const auto keep_or = [](auto& value, auto fallback) { value = value.value_or(fallback); };
  keep_or(m.hidden, 64);
  keep_or(m.layers, 4);
  keep_or(m.heads, 8);
  keep_or(m.kv_heads, *m.heads);
  require(m.head_size || (*m.heads > 0 && *m.hidden % *m.heads == 0), "model.hidden is ", *m.hidden,
          ", not a multiple of model.heads, which is ", *m.heads,
          "; --model.head_size says the size");
  keep_or(m.head_size, m.head_size ? 0 : *m.hidden / *m.heads);
  keep_or(m.intermediate, (*m.hidden * 8 / 3 + 3) / 4 * 4);
  keep_or(m.rope_theta, 1e4);
  keep_or(m.rms_norm_eps, 1e-6);
  keep_or(m.tied, false);
}

/// Qwen2's decoder in these sizes.
models::config teacher_config(const settings& values, const text::tokenizer& tokenizer) {
  const model_settings& m = values.model;
  models::config c;
  c.vocabulary = tokenizer.vocabulary_size();
  c.hidden = *m.hidden;
  c.layers = *m.layers;
  c.heads = *m.heads;
  c.kv_heads = *m.kv_heads;
  c.head_size = *m.head_size;
  c.intermediate = *m.intermediate;
  c.max_positions = values.train.context;
  c.norm_epsilon = *m.rms_norm_eps;
  c.rope_base = *m.rope_theta;
  c.is_tied = *m.tied;
  c.bos = tokenizer.bos_id();
  if (tokenizer.eos_id()) c.eos = {*tokenizer.eos_id()};
  c.mixers.assign(static_cast<std::size_t>(c.layers), std::string(io::softmax_mixer));
  return c;
}

void run(const CLI::App& app, const train_options& o) {
  settings values = read_settings(app, o.settings, {"model", "train", "parallel"});
  ranks().meet_at(values.parallel.port);
  complete_sizes(values.model);
  if (o.settings.is_dry_run) {
    write_output(convert::settings_text(values, {"model", "train", "parallel"}));
    const stage_models models{{}, teacher_config(values, text::tokenizer::load(o.tokenizer))};
    write_output(memory_plan("train", values.train, models, host_threads(o.common),
                             target_of(o.settings, values)));
    return;
  }
  convert::require_precision<backend_type>(values, {"train"});
  require_apart(o.out, o.tokenizer);
  const text_inputs given(o.text);
  backend_type b(backend_options(o.common));
  model_type model;
  model.build(b, teacher_config(values, text::tokenizer::load(o.tokenizer)));
  model.initialise(b, static_cast<std::uint64_t>(values.model.seed));
  const run_context run = run_on(b, o.common);
  const training_text text = convert::read_training_text(
      run, given, o.tokenizer, model.config, {0, convert::has_loss_on_answers(values, {"train"})});
  files::directory_lock lock = claim_output(run, o.out, o.run.is_overwriting);
  const auto tell = [&](const convert::failed_stage& failed) {
    tell_of_failed(failed, run.threads);
  };
  const stage_inputs inputs{run, nullptr, text, values, given.name(), o.tokenizer, o.run, {}, tell};
  run_stage(inputs, "train", model, 0, o.out, lock);
}

}  // namespace

void add_train(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "train",
      "Train a softmax model from scratch; --model.hidden, .layers, .heads, .kv_heads, "
      ".head_size, .intermediate and .tied say its sizes");
  const auto o = std::make_shared<train_options>();
  add_texts(*command, "--text", o->text, training_texts_help)->required();
  command->add_option("--tokenizer", o->tokenizer, "directory with tokenizer.json")->required();
  command->add_option("--out", o->out, "directory of the trained model")->required();
  add_run_options(*command, o->run);
  add_settings(*command, o->settings);
  add_loss_on(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, o] { run(*command, *o); });
}

}  // namespace radlads::program
