// SPDX-License-Identifier: Apache-2.0
// radlads transfer: the teacher's tensors into a student with other mixers.

#include "commands.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "stages.hpp"
#include "student.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace radlads::program {

namespace {

struct transfer_options {
  common_options common;
  settings_options settings;
  std::filesystem::path teacher, out;
  std::string student;
  std::vector<std::int64_t> keep_attention;
  bool is_plan_printed = false;
  run_options run;
};

void run(const CLI::App& app, const transfer_options& o) {
  settings values = read_settings(app, o.settings, {"model"});
  if (!o.keep_attention.empty()) values.model.keep_attention = o.keep_attention;
  if (o.settings.is_dry_run) {
    write_output(convert::settings_text(values, {"model"}));
    return;
  }
  if (o.out.empty() && !o.is_plan_printed) throw CLI::RequiredError("--out");
  const std::string mixer = mixer_name(o.student);
  backend_type b(backend_options(o.common));
  const run_context run = run_on(b, o.common);
  const auto teacher = load_model(b, o.teacher);
  complete_student(values.model, teacher->config);
  const auto student = convert::make_student(b, *teacher, mixer, values.model);
  if (o.is_plan_printed) {
    std::ostringstream plan;
    transfer::print(student.plan, plan);
    write_output(plan.str());
  }
  if (o.out.empty()) return;
  require_apart(o.out, o.teacher);
  files::directory_lock lock = claim_output(run, o.out, o.run.is_overwriting);
  const run_record record =
      convert::transfer_record(run, values, mixer, convert::model_identity(o.teacher, "teacher"));
  if (!o.run.is_restarted && is_finished(run, o.out, record)) {
    message("transfer: {} is complete\n", o.out.string());
    return;
  }
  save_output(run, *student.model, o.teacher, o.out, record, lock);
  message("transfer: {} with {} parameters, the teacher has {}\n", o.out.string(),
          parameter_count(student.model->weights), parameter_count(teacher->weights));
}

}  // namespace

void add_transfer(CLI::App& app) {
  CLI::App* command =
      app.add_subcommand("transfer", "Put a teacher's tensors into a student with other mixers");
  const auto o = std::make_shared<transfer_options>();
  command->add_option("--teacher", o->teacher, "model directory")->required();
  command->add_option("--student", o->student, student_names("or"))->required();
  command->add_option("--out", o->out, "directory of the student");
  add_list(*command, "--keep-attention", o->keep_attention,
           "layers that stay softmax attention: 4,7");
  command->add_flag("--plan", o->is_plan_printed,
                    "Print where every tensor comes from; without --out nothing is written");
  command->add_flag("--restart", o->run.is_restarted, "Replace a student made with other settings");
  command->add_flag("--overwrite", o->run.is_overwriting,
                    "Also write where a model is that this program did not make");
  add_settings(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, o] { run(*command, *o); });
}

}  // namespace radlads::program
