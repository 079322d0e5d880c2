// SPDX-License-Identifier: Apache-2.0
#pragma once
// From logits to the next token: the likeliest one, or a draw from the tempered distribution cut to
// its likeliest part. Random numbers are the caller's.

#include "radlads/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
#include <vector>

namespace radlads::models {

/// How the next token is chosen.
struct sampling_options {
  double temperature = 1;  ///< divides the logits; 0 takes the likeliest token
  double top_p = 1;        ///< probability kept: the fewest likeliest tokens that reach it
};

/// Throws unless the temperature is at least 0 and finite, and top_p in (0, 1].
inline void check(const sampling_options& o) {
  require(std::isfinite(o.temperature) && o.temperature >= 0, "sampling: the temperature is ",
          o.temperature, ", expected 0 or more");
  require(o.top_p > 0 && o.top_p <= 1, "sampling: top_p is ", o.top_p,
          ", expected more than 0 and at most 1");
}

/// Index of the greatest logit, the lowest among equals. Throws when there is none or one is NaN.
template <std::floating_point T>
std::int32_t likeliest(std::span<const T> logits) {
  require(!logits.empty(), "likeliest: there are no logits");
  std::size_t best = 0;
  for (std::size_t i = 0; i < logits.size(); ++i) {
    require(!std::isnan(logits[i]), "likeliest: logit ", i, " of ", logits.size(), " is NaN");
    if (logits[i] > logits[best]) best = i;
  }
  return static_cast<std::int32_t>(best);
}

/// softmax(logits / temperature), in double. The temperature must be above 0.
template <std::floating_point T>
std::vector<double> tempered_softmax(std::span<const T> logits, double temperature) {
  const double greatest = logits[static_cast<std::size_t>(likeliest(logits))];
  require(std::isfinite(greatest), "tempered_softmax: the greatest logit is ", greatest);
  std::vector<double> p(logits.size());
  double sum = 0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    p[i] = std::exp((static_cast<double>(logits[i]) - greatest) / temperature);
    sum += p[i];
  }
  for (double& each : p) each /= sum;
  return p;
}

/// The fewest likeliest ids whose probabilities sum to at least top_p, likeliest first and, among
/// equals, lowest first.
inline std::vector<std::int32_t> nucleus(std::span<const double> probabilities, double top_p) {
  std::vector<std::int32_t> ids(probabilities.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto of = [&](std::int32_t id) { return probabilities[static_cast<std::size_t>(id)]; };
  std::stable_sort(ids.begin(), ids.end(),
                   [&](std::int32_t left, std::int32_t right) { return of(left) > of(right); });
  double sum = 0;
  std::size_t kept = 0;
  while (kept < ids.size() && sum < top_p) sum += of(ids[kept++]);
  ids.resize(kept);
  return ids;
}

/// Chooses a token. `uniform` in [0, 1) decides; it is not looked at when the temperature is 0.
/// Throws as check() does, and on logits that are NaN or have no finite greatest one.
template <std::floating_point T>
std::int32_t sample(std::span<const T> logits, const sampling_options& o, double uniform) {
  check(o);
  if (o.temperature == 0) return likeliest(logits);
  const std::vector<double> p = tempered_softmax(logits, o.temperature);
  const std::vector<std::int32_t> ids = nucleus(p, o.top_p);
  double mass = 0;
  for (const std::int32_t id : ids) mass += p[static_cast<std::size_t>(id)];
  double left = uniform * mass;
  for (const std::int32_t id : ids) {
    left -= p[static_cast<std::size_t>(id)];
    if (left < 0) return id;
  }
  return ids.back();  // rounding can leave a last crumb
}

}  // namespace radlads::models
