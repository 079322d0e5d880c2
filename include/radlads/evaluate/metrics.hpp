// SPDX-License-Identifier: Apache-2.0
#pragma once
// Figures of an evaluation set with their standard errors, as lm-eval defines them.

#include "radlads/core/random.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/loglikelihood.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::evaluate {

/// One figure.
struct metric {
  std::string name;
  double value = 0;
  std::optional<double> standard_error = {};  ///< none of a single document
};

/// Whether a larger figure of that name is better.
inline bool is_higher_better(std::string_view name) {
  return name != "perplexity" && !name.starts_with("repeated_4grams");
}

/// Whether a figure is a share of right documents, for which relative_score means something.
inline bool is_share_right(std::string_view name) {
  return name == "acc" || name == "acc_norm" || name.ends_with("_match");
}

/// Index of the largest value, the first of equal ones.
inline std::size_t first_largest(std::span<const double> values) {
  std::size_t best = 0;
  for (std::size_t i = 1; i < values.size(); ++i) {
    if (values[i] > values[best]) best = i;
  }
  return best;
}

/// Whether the most probable option is the right one.
inline bool is_right(const document& d, std::span<const likelihood> options) {
  std::vector<double> scores;
  for (const likelihood& each : options) scores.push_back(each.log_probability);
  return first_largest(scores) == d.gold;
}

/// The same with each logarithm divided by the choice's number of characters.
inline bool is_right_by_length(const document& d, std::span<const likelihood> options) {
  std::vector<double> scores;
  for (std::size_t i = 0; i < options.size(); ++i) {
    scores.push_back(options[i].log_probability / static_cast<double>(d.lengths[i]));
  }
  return first_largest(scores) == d.gold;
}

/// Mean of at least one value, and the sample's standard deviation over the root of their number.
inline metric mean_metric(std::string name, std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  metric m{std::move(name), std::reduce(values.begin(), values.end()) / count};
  if (values.size() < 2) return m;
  double squares = 0;
  for (const double value : values) squares += (value - m.value) * (value - m.value);
  m.standard_error = std::sqrt(squares / (count - 1) / count);
  return m;
}

/// exp of minus the mean of at least one log-probability; the standard error is that of 10,000
/// resamples with replacement.
inline metric perplexity_metric(std::span<const double> log_probabilities) {
  const auto count = log_probabilities.size();
  const double sum = std::reduce(log_probabilities.begin(), log_probabilities.end());
  metric m{"perplexity", std::exp(-sum / static_cast<double>(count))};
  if (count < 2) return m;
  constexpr std::size_t resamples = 10'000;
  const random_stream numbers{1234, 0};
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < resamples; ++i) {
    double resampled = 0;
    for (std::size_t j = 0; j < count; ++j) {
      const double u = numbers.uniform(i * count + j);
      resampled += log_probabilities[static_cast<std::size_t>(u * static_cast<double>(count))];
    }
    const double value = std::exp(-resampled / static_cast<double>(count));
    const double change = value - mean;
    mean += change / static_cast<double>(i + 1);
    squares += change * (value - mean);
  }
  m.standard_error = std::sqrt(squares / static_cast<double>(resamples - 1));
  return m;
}

/// Standard error of a mean over parts that are weighted by their sizes.
inline double pooled_standard_error(std::span<const double> errors,
                                    std::span<const std::int64_t> sizes) {
  double squares = 0, total = 0;
  for (std::size_t i = 0; i < errors.size(); ++i) {
    const auto n = static_cast<double>(sizes[i]);
    squares += (n - 1) * errors[i] * errors[i] * n;
    total += n;
  }
  return std::sqrt(squares / (total - static_cast<double>(errors.size())) / total);
}

/// Standard error of the plain mean over parts.
inline double mean_standard_error(std::span<const double> errors) {
  double squares = 0;
  for (const double each : errors) squares += each * each;
  return std::sqrt(squares) / static_cast<double>(errors.size());
}

/// Share that is right by chance: the mean over documents of one over the number of options.
inline double chance_of(std::span<const document> documents) {
  double sum = 0;
  for (const document& d : documents) sum += 1.0 / static_cast<double>(d.options.size());
  return documents.empty() ? 0 : sum / static_cast<double>(documents.size());
}

/// The paper's relative score: how much of what the teacher has above chance the student has.
/// Nothing where the teacher has nothing above it.
inline std::optional<double> relative_score(double student, double teacher, double chance) {
  if (teacher <= chance) return {};
  return (student - chance) / (teacher - chance);
}

}  // namespace radlads::evaluate
