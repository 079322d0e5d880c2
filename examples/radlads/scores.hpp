// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scores of the program's model type.

#include "model.hpp"
#include "radlads/distill/evaluate.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace radlads::program {

/// Scores documents of ids under a model and, unless it is null, against a teacher.
distill::evaluation score_documents(backend_type& b, const model_type& model,
                                    const model_type* teacher,
                                    std::span<const std::vector<std::int32_t>> documents);

}  // namespace radlads::program
