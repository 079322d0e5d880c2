// SPDX-License-Identifier: Apache-2.0
#include "objectives.hpp"
#include "radlads/convert/objectives.hpp"
#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/instances.cuh"
#include "cuda/objectives_bf16.hpp"
#endif

namespace radlads::program {

void compiled_training::operator()(const convert::run_context<model_type, run_ranks>& run,
                                   const convert::teacher_access<model_type>& teacher,
                                   model_type& model, const convert::stage_task& task,
                                   const convert::take_steps<model_type>& steps) const {
#if defined(RADLADS_PROGRAM_CUDA)
  if (task.settings.precision == "bf16") return train_in_bf16(run, teacher, model, task, steps);
#endif
  convert::train_in<float>(run, teacher, model, task, steps);
}

}  // namespace radlads::program
