// SPDX-License-Identifier: Apache-2.0
#include "scores.hpp"

#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/instances.cuh"
#endif

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace radlads::program {

distill::evaluation score_documents(backend_type& b, const model_type& model,
                                    const model_type* teacher,
                                    std::span<const std::vector<std::int32_t>> documents) {
  distill::evaluator<model_type> evaluate(model, teacher);
  return evaluate(b, documents);
}

std::vector<evaluate::likelihood> score_requests(
    backend_type& b, const model_type& model, std::span<const evaluate::request> requests,
    const std::function<void(std::size_t)>& on_progress) {
  evaluate::likelihood_scorer<model_type> score(model);
  return score(b, requests, on_progress);
}

}  // namespace radlads::program
