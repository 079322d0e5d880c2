// SPDX-License-Identifier: Apache-2.0
#include "scores.hpp"

#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/instances.cuh"
#endif

#include <cstdint>
#include <span>
#include <vector>

namespace radlads::program {

distill::evaluation score_documents(backend_type& b, const model_type& model,
                                    const model_type* teacher,
                                    std::span<const std::vector<std::int32_t>> documents) {
  distill::evaluator<model_type> evaluate(model, teacher);
  return evaluate(b, documents);
}

}  // namespace radlads::program
