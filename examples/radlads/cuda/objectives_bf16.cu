// SPDX-License-Identifier: Apache-2.0
#include "cuda/instances.cuh"
#include "cuda/objectives_bf16.hpp"
#include "radlads/convert/objectives.hpp"

namespace radlads::program {

void train_in_bf16(const convert::run_context<model_type, run_ranks>& run,
                   const convert::teacher_access<model_type>& teacher, model_type& model,
                   const convert::stage_task& task, const convert::take_steps<model_type>& steps) {
  convert::train_in<bf16>(run, teacher, model, task, steps);
}

}  // namespace radlads::program
