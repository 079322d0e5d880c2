// SPDX-License-Identifier: Apache-2.0
#pragma once
// Training in bf16, which nvcc compiles beside that in float.

#include "model.hpp"
#include "radlads/convert/stage.hpp"
#include "ranks.hpp"

namespace radlads::program {

/// convert::train_in<bf16>.
void train_in_bf16(const convert::run_context<model_type, run_ranks>& run,
                   const convert::teacher_access<model_type>& teacher, model_type& model,
                   const convert::stage_task& task, const convert::take_steps<model_type>& steps);

}  // namespace radlads::program
