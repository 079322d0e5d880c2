// SPDX-License-Identifier: Apache-2.0
#pragma once
// Choosing tokens on the CPU. Nothing is sorted: without a cut the weights are summed and the sum
// is gone through again up to the token; a cut is found by histograms of the digits of keys.

#include "radlads/core/arena.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/sampling_weight.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace radlads {

/// A token that may be chosen.
struct sampling_candidate {
  std::uint32_t key;
  std::int32_t id;
};

/// The first of the greatest of V > 0 logits. Throws when one is NaN.
template <class A>
std::int64_t first_greatest(const A* logits, std::int64_t V) {
  A greatest = logits[0];
  bool has_nan = false;
  for (std::int64_t v = 0; v < V; ++v) {
    greatest = logits[v] > greatest ? logits[v] : greatest;
    has_nan |= logits[v] != logits[v];
  }
  for (std::int64_t v = 0; v < V; ++v) {
    require(!has_nan || logits[v] == logits[v], "sample: logit ", v, " of ", V, " is NaN");
    if (!has_nan && logits[v] == greatest) return v;
  }
  return 0;
}

/// Logits of a row in the accumulation type, penalised where `seen`, unless null, is not 0.
template <class T>
const accumulate_t<T>* logits_to_sample(scratch_scope<cpu_backend>& scope, const T* row,
                                        const std::uint8_t* seen, double penalty, std::int64_t V) {
  using A = accumulate_t<T>;
  if constexpr (std::is_same_v<A, T>) {
    if (seen == nullptr) return row;
  }
  const view<A, 1> copy = scope.template take<A, 1>({V});
  const auto factor = static_cast<A>(penalty);
  for (std::int64_t v = 0; v < V; ++v) {
    const auto logit = static_cast<A>(row[v]);
    copy(v) = seen != nullptr && seen[v] != 0 ? penalised_logit(logit, factor) : logit;
  }
  return copy.data();
}

/// The first token, in order of key and then of id, with which the sum of measure(key) reaches
/// `target`, which is at least 1 and at most the sum over all. `candidates` are in order of id;
/// `rest` has room for them all.
template <class Measure>
sampling_cut find_sampling_cut(std::span<const sampling_candidate> candidates,
                               std::span<sampling_candidate> rest, std::uint64_t target,
                               const Measure& measure) {
  std::array<std::uint64_t, sampling_bins> bins;
  for (int index = 0; index < sampling_digits; ++index) {
    const sampling_digit digit = digit_of_key(index);
    const std::uint32_t mask = (1u << digit.bits) - 1;
    const auto bin_of = [&](std::uint32_t key) { return (key >> digit.shift) & mask; };
    bins.fill(0);
    for (const sampling_candidate& each : candidates) bins[bin_of(each.key)] += measure(each.key);
    std::uint32_t bin = 0;
    while (bins[bin] < target) target -= bins[bin++];
    std::size_t count = 0;
    for (const sampling_candidate& each : candidates) {
      if (bin_of(each.key) == bin) rest[count++] = each;
    }
    candidates = rest.first(count);
  }
  // All that are left have one key.
  const std::uint64_t each = measure(candidates.front().key);
  const std::uint64_t before = (target - 1) / each;
  return {candidates.front().key, candidates[static_cast<std::size_t>(before)].id};
}

/// Leaves the candidates that the cut keeps, and returns them.
inline std::span<sampling_candidate> kept_by(std::span<sampling_candidate> candidates,
                                             const sampling_cut& cut) {
  std::size_t count = 0;
  for (const sampling_candidate& each : candidates) {
    if (cut.keeps(each.key, each.id)) candidates[count++] = each;
  }
  return candidates.first(count);
}

