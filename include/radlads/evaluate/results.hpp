// SPDX-License-Identifier: Apache-2.0
#pragma once
// From the probabilities of a set's options to its figures.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/loglikelihood.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/task_file.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace radlads::evaluate {

/// Figures of one set, or of one of its parts.
struct task_result {
  std::string name;
  std::string version;  ///< "" where it has none
  std::int64_t documents = 0;
  std::vector<metric> metrics;
  double chance = 0;  ///< share that is right by chance; 0 where nothing is chosen
};

/// All options of a set, in the order in which task_results expects their probabilities.
inline std::vector<scored_text> all_options(const task_documents& set) {
  std::vector<scored_text> options;
  for (const auto& [name, documents] : set.parts) {
    for (const document& d : documents)
      options.insert(options.end(), d.options.begin(), d.options.end());
  }
  return options;
}

namespace detail {

/// Takes the probabilities of these documents' options from the front of `scores`.
inline task_result result_of(const task& kind, std::string name,
                             std::span<const document> documents,
                             std::span<const likelihood>& scores) {
  task_result result{
      std::move(name), kind.version, static_cast<std::int64_t>(documents.size()), {}, 0};
  std::vector<double> right, right_by_length, log_probabilities;
  for (const document& d : documents) {
    require(d.options.size() <= scores.size(), "task_results: probabilities are missing");
    const std::span<const likelihood> options = scores.first(d.options.size());
    scores = scores.subspan(d.options.size());
    if (kind.form == task_form::likelihood) {
      right.push_back(options[0].is_greedy ? 1 : 0);
      log_probabilities.push_back(options[0].log_probability);
      continue;
    }
    right.push_back(is_right(d, options) ? 1 : 0);
    if (!d.lengths.empty()) right_by_length.push_back(is_right_by_length(d, options) ? 1 : 0);
  }
  if (kind.has_metric("acc")) result.metrics.push_back(mean_metric("acc", right));
  if (kind.has_metric("acc_norm") && right_by_length.size() == right.size())
    result.metrics.push_back(mean_metric("acc_norm", right_by_length));
  if (kind.has_metric("perplexity")) result.metrics.push_back(perplexity_metric(log_probabilities));
  if (kind.form == task_form::choice) result.chance = chance_of(documents);
  return result;
}

/// A set from its parts, each with the figure acc.
inline task_result result_of_parts(const task& kind, std::string name,
                                   std::span<const task_result> parts) {
  task_result whole{std::move(name), kind.whole_version, 0, {{"acc"}}, 0};
  std::vector<double> errors;
  std::vector<std::int64_t> sizes;
  for (const task_result& part : parts) {
    whole.documents += part.documents;
    sizes.push_back(part.documents);
    if (part.metrics[0].standard_error) errors.push_back(*part.metrics[0].standard_error);
  }
  for (const task_result& part : parts) {
    const double share = kind.is_weighted_by_size ? static_cast<double>(part.documents) /
                                                        static_cast<double>(whole.documents)
                                                  : 1.0 / static_cast<double>(parts.size());
    whole.metrics[0].value += share * part.metrics[0].value;
    whole.chance += share * part.chance;
  }
  if (errors.size() < parts.size()) return whole;
  whole.metrics[0].standard_error =
      kind.is_weighted_by_size ? pooled_standard_error(errors, sizes) : mean_standard_error(errors);
  return whole;
}

}  // namespace detail

/// The set's figures first, then those of its parts, NAME_PART, if it has any. `scores` has one
/// entry for each of all_options.
inline std::vector<task_result> task_results(const std::string& name, const task_documents& set,
                                             std::span<const likelihood> scores) {
  std::vector<task_result> results;
  for (const auto& [part, documents] : set.parts) {
    results.push_back(
        detail::result_of(set.kind, part.empty() ? name : name + "_" + part, documents, scores));
  }
  require(scores.empty(), "task_results: ", scores.size(), " probabilities are left over");
  if (!set.kind.part_key.empty())
    results.insert(results.begin(), detail::result_of_parts(set.kind, name, results));
  return results;
}

}  // namespace radlads::evaluate
