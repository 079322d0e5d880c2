// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scores of the texts that models write, which probabilities do not show: right answers, a needle
// in a haystack, repetition, and where a student's text leaves its teacher's.

#include "model.hpp"
#include "radlads/evaluate/results.hpp"
#include "radlads/evaluate/task_file.hpp"
#include "radlads/text/tokenizer.hpp"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

/// Tests that need no data.
inline constexpr std::array<std::string_view, 3> generation_tests{"needle", "repetition",
                                                                  "divergence"};

struct generation_options {
  std::int64_t new_tokens = 128;      ///< of each text of repetition and divergence
  std::vector<std::int64_t> lengths;  ///< of needle's texts, in tokens; none: 256, 512 and 1024
  std::uint64_t seed = 0;             ///< of needle's texts and of sampling
};

bool is_generation_test(std::string_view name);

/// What these tests run on. Models read at most `context` ids.
struct generation_subject {
  backend_type& b;
  const model_type& model;
  const text::tokenizer& tokenizer;
  std::int64_t context;
};

/// Figures of one of generation_tests; `limit` bounds its texts, of each length for needle, 0 the
/// usual number. The teacher is null but for divergence, which compares with it.
std::vector<evaluate::task_result> run_generation_test(const generation_subject& subject,
                                                       const model_type* teacher,
                                                       const std::string& name,
                                                       const generation_options& options,
                                                       std::int64_t limit);

/// Figures of the greedy answers to a set.
std::vector<evaluate::task_result> run_written_task(const generation_subject& subject,
                                                    const std::string& name,
                                                    const evaluate::task_documents& set);

}  // namespace radlads::program
