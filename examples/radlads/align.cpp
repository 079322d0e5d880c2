// SPDX-License-Identifier: Apache-2.0
// radlads align: step 1, every student mixer drawn to the teacher's output of its layer.

#include "commands.hpp"
#include "model.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/replicas.hpp"
#include "student_command.hpp"

#include <CLI/CLI.hpp>

namespace radlads::program {

void run_align(backend_type& b, const model_type& teacher, model_type& student,
               const data::token_stream& stream, const stage_task& task) {
  distill::alignment_options options;
  options.micro_batch = task.settings.micro_batch;
  options.is_squared = task.settings.loss == "mse";
  distill::replicas<distill::alignment<model_type, model_type>, model_type::params> objective(
      distill::replica_count(student.config.hidden, b.threads()), teacher, student, options);
  run_loop loop(b, student, stream, task, objective.needs_targets());
  loop.run(objective);
}

void add_align(CLI::App& app) {
  add_student_command(app, "align",
                      "Step 1: draw every student mixer to the output of the teacher's attention");
}

}  // namespace radlads::program
