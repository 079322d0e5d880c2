// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scores of what is spread over the ranks of this run: each scores its part, and all get all
// figures. What one rank throws all throw.

#include "scores.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

namespace radlads::program {

/// As score_documents, which each rank calls with its part of the documents.
distill::evaluation score_spread_documents(backend_type& b, const model_type& model,
                                           const model_type* teacher,
                                           std::span<const std::vector<std::int32_t>> documents);

/// As score_requests. `on_progress` is called with how many of about all are done.
std::vector<evaluate::likelihood> score_spread_requests(
    backend_type& b, const model_type& model, std::span<const evaluate::request> requests,
    const std::function<void(std::size_t)>& on_progress);

}  // namespace radlads::program
