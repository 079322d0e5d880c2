// SPDX-License-Identifier: Apache-2.0
// What each stage trains on. Apart from the commands, because nvcc compiles this for radlads-cuda.

#include "model.hpp"
#include "objective.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "stages.hpp"

#include <cstdint>

namespace radlads::program {

namespace {
std::int64_t rows_at_a_time(const stage_task& task) {
  return task.settings.micro_batch > 0 ? task.settings.micro_batch : usual_micro_batch;
}
}  // namespace

void run_align(backend_type& b, const model_type& teacher, model_type& student,
               const data::token_stream& stream, const stage_task& task) {
  distill::alignment_options options;
  options.micro_batch = rows_at_a_time(task);
  options.is_squared = task.settings.loss == "mse";
  auto objective = make_objective<distill::alignment<model_type, model_type>>(b, student, teacher,
                                                                              student, options);
  run_loop loop(b, student, stream, task, objective.needs_targets());
  loop.run(objective);
}

void run_distill(backend_type& b, const model_type& teacher, model_type& student,
                 const data::token_stream& stream, const stage_task& task) {
  distill::distillation_options options;
  options.micro_batch = rows_at_a_time(task);
  options.kl_weight = task.settings.kl_weight;
  options.ce_weight = task.settings.ce_weight;
  auto objective = make_objective<distill::distillation<model_type, model_type>>(
      b, student, teacher, student, options);
  run_loop loop(b, student, stream, task, objective.needs_targets());
  loop.run(objective);
}

void run_next_token(backend_type& b, model_type& model, const data::token_stream& stream,
                    const stage_task& task) {
  auto objective =
      make_objective<distill::next_token<model_type>>(b, model, model, rows_at_a_time(task));
  run_loop loop(b, model, stream, task, objective.needs_targets());
  loop.run(objective);
}

}  // namespace radlads::program