/// Tokens with keys below the end, written to `to`, which has room for all.
inline std::span<sampling_candidate> candidates_below(std::span<const std::uint32_t> keys,
                                                      std::uint32_t end, sampling_candidate* to) {
  std::size_t count = 0;
  for (std::size_t v = 0; v < keys.size(); ++v) {
    to[count] = {keys[v], static_cast<std::int32_t>(v)};
    count += keys[v] < end ? 1 : 0;
  }
  return {to, count};
}

/// The candidate that the number in [0, 1) chooses, in order of id.
inline std::int32_t drawn_candidate(std::span<const sampling_candidate> candidates,
                                    double uniform) {
  std::uint64_t total = 0;
  for (const sampling_candidate& each : candidates) total += sampling_weight(each.key);
  std::uint64_t left = sampling_target(uniform, total);
  std::size_t at = 0;
  for (;; ++at) {
    const std::uint64_t weight = sampling_weight(candidates[at].key);
    if (left < weight) return candidates[at].id;
    left -= weight;
  }
}

/// A draw among all tokens of a row.
template <class A>
std::int32_t draw_from_all(cpu_backend& b, const A* logits, std::int64_t V, double greatest,
                           double scale, double uniform) {
  constexpr std::int64_t block = 256;
  scratch_scope<cpu_backend> scope(b);
  const std::int64_t blocks = (V + block - 1) / block;
  const auto sums = scope.template take<std::uint64_t, 1>({blocks});
  const auto weight = [&](std::int64_t v) {
    return sampling_weight(sampling_key(greatest, static_cast<double>(logits[v]), scale));
  };
  std::uint64_t total = 0;
  for (std::int64_t i = 0; i < blocks; ++i) {
    const std::int64_t end = std::min((i + 1) * block, V);
    std::uint64_t sum = 0;
    for (std::int64_t v = i * block; v < end; ++v) sum += weight(v);
    sums(i) = sum;
    total += sum;
  }
  std::uint64_t left = sampling_target(uniform, total);
  std::int64_t at = 0;
  while (left >= sums(at)) left -= sums(at++);
  std::int64_t v = at * block;
  for (std::uint64_t each; left >= (each = weight(v)); ++v) left -= each;
  return static_cast<std::int32_t>(v);
}

/// Sums of a measure by the first digit of the keys, and over all keys before the end.
struct first_digit_sums {
  std::array<std::uint64_t, sampling_bins> bins{};
  std::uint64_t total = 0;

  template <class Measure>
  first_digit_sums(std::span<const std::uint32_t> keys, const Measure& measure) {
    constexpr int shift = digit_of_key(0).shift;
    for (std::size_t v = 0; v < keys.size(); ++v) bins[keys[v] >> shift] += measure(v);
    bins[sampling_key_end >> shift] = 0;  // keys at the end are its only ones
    for (const std::uint64_t each : bins) total += each;
  }
  /// End of the keys in the bin with which the sum reaches `target`, which is at most the total.
  std::uint32_t end_of(std::uint64_t target) const {
    std::uint32_t bin = 0;
    for (; bins[bin] < target; ++bin) target -= bins[bin];
    return (bin + 1) << digit_of_key(0).shift;
  }
};

