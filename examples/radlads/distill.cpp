// SPDX-License-Identifier: Apache-2.0
// radlads distill: steps 2 and 2a, the student's logits drawn to the teacher's.

#include "commands.hpp"
#include "model.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "student_command.hpp"

#include <CLI/CLI.hpp>

namespace radlads::program {

void run_distill(backend_type& b, const model_type& teacher, model_type& student,
                 const data::token_stream& stream, const stage_task& task) {
  distill::distillation_options options;
  options.micro_batch = task.settings.micro_batch;
  options.kl_weight = task.settings.kl_weight;
  options.ce_weight = task.settings.ce_weight;
  distill::replicas<distill::distillation<model_type, model_type>, model_type::params> objective(
      distill::replica_count(student.config.hidden, b.threads()), teacher, student, options);
  run_loop loop(b, student, stream, task, objective.needs_targets());
  loop.run(objective);
}

void add_distill(CLI::App& app) {
  add_student_command(
      app, "distill",
      "Step 2: draw the student's predictions to the teacher's; with context 4096 and "
      "lr2_init, step 2a");
}

}  // namespace radlads::program
