// SPDX-License-Identifier: Apache-2.0
#pragma once
// A needle in a haystack: one sentence with a number among many without, and a question for it.
// Everything is made from a seed.

#include "radlads/core/error.hpp"
#include "radlads/core/random.hpp"
#include "radlads/evaluate/document.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::evaluate {

/// Where needles lie: shares of the haystack in front of them, one after the other.
inline constexpr std::array<double, 5> needle_depths{0, 0.25, 0.5, 0.75, 1};

namespace detail {

/// Choices of words by numbers of one document.
class needle_words {
 public:
  needle_words(std::uint64_t seed, std::uint64_t document) : numbers_{seed, document} {}

  std::uint64_t below(std::uint64_t count) { return numbers_.words(index_++)[0] % count; }

  template <std::size_t N>
  std::string one_of(const std::array<std::string_view, N>& all) {
    return std::string(all[below(N)]);
  }

 private:
  random_stream numbers_;
  std::uint64_t index_ = 0;
};

inline constexpr std::array<std::string_view, 12> needle_owners{
    "the baker",  "the sailor",  "the teacher", "the gardener", "the painter", "the doctor",
    "the farmer", "the soldier", "the singer",  "the writer",   "the tailor",  "the miller"};

inline std::string haystack_sentence(needle_words& words) {
  static constexpr std::array<std::string_view, 12> people{
      "A traveller",   "The old woman", "A young man", "The child",
      "My neighbour",  "A merchant",    "The guard",   "A student",
      "The fisherman", "An old friend", "The cook",    "A stranger"};
  static constexpr std::array<std::string_view, 12> deeds{
      "paused for a rest", "waited a long time", "looked for a lamp", "told a story",
      "read a letter",     "sang quietly",       "carried a basket",  "slept until noon",
      "mended a chair",    "counted the boats",  "drank some tea",    "watched the birds"};
  static constexpr std::array<std::string_view, 12> places{
      "in the garden",  "near the river",    "at the market",      "under the bridge",
      "on the hill",    "behind the church", "by the sea",         "in the kitchen",
      "at the station", "in the library",    "along the old road", "on the green"};
  static constexpr std::array<std::string_view, 6> times{"in the morning", "after the rain",
                                                         "before dinner",  "on a cold day",
                                                         "late at night",  "that spring"};
  return words.one_of(people) + " " + words.one_of(deeds) + " " + words.one_of(places) + " " +
         words.one_of(times) + ".";
}

inline std::string joined_sentences(const std::vector<std::string>& sentences) {
  std::string text;
  for (const std::string& each : sentences) text += (text.empty() ? "" : " ") + each;
  return text;
}

}  // namespace detail

/// The text of number `index` for a seed, with as many sentences as fit: `count(text)`, the number
/// of its tokens, is at most `tokens`. Its continuation is the number. Throws when not even the
/// needle and its question fit.
template <class Count>
scored_text make_needle(std::uint64_t seed, std::uint64_t index, std::int64_t tokens,
                        const Count& count) {
  detail::needle_words words(seed, index);
  const std::string owner = words.one_of(detail::needle_owners);
  const std::string number = std::to_string(10'000 + words.below(90'000));
  const std::string needle = "The secret number of " + owner + " is " + number + ".";
  const std::string question = "\n\nQuestion: What is the secret number of " + owner +
                               "?\nAnswer: The secret number of " + owner + " is";
  const auto length = [&](const std::string& text) {
    return static_cast<std::int64_t>(count(text));
  };
  std::int64_t used = length(needle + question);
  require(used <= tokens, "a needle and its question have ", used, " tokens, expected at most ",
          tokens);
  std::vector<std::string> hay;
  for (;;) {
    std::string sentence = detail::haystack_sentence(words);
    used += length(" " + sentence);
    if (used > tokens) break;
    hay.push_back(std::move(sentence));
  }
  // Sentences may come to more tokens together than alone.
  for (;;) {
    std::vector<std::string> all = hay;
    const double share = needle_depths[index % needle_depths.size()];
    const auto depth = static_cast<std::ptrdiff_t>(share * static_cast<double>(hay.size()) + 0.5);
    all.insert(all.begin() + depth, needle);
    std::string text = detail::joined_sentences(all) + question;
    if (hay.empty() || length(text) <= tokens) return {std::move(text), " " + number};
    hay.pop_back();
  }
}

}  // namespace radlads::evaluate
