// SPDX-License-Identifier: Apache-2.0
#pragma once
// Texts that a model writes behind a prompt, and where two models' texts part.

#include "radlads/core/random.hpp"
#include "radlads/evaluate/task.hpp"
#include "radlads/ops/sampling_options.hpp"
#include "radlads/text/stop_strings.hpp"
#include "radlads/text/tokenizer.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace radlads::evaluate {

/// What continues one sequence: models::generator, or another class with two of its functions.
template <class G>
concept sequence_generator = requires(G& g, std::span<const std::int32_t> ids,
                                      const ops::sampling_options& o, random_stream numbers,
                                      std::uint64_t index) {
  g.take(ids);
  g.choose(o, numbers, index);
};

/// How a text is continued.
struct continuation_rule {
  std::int64_t max_tokens = 128;
  std::vector<std::int32_t> ends = {};                  ///< ids that end a text
  ops::sampling_options sampling = {.temperature = 0};  ///< greedy
  random_stream numbers = {};
};

namespace detail {

inline std::int32_t one_id(std::int32_t id) { return id; }
inline std::int32_t one_id(std::span<const std::int32_t> batch) { return batch[0]; }

}  // namespace detail

/// Ids behind `prompt` (at least one id), without the one that ends the text. `goes_on(id)` is
/// asked after each of them. `g` must be empty.
template <sequence_generator G, class GoesOn>
std::vector<std::int32_t> continue_ids(G& g, std::span<const std::int32_t> prompt,
                                       const continuation_rule& rule, const GoesOn& goes_on) {
  std::vector<std::int32_t> ids;
  if (rule.max_tokens < 1) return ids;
  g.take(prompt);
  for (std::uint64_t index = 0;; ++index) {
    const std::int32_t id = detail::one_id(g.choose(rule.sampling, rule.numbers, index));
    if (std::find(rule.ends.begin(), rule.ends.end(), id) != rule.ends.end()) return ids;
    ids.push_back(id);
    const bool is_full = static_cast<std::int64_t>(ids.size()) >= rule.max_tokens;
    if (!goes_on(id) || is_full) return ids;
    g.take({&id, 1});
  }
}

template <sequence_generator G>
std::vector<std::int32_t> continue_ids(G& g, std::span<const std::int32_t> prompt,
                                       const continuation_rule& rule) {
  return continue_ids(g, prompt, rule, [](std::int32_t) { return true; });
}

/// The text that `g`, which must be empty, writes behind `prompt`, up to the first of `until`.
template <sequence_generator G>
std::string continue_text(G& g, const text::tokenizer& tokenizer,
                          std::span<const std::int32_t> prompt, const continuation_rule& rule,
                          const std::vector<std::string>& until) {
  text::detokenizer_state detokenizer;
  // The beginning of a text may be decoded otherwise than its middle.
  for (const std::int32_t id : prompt) tokenizer.push(detokenizer, id);
  text::stop_strings stop(until);
  std::string out;
  continue_ids(g, prompt, rule, [&](std::int32_t id) {
    out += stop.push(tokenizer.push(detokenizer, id));
    return !stop.has_stopped();
  });
  out += stop.push(tokenizer.finish(detokenizer));
  return out + stop.finish();
}

/// How many ids of `text` a model writes greedily behind `prompt` before another of its own comes;
/// all of them where none does. `g` must be empty.
template <sequence_generator G>
std::int64_t ids_until_divergence(G& g, std::span<const std::int32_t> prompt,
                                  std::span<const std::int32_t> text) {
  std::size_t same = 0;
  if (text.empty()) return 0;
  continuation_rule rule;
  rule.max_tokens = static_cast<std::int64_t>(text.size());
  continue_ids(g, prompt, rule, [&](std::int32_t id) {
    if (id != text[same]) return false;
    ++same;
    return true;
  });
  return static_cast<std::int64_t>(same);
}

/// Share of the n-grams of `ids` that stand there before: 1 - different ones / all (seq-rep-n of
/// Welleck et al. 2019). 0 of fewer than n ids.
inline double repeated_share(std::span<const std::int32_t> ids, std::size_t n = 4) {
  if (ids.size() < n || n == 0) return 0;
  std::vector<std::vector<std::int32_t>> grams;
  for (std::size_t i = 0; i + n <= ids.size(); ++i) {
    const auto first = ids.begin() + static_cast<std::ptrdiff_t>(i);
    grams.emplace_back(first, first + static_cast<std::ptrdiff_t>(n));
  }
  const auto all = static_cast<double>(grams.size());
  std::sort(grams.begin(), grams.end());
  const auto different = std::unique(grams.begin(), grams.end()) - grams.begin();
  return 1 - static_cast<double>(different) / all;
}

}  // namespace radlads::evaluate
