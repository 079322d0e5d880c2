// SPDX-License-Identifier: Apache-2.0
// radlads convert: all steps in a row. The finished model is the output directory itself, the steps
// lie in its folder steps/; a rerun continues where the last one ended.

#include "commands.hpp"
#include "documents.hpp"
#include "memory.hpp"
#include "messages.hpp"
#include "model_readme.hpp"
#include "options.hpp"
#include "radlads/convert/conversion.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/model_description.hpp"
#include "recipe.hpp"
#include "score_table.hpp"
#include "scored_documents.hpp"
#include "stages.hpp"
#include "student.hpp"
#include "texts.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {

namespace {

struct convert_options {
  common_options common;
  settings_options settings;
  std::filesystem::path teacher, out;
  std::vector<std::string> text, eval_text;
  std::string student;
  std::vector<std::int64_t> keep_attention;
  std::int64_t hold_out = 0;
  run_options run;
};

const std::vector<std::string> sections{"model", "align", "distill", "extend", "parallel"};

/// Prints settings and memory.
void run_dry(const convert_options& o, settings values) {
  const models::config teacher = io::read_description(o.teacher).config;
  settle_by_size(values, o.settings, {"align", "distill"}, parameters_of(teacher), std::nullopt);
  complete_student(values.model, teacher);
  write_output(convert::settings_text(values, sections));
  const models::config student = student_config(teacher, mixer_name(o.student), values.model);
  for (const std::string stage : {"align", "distill", "extend"}) {
    const stage_settings& s = values.stage(stage);
    if (s.tokens == 0) continue;
    stage_models models{teacher, student};
    if (stage == "extend") models.teacher.reset();
    write_output(
        memory_plan(stage, s, models, host_threads(o.common), target_of(o.settings, values)));
  }
}

void run(const CLI::App& app, const convert_options& o) {
  settings values = read_settings(app, o.settings, sections);
  ranks().meet_at(values.parallel.port);
  if (!o.keep_attention.empty()) values.model.keep_attention = o.keep_attention;
  if (o.settings.is_dry_run) return run_dry(o, values);
  convert::require_precision<backend_type>(values, {"align", "distill", "extend"});
  require_apart(o.out, o.teacher);
  const text_inputs given(o.text);
  const std::optional<text_inputs> scored = texts_to_score(o.eval_text, given);
  backend_type b(backend_options(o.common));
  const run_context run = run_on(b, o.common);
  teacher_model teacher(run, o.teacher);
  convert::check_student<model_type>(teacher.config(), o.student, values);
  const bool marks_answers = convert::has_loss_on_answers(values, {"align", "distill", "extend"});
  const training_text text = convert::read_training_text(run, given, o.teacher, teacher.config(),
                                                         {o.hold_out, marks_answers});
  std::optional<score_table> table;
  convert::conversion_hooks<model_type> hooks;
  hooks.on_begin = [&] {
    settle_by_size(values, o.settings, {"align", "distill"}, teacher.parameters(),
                   text.stream.size());
    table.emplace(
        b, teacher,
        documents_to_score(o.teacher, teacher.config(), text, scored, values.distill.context));
  };
  hooks.on_step = [&](const std::string& step, const model_type& student) {
    table->add(step, student);
  };
  hooks.texts = [&](const models::config& student, const run_record& record) {
    std::map<std::string, std::string> texts;
    if (has_foreign_readme(o.out)) return texts;
    texts[readme_name] = model_readme(
        student, {base_name(o.out), base_name(o.teacher), record.text(), table->text()});
    return texts;
  };
  hooks.on_out_of_memory = [&](const convert::failed_stage& failed) {
    tell_of_failed(failed, run.threads);
  };
  convert::run_conversion<model_type, run_ranks, compiled_training>(
      run, teacher, text, values, {o.student, o.out, o.run, given.name()}, hooks);
  write_output(table->text());
}

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "convert",
      "Turn a softmax teacher into a linear-attention model: transfer, align, distill, extend");
  const auto o = std::make_shared<convert_options>();
  command->add_option("--teacher", o->teacher, "model directory")->required();
  add_texts(*command, "--text", o->text, training_texts_help)->required();
  command->add_option("--student", o->student, student_names("or"))->required();
  command->add_option("--out", o->out, "directory of the finished model; its steps lie in steps/")
      ->required();
  add_list(*command, "--keep-attention", o->keep_attention,
           "layers that stay softmax attention: 4,7");
  add_number(*command, "--hold-out", o->hold_out,
             "keep every N-th document for the table of scores", 0);
  add_texts(*command, "--eval-text", o->eval_text, "documents for the table of scores");
  add_run_options(*command, o->run);
  add_settings(*command, o->settings);
  add_loss_on(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, o] { run(*command, *o); });
}

}  // namespace radlads::program
