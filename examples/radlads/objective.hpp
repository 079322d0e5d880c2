// SPDX-License-Identifier: Apache-2.0
#pragma once
// An objective as a backend runs it best: on the CPU parts of a batch side by side, on CUDA as it
// is.

#include "model.hpp"
#include "radlads/distill/replicas.hpp"
#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/instances.cuh"
#endif

#include <type_traits>

namespace radlads::program {

/// Makes an objective that trains `trained`, from the arguments of Objective's constructor.
template <class Objective, class B, class Model, class... Arguments>
auto make_objective(B& b, const Model& trained, const Arguments&... arguments) {
  if constexpr (std::is_same_v<B, cpu_backend>) {
    return distill::replicas<Objective, typename Model::params>(
        distill::replica_count(trained.config.hidden, b.threads()), arguments...);
  } else {
    return Objective(arguments...);
  }
}

}  // namespace radlads::program
