// SPDX-License-Identifier: Apache-2.0
#pragma once
// The choice of a token as its definition has it: sorted probabilities in double.

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <vector>

namespace radlads::reference {

struct sampling {
  double temperature = 1;
  std::size_t top_k = 0;
  double top_p = 1, min_p = 0, penalty = 1;
};

/// Ids that stay, most probable first, then by id.
inline std::vector<std::int32_t> kept_tokens(const sampling& o, std::vector<double>& p) {
  std::vector<std::int32_t> ids(p.size());
  std::iota(ids.begin(), ids.end(), 0);
  const auto of = [&](std::int32_t id) { return p[static_cast<std::size_t>(id)]; };
  std::stable_sort(ids.begin(), ids.end(),
                   [&](std::int32_t left, std::int32_t right) { return of(left) > of(right); });
  if (o.top_k > 0 && o.top_k < ids.size()) ids.resize(o.top_k);
  double mass = 0;
  for (const std::int32_t id : ids) mass += of(id);
  double sum = 0;
  std::size_t kept = 0;
  while (kept < ids.size() && (o.top_p == 1 || sum < o.top_p * mass)) sum += of(ids[kept++]);
  while (kept > 1 && of(ids[kept - 1]) < o.min_p * of(ids[0])) --kept;
  ids.resize(kept);
  return ids;
}

/// The token that `uniform` chooses among those that stay, in order of id.
template <class T>
std::int32_t sampled_token(const std::vector<T>& logits, const std::vector<std::uint8_t>& seen,
                           const sampling& o, double uniform) {
  std::vector<double> p(logits.begin(), logits.end());
  for (std::size_t v = 0; v < p.size(); ++v) {
    if (!seen.empty() && seen[v] != 0) p[v] = p[v] > 0 ? p[v] / o.penalty : p[v] * o.penalty;
  }
  const auto best = std::max_element(p.begin(), p.end());
  if (o.temperature == 0) return static_cast<std::int32_t>(best - p.begin());
  const double greatest = *best;
  for (double& each : p) each = std::exp((each - greatest) / o.temperature);
  std::vector<std::int32_t> ids = kept_tokens(o, p);
  std::sort(ids.begin(), ids.end());
  double mass = 0;
  for (const std::int32_t id : ids) mass += p[static_cast<std::size_t>(id)];
  double left = uniform * mass;
  for (const std::int32_t id : ids) {
    left -= p[static_cast<std::size_t>(id)];
    if (left < 0) return id;
  }
  return ids.back();
}

}  // namespace radlads::reference