/// A draw among the tokens that top_k, top_p and min_p leave.
template <class A>
std::int32_t draw_from_cut(cpu_backend& b, const A* logits, std::int64_t V, double greatest,
                           const sampling_rule& rule, double uniform) {
  scratch_scope<cpu_backend> scope(b);
  const bool has_top_k = rule.top_k > 0 && rule.top_k < V, has_top_p = rule.top_p < 1;
  const bool needs_weights = has_top_p && !has_top_k;
  const auto keys = scope.template take<std::uint32_t, 1>({V});
  const auto weights = scope.template take<std::uint64_t, 1>({needs_weights ? V : 0});
  for (std::int64_t v = 0; v < V; ++v) {
    keys.pointer[v] = sampling_key(greatest, static_cast<double>(logits[v]), rule.scale);
  }
  for (std::int64_t v = 0; needs_weights && v < V; ++v) {
    weights.pointer[v] = sampling_weight(keys.pointer[v]);
  }
  const std::span<const std::uint32_t> all(keys.data(), static_cast<std::size_t>(V));
  const auto top_k = static_cast<std::uint64_t>(rule.top_k);

  // What cannot stay is left behind by the first digit alone.
  std::uint32_t end = has_top_p ? sampling_key_end : rule.key_end;
  std::uint64_t share = 0;
  if (has_top_k) {
    const first_digit_sums counts(all, [](std::size_t) { return std::uint64_t{1}; });
    if (top_k < counts.total) end = std::min(end, counts.end_of(top_k));
  } else if (has_top_p) {
    const first_digit_sums sums(all, [&](std::size_t v) { return weights.pointer[v]; });
    share = sampling_share(rule.top_p, sums.total);
    end = std::min(end, sums.end_of(share));
  }
  const auto room = scope.template take<sampling_candidate, 2>({2, V});
  const std::span<sampling_candidate> rest(room.row(1), all.size());
  std::span<sampling_candidate> candidates = candidates_below(all, end, room.row(0));

  const auto one = [](std::uint32_t) { return std::uint64_t{1}; };
  const auto weight = [](std::uint32_t key) { return sampling_weight(key); };
  if (has_top_k && top_k < candidates.size()) {
    candidates = kept_by(candidates, find_sampling_cut(candidates, rest, top_k, one));
  }
  if (has_top_k && has_top_p) {
    std::uint64_t total = 0;
    for (const sampling_candidate& each : candidates) total += weight(each.key);
    share = sampling_share(rule.top_p, total);
  }
  if (has_top_p) {
    candidates = kept_by(candidates, find_sampling_cut(candidates, rest, share, weight));
    candidates = kept_by(candidates, {rule.key_end - 1, V});
  }
  return drawn_candidate(candidates, uniform);
}

template <class T>
void sample_on(cpu_backend& b, const sampling_rule& rule, view<const T, 2> logits,
               view<const std::uint8_t, 2> seen, random_stream numbers, std::uint64_t first,
               view<std::int32_t, 1> ids) {
  using A = accumulate_t<T>;
  const std::int64_t V = logits.extent(1);
  for (std::int64_t n = 0; n < logits.extent(0); ++n) {
    scratch_scope<cpu_backend> scope(b);
    const std::uint8_t* const flags = seen.empty() ? nullptr : seen.row(n);
    const A* const row = logits_to_sample(scope, logits.row(n), flags, rule.penalty, V);
    const std::int64_t best = first_greatest(row, V);
    const auto greatest = static_cast<double>(row[best]);
    require(std::isfinite(greatest), "sample: the greatest of ", V, " logits is ", greatest);
    const double uniform = numbers.uniform(first + static_cast<std::uint64_t>(n));
    if (rule.is_greedy) {
      ids(n) = static_cast<std::int32_t>(best);
    } else if (rule.cuts(V)) {
      ids(n) = draw_from_cut(b, row, V, greatest, rule, uniform);
    } else {
      ids(n) = draw_from_all(b, row, V, greatest, rule.scale, uniform);
    }
  }
}

inline void mark_ids_on(cpu_backend&, view<const std::int32_t, 2> ids, view<std::uint8_t, 2> seen) {
  for (std::int64_t n = 0; n < ids.extent(0); ++n) {
    for (std::int64_t t = 0; t < ids.extent(1); ++t) seen(n, ids(n, t)) = 1;
  }
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void sample_on<float>(cpu_backend&, const sampling_rule&, view<const float, 2>,
                                       view<const std::uint8_t, 2>, random_stream, std::uint64_t,
                                       view<std::int32_t, 1>);
RADLADS_INSTANCE void sample_on<double>(cpu_backend&, const sampling_rule&, view<const double, 2>,
                                        view<const std::uint8_t, 2>, random_stream, std::uint64_t,
                                        view<std::int32_t, 1>);
#endif

}  // namespace radlads
