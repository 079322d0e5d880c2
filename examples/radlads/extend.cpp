// SPDX-License-Identifier: Apache-2.0
// radlads extend: step 3, longer contexts by cross-entropy, without a teacher.

#include "commands.hpp"
#include "documents.hpp"
#include "memory.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "radlads/io/model_description.hpp"
#include "ranks.hpp"
#include "stages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace radlads::program {

namespace {

struct extend_options {
  common_options common;
  settings_options settings;
  std::filesystem::path model, out;
  std::vector<std::string> text;
  run_options run;
};

void run(const CLI::App& app, const extend_options& o) {
  const settings values = read_settings(app, o.settings, {"extend", "parallel"});
  ranks().meet_at(values.parallel.port);
  if (o.settings.is_dry_run) {
    write_output(convert::settings_text(values, {"extend", "parallel"}));
    const stage_models models{{}, io::read_description(o.model).config};
    write_output(memory_plan("extend", values.extend, models, host_threads(o.common),
                             target_of(o.settings, values)));
    return;
  }
  convert::require_precision<backend_type>(values, {"extend"});
  require_apart(o.out, o.model);
  const text_inputs given(o.text);
  backend_type b(backend_options(o.common));
  const run_context run = run_on(b, o.common);
  const auto model = load_model(b, o.model);
  const training_text text = convert::read_training_text(
      run, given, o.model, model->config, {0, convert::has_loss_on_answers(values, {"extend"})});
  files::directory_lock lock = claim_output(run, o.out, o.run.is_overwriting);
  const auto tell = [&](const convert::failed_stage& failed) {
    tell_of_failed(failed, run.threads);
  };
  const stage_inputs inputs{run,     nullptr, text,    values, given.name(),
                            o.model, o.run,   o.model, tell};
  run_stage(inputs, "extend", *model, convert::samples_of(o.model), o.out, lock);
}

}  // namespace

void add_extend(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "extend", "Step 3: train on longer contexts by cross-entropy, without a teacher");
  const auto o = std::make_shared<extend_options>();
  command->add_option("--model", o->model, "model directory")->required();
  add_texts(*command, "--text", o->text, training_texts_help)->required();
  command->add_option("--out", o->out, "directory of the trained model")->required();
  add_run_options(*command, o->run);
  add_settings(*command, o->settings);
  add_loss_on(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, o] { run(*command, *o); });
}

}  // namespace radlads::program
