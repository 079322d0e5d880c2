// SPDX-License-Identifier: Apache-2.0
#pragma once
// Choosing tokens on the CPU: keys, their weights, what the cuts keep of them, and a number that
// falls on one.

#include "radlads/core/arena.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/sampling_cut.hpp"
#include "radlads/ops/sampling_weight.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace radlads::cpu_detail {

/// The first of the greatest of V > 0 logits. Throws when one is NaN.
template <class A>
std::int64_t first_greatest(const A* logits, std::int64_t V) {
  // One maximum each for neighbours: a single one would wait for itself at every logit.
  constexpr std::int64_t width = 32;
  std::array<A, width> greatest;
  std::array<A, width> sums{};  // of x - x, and so NaN where one is NaN or infinite
  greatest.fill(logits[0]);
  const std::int64_t even = V / width * width;
  for (std::int64_t v = 0; v < even; v += width) {
    for (std::int64_t i = 0; i < width; ++i) {
      const auto at = static_cast<std::size_t>(i);
      const A logit = logits[v + i];
      greatest[at] = logit > greatest[at] ? logit : greatest[at];
      sums[at] += logit - logit;
    }
  }
  A best = logits[0], sum = A(0);
  for (const A each : greatest) best = each > best ? each : best;
  for (const A each : sums) sum += each;
  for (std::int64_t v = even; v < V; ++v) {
    best = logits[v] > best ? logits[v] : best;
    sum += logits[v] - logits[v];
  }
  if (sum != A(0)) {
    for (std::int64_t v = 0; v < V; ++v) {
      require(logits[v] == logits[v], "sample: logit ", v, " of ", V, " is NaN");
    }
  }
  return std::find(logits, logits + V, best) - logits;
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
    copy(v) = seen != nullptr && seen[v] != 0 ? ops::penalised_logit(logit, factor) : logit;
  }
  return copy.data();
}

/// Tokens of a row that may be chosen, in order of id.
struct sampling_tokens {
  view<std::uint32_t, 1> keys;
  view<std::int32_t, 1> ids;  ///< empty where places are ids

  std::int64_t size() const { return keys.extent(0); }
  std::span<const std::uint32_t> all_keys() const {
    return {keys.data(), static_cast<std::size_t>(size())};
  }
};

template <class A>
sampling_tokens all_sampling_tokens(scratch_scope<cpu_backend>& scope, const A* logits,
                                    std::int64_t V, double greatest, double scale) {
  const auto keys = scope.template take<std::uint32_t, 1>({V});
  std::uint32_t* const to = keys.pointer;
  for (std::int64_t v = 0; v < V; ++v) {
    to[v] = ops::sampling_key(greatest, static_cast<double>(logits[v]), scale);
  }
  return {keys, {}};
}

/// What the cut keeps of all tokens, which are at most `most`.
inline sampling_tokens kept_tokens(scratch_scope<cpu_backend>& scope, const sampling_tokens& all,
                                   const ops::sampling_cut& cut, std::int64_t most) {
  // One more: a token that does not stay is written where the next one goes.
  const auto keys = scope.template take<std::uint32_t, 1>({most + 1});
  const auto ids = scope.template take<std::int32_t, 1>({most + 1});
  std::int64_t size = 0;
  for (std::int64_t v = 0; v < all.size(); ++v) {
    keys.pointer[size] = all.keys.pointer[v];
    ids.pointer[size] = static_cast<std::int32_t>(v);
    size += cut.keeps(all.keys.pointer[v], v) ? 1 : 0;
  }
  return {{keys.pointer, {size}}, {ids.pointer, {size}}};
}

/// The `count` most probable tokens, fewer where fewer have a weight.
inline sampling_tokens most_probable(cpu_backend& b, scratch_scope<cpu_backend>& scope,
                                     const sampling_tokens& all, std::int64_t count) {
  const std::span<const std::uint32_t> keys = all.all_keys();
  constexpr int shift = ops::digit_of_key(0).shift;
  const sampling_histogram counts(
      keys.size(), [&](std::size_t v) { return keys[v] >> shift; },
      [&](std::size_t v) { return std::uint64_t{keys[v] < ops::sampling_key_end ? 1u : 0u}; });
  const auto kept = std::min(static_cast<std::uint64_t>(count), counts.total());
  const ops::sampling_cut cut =
      find_sampling_cut(b, keys, counts, kept, [](std::size_t) { return std::uint64_t{1}; });
  return kept_tokens(scope, all, cut, static_cast<std::int64_t>(kept));
}

/// Weights of the tokens.
inline view<std::uint64_t, 1> sampling_weights(scratch_scope<cpu_backend>& scope,
                                               const sampling_tokens& tokens) {
  const auto weights = scope.template take<std::uint64_t, 1>({tokens.size()});
  const std::uint32_t* const keys = tokens.keys.pointer;
  std::uint64_t* const to = weights.pointer;
  for (std::int64_t i = 0; i < tokens.size(); ++i) to[i] = ops::sampling_weight(keys[i]);
  return weights;
}

