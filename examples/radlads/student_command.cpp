// SPDX-License-Identifier: Apache-2.0
#include "documents.hpp"
#include "memory.hpp"
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/transfer/weight_map.hpp"
#include "ranks.hpp"
#include "recipe.hpp"
#include "student_command.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace radlads::program {

namespace {

struct student_options {
  common_options common;
  settings_options settings;
  std::filesystem::path teacher, student, out;
  std::vector<std::string> text;
  run_options run;
};

/// Throws when teacher and student have tokenizers that give different ids.
void require_same_tokenizer(const std::filesystem::path& teacher,
                            const std::filesystem::path& student) {
  std::error_code code;
  for (const auto& directory : {teacher, student}) {
    const bool has_one = std::filesystem::exists(directory / "tokenizer.json", code) ||
                         std::filesystem::exists(directory / "vocab.json", code);
    if (!has_one) return;
  }
  require(
      text::tokenizer::load(teacher).fingerprint() == text::tokenizer::load(student).fingerprint(),
      "the tokenizers of ", teacher.string(), " and ", student.string(), " are not the same");
}

void run(const CLI::App& app, const std::string& stage, const student_options& o) {
  settings values = read_settings(app, o.settings, {stage, "parallel"});
  ranks().meet_at(values.parallel.port);
  if (o.settings.is_dry_run) {
    const stage_models models{io::read_description(o.teacher).config,
                              io::read_description(o.student).config};
    settle_by_size(values, o.settings, {stage}, parameters_of(*models.teacher), std::nullopt);
    write_output(convert::settings_text(values, {stage, "parallel"}));
    write_output(memory_plan(stage, values.stage(stage), models, host_threads(o.common),
                             target_of(o.settings, values)));
    return;
  }
  convert::require_precision<backend_type>(values, {stage});
  require_apart(o.out, o.teacher);
  require_apart(o.out, o.student);
  const text_inputs given(o.text);
  backend_type b(backend_options(o.common));
  const run_context run = run_on(b, o.common);
  teacher_model teacher(run, o.teacher);
  const auto student = load_model(b, o.student);
  transfer::check_pair(teacher.config(), student->config);
  require_same_tokenizer(o.teacher, o.student);
  const training_text text = convert::read_training_text(
      run, given, o.teacher, teacher.config(), {0, convert::has_loss_on_answers(values, {stage})});
  files::directory_lock lock = claim_output(run, o.out, o.run.is_overwriting);
  settle_by_size(values, o.settings, {stage}, teacher.parameters(), text.stream.size());
  const auto tell = [&](const convert::failed_stage& failed) {
    tell_of_failed(failed, run.threads);
  };
  const stage_inputs inputs{run,       &teacher, text,      values, given.name(),
                            o.student, o.run,    o.student, tell};
  run_stage(inputs, stage, *student, convert::samples_of(o.student), o.out, lock);
}

}  // namespace

void add_student_command(CLI::App& app, const std::string& stage, const std::string& description) {
  CLI::App* command = app.add_subcommand(stage, description);
  const auto o = std::make_shared<student_options>();
  command->add_option("--teacher", o->teacher, "model directory")->required();
  command->add_option("--student", o->student, "model directory")->required();
  add_texts(*command, "--text", o->text, training_texts_help)->required();
  command->add_option("--out", o->out, "directory of the trained student")->required();
  add_run_options(*command, o->run);
  add_settings(*command, o->settings);
  add_loss_on(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, stage, o] { run(*command, stage, *o); });
}

}  // namespace radlads::program
