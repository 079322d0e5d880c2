// SPDX-License-Identifier: Apache-2.0
// The stages in float. Apart from the commands, because nvcc compiles this for radlads-cuda.

#include "objectives.hpp"
#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/objectives_bf16.hpp"
#endif

namespace radlads::program {

#if defined(RADLADS_PROGRAM_CUDA)
namespace {
bool is_bf16(const stage_task& task) { return task.settings.precision == "bf16"; }
}  // namespace
#endif

void run_align(backend_type& b, teacher_model& teacher, model_type& student,
               const data::token_stream& stream, const stage_task& task) {
#if defined(RADLADS_PROGRAM_CUDA)
  if (is_bf16(task)) return run_align_bf16(b, teacher, student, stream, task);
#endif
  align_on(b, teacher.get(), student, student, stream, task);
}

void run_distill(backend_type& b, teacher_model& teacher, model_type& student,
                 const data::token_stream& stream, const stage_task& task) {
#if defined(RADLADS_PROGRAM_CUDA)
  if (is_bf16(task)) return run_distill_bf16(b, teacher, student, stream, task);
#endif
  distill_on(b, teacher.get(), student, student, stream, task);
}

void run_next_token(backend_type& b, model_type& model, const data::token_stream& stream,
                    const stage_task& task) {
#if defined(RADLADS_PROGRAM_CUDA)
  if (is_bf16(task)) return run_next_token_bf16(b, model, stream, task);
#endif
  next_token_on(b, model, model, stream, task);
}

}  // namespace radlads::program
