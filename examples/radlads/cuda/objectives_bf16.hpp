// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stages in bf16: parameters and activations of teacher and student are rounded, statistics,
// losses, recurrent states, moments and the student's master weights are float. The teacher in
// float is let go.

#include "stages.hpp"

namespace radlads::program {

void run_align_bf16(backend_type& b, teacher_model& teacher, model_type& student,
                    const data::token_stream& stream, const stage_task& task);
void run_distill_bf16(backend_type& b, teacher_model& teacher, model_type& student,
                      const data::token_stream& stream, const stage_task& task);
void run_next_token_bf16(backend_type& b, model_type& model, const data::token_stream& stream,
                         const stage_task& task);

}  // namespace radlads::program