/// Where top_p and then min_p cut.
inline ops::sampling_cut cut_of(cpu_backend& b, const ops::sampling_rule& rule,
                                const sampling_tokens& tokens,
                                view<const std::uint64_t, 1> weights) {
  ops::sampling_cut cut{rule.key_end - 1, tokens.size()};
  if (rule.top_p == 1) return cut;
  constexpr int shift = ops::digit_of_key(0).shift;
  const std::span<const std::uint32_t> keys = tokens.all_keys();
  const auto weight_of = [&](std::size_t i) { return weights.pointer[i]; };
  const sampling_histogram sums(
      keys.size(), [&](std::size_t i) { return keys[i] >> shift; }, weight_of);
  const ops::sampling_cut by_share =
      find_sampling_cut(b, keys, sums, ops::sampling_share(rule.top_p, sums.total()), weight_of);
  return by_share.key <= cut.key ? by_share : cut;
}

/// The place that the number in [0, 1) chooses among those that the cut keeps.
inline std::int64_t drawn_place(scratch_scope<cpu_backend>& scope, const sampling_tokens& tokens,
                                view<const std::uint64_t, 1> weights, const ops::sampling_cut& cut,
                                double uniform) {
  constexpr std::int64_t block = 256;
  const std::int64_t size = tokens.size(), blocks = (size + block - 1) / block;
  const auto sums = scope.template take<std::uint64_t, 1>({blocks});
  const auto sum_of = [&](std::int64_t begin, std::int64_t end, std::uint32_t key_end) {
    std::uint64_t sum = 0;
    for (std::int64_t i = begin; i < end; ++i) {
      sum += tokens.keys.pointer[i] < key_end ? weights.pointer[i] : 0;
    }
    return sum;
  };
  std::uint64_t total = 0;
  for (std::int64_t k = 0; k < blocks; ++k) {
    const std::int64_t begin = k * block, end = std::min(begin + block, size);
    const std::int64_t middle = std::clamp(cut.id + 1, begin, end);
    sums(k) = sum_of(begin, middle, cut.key + 1) + sum_of(middle, end, cut.key);
    total += sums(k);
  }
  std::uint64_t left = ops::sampling_target(uniform, total);
  std::int64_t at = 0;
  while (left >= sums(at)) left -= sums(at++);
  std::int64_t place = at * block;
  for (;; ++place) {
    if (!cut.keeps(tokens.keys(place), place)) continue;
    if (left < weights(place)) return place;
    left -= weights(place);
  }
}

/// A draw among the tokens that top_k, top_p and min_p leave.
template <class A>
std::int32_t drawn_token(cpu_backend& b, const A* logits, std::int64_t V, double greatest,
                         const ops::sampling_rule& rule, double uniform) {
  scratch_scope<cpu_backend> scope(b);
  sampling_tokens tokens = all_sampling_tokens(scope, logits, V, greatest, rule.scale);
  if (rule.top_k > 0 && rule.top_k < V) {
    tokens = most_probable(b, scope, tokens, rule.top_k);
  } else if (rule.top_p == 1 && rule.key_end < ops::sampling_key_end) {
    // Fewer weights to work out.
    tokens = kept_tokens(scope, tokens, {rule.key_end - 1, V}, tokens.size());
  }
  const view<std::uint64_t, 1> weights = sampling_weights(scope, tokens);
  const ops::sampling_cut cut = cut_of(b, rule, tokens, weights);
  const std::int64_t place = drawn_place(scope, tokens, weights, cut, uniform);
  return tokens.ids.empty() ? static_cast<std::int32_t>(place) : tokens.ids(place);
}

template <class T>
void sample_on(cpu_backend& b, const ops::sampling_rule& rule, view<const T, 2> logits,
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
    ids(n) = rule.is_greedy ? static_cast<std::int32_t>(best)
                            : drawn_token(b, row, V, greatest, rule, uniform);
  }
}

inline void mark_ids_on(cpu_backend&, view<const std::int32_t, 2> ids, view<std::uint8_t, 2> seen) {
  for (std::int64_t n = 0; n < ids.extent(0); ++n) {
    for (std::int64_t t = 0; t < ids.extent(1); ++t) seen(n, ids(n, t)) = 1;
  }
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void sample_on<float>(cpu_backend&, const ops::sampling_rule&,
                                       view<const float, 2>, view<const std::uint8_t, 2>,
                                       random_stream, std::uint64_t, view<std::int32_t, 1>);
RADLADS_INSTANCE void sample_on<double>(cpu_backend&, const ops::sampling_rule&,
                                        view<const double, 2>, view<const std::uint8_t, 2>,
                                        random_stream, std::uint64_t, view<std::int32_t, 1>);
#endif

}  // namespace radlads::cpu_detail
