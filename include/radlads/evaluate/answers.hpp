// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sets whose answers a model writes, and what its answers come to.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/results.hpp"
#include "radlads/evaluate/strings.hpp"
#include "radlads/evaluate/task.hpp"
#include "radlads/text/unicode.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::evaluate {

/// Whether an answer is the right text, but for white space around it.
inline bool is_exact_match(std::string_view answer, std::string_view right) {
  return strip(answer) == strip(right);
}

/// Whether an answer begins with the right text and no letter or digit continues it.
inline bool is_prefix_match(std::string_view answer, std::string_view right) {
  const std::string_view given = strip(answer), wanted = strip(right);
  if (!given.starts_with(wanted)) return false;
  if (given.size() == wanted.size()) return true;
  const auto next = text::class_of(text::read_utf8(given, wanted.size()).code_point);
  return next != text::character_class::letter && next != text::character_class::number;
}

/// Figures of answers, one for each document, whose right text is the continuation.
inline task_result answer_result(std::string name, const task& kind,
                                 std::span<const document> documents,
                                 std::span<const std::string> answers) {
  require(documents.size() == answers.size(), "answer_result: ", answers.size(), " answers of ",
          documents.size(), " documents");
  std::vector<double> exact, beginning;
  for (std::size_t i = 0; i < documents.size(); ++i) {
    const std::string& right = documents[i].options[0].continuation;
    exact.push_back(is_exact_match(answers[i], right) ? 1 : 0);
    beginning.push_back(is_prefix_match(answers[i], right) ? 1 : 0);
  }
  task_result result{
      std::move(name), kind.version, static_cast<std::int64_t>(documents.size()), {}, 0};
  if (kind.has_metric("exact_match")) result.metrics.push_back(mean_metric("exact_match", exact));
  if (kind.has_metric("prefix_match"))
    result.metrics.push_back(mean_metric("prefix_match", beginning));
  return result;
}

}  // namespace radlads::evaluate
