// SPDX-License-Identifier: Apache-2.0
#include "cuda/objectives_bf16.hpp"
#include "objectives.hpp"
#include "radlads/ops/convert.hpp"

namespace radlads::program {

namespace {

using bf16_model = model_type::with_scalar<bf16>;

/// A model of the same description; its values are undefined.
bf16_model empty_copy(backend_type& b, const model_type& model) {
  bf16_model copy;
  copy.build(b, model.config);
  return copy;
}

/// The teacher's copy; the teacher itself is let go.
bf16_model rounded_copy(backend_type& b, teacher_model& teacher) {
  bf16_model copy = empty_copy(b, teacher.get());
  ops::convert_all(b, teacher.get().weights, copy.weights);
  teacher.release();
  return copy;
}

}  // namespace

void run_align_bf16(backend_type& b, teacher_model& teacher, model_type& student,
                    const data::token_stream& stream, const stage_task& task) {
  const bf16_model from = rounded_copy(b, teacher);
  bf16_model to = empty_copy(b, student);
  align_on(b, from, to, student, stream, task);
}

void run_distill_bf16(backend_type& b, teacher_model& teacher, model_type& student,
                      const data::token_stream& stream, const stage_task& task) {
  const bf16_model from = rounded_copy(b, teacher);
  bf16_model to = empty_copy(b, student);
  distill_on(b, from, to, student, stream, task);
}

void run_next_token_bf16(backend_type& b, model_type& model, const data::token_stream& stream,
                         const stage_task& task) {
  bf16_model to = empty_copy(b, model);
  next_token_on(b, to, model, stream, task);
}

}  // namespace radlads::program
