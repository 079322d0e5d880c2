// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scores of the program's model type.

#include "model.hpp"
#include "radlads/distill/evaluate.hpp"
#include "radlads/evaluate/loglikelihood.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace radlads::program {

/// Scores documents of ids under a model and, unless it is null, against a teacher.
distill::evaluation score_documents(backend_type& b, const model_type& model,
                                    const model_type* teacher,
                                    std::span<const std::vector<std::int32_t>> documents);

/// Probabilities of continuations, one for each request. `on_progress` is called with how many are
/// done.
std::vector<evaluate::likelihood> score_requests(
    backend_type& b, const model_type& model, std::span<const evaluate::request> requests,
    const std::function<void(std::size_t)>& on_progress);

}  // namespace radlads::program
