// SPDX-License-Identifier: Apache-2.0
#pragma once
// Training, apart from the commands: nvcc compiles it for radlads-cuda, and it takes longest.

#include "model.hpp"
#include "radlads/convert/stage.hpp"
#include "ranks.hpp"

namespace radlads::program {

/// convert::train for the program's model.
struct compiled_training {
  void operator()(const convert::run_context<model_type, run_ranks>& run,
                  const convert::teacher_access<model_type>& teacher, model_type& model,
                  const convert::stage_task& task,
                  const convert::take_steps<model_type>& steps) const;
};

}  // namespace radlads::program
