// SPDX-License-Identifier: Apache-2.0
#pragma once
// Normalisation forms, lowercase and the removal of accents, as the `tokenizers` package does them:
// characters younger than Unicode 9 keep their form (tests/text/unicode_tables_generator.cpp).

#include "radlads/text/unicode.hpp"
#include "radlads/text/unicode_compatibility_sequences.hpp"
#include "radlads/text/unicode_compatibility_singles.hpp"
#include "radlads/text/unicode_decompositions.hpp"
#include "radlads/text/unicode_lowercase.hpp"
#include "radlads/text/unicode_marks.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace radlads::text {

enum class normalization_form { nfc, nfd, nfkc, nfkd };

inline int combining_class(char32_t code_point) {
  const auto* range = find_range(combining_class_ranges, code_point);
  return range ? range->combining_class : 0;
}

namespace detail {

/// Hangul syllables are computed (The Unicode Standard, section 3.12).
struct hangul {
  static constexpr char32_t syllables = 0xAC00, leads = 0x1100, vowels = 0x1161, trails = 0x11A7;
  static constexpr char32_t lead_count = 19, vowel_count = 21, trail_count = 28;
  static constexpr char32_t syllable_count = lead_count * vowel_count * trail_count;
};

/// Whether the form also replaces characters that only look alike.
constexpr bool is_compatible(normalization_form form) {
  return form == normalization_form::nfkc || form == normalization_form::nfkd;
}

constexpr bool is_composed(normalization_form form) {
  return form == normalization_form::nfc || form == normalization_form::nfkc;
}

inline void append_decomposition(std::vector<char32_t>& out, char32_t c, bool is_compatible);

/// Appends what a character looks like; false when it looks like itself alone.
inline bool append_compatible(std::vector<char32_t>& out, char32_t c) {
  if (const auto* run = find_range(compatibility_runs, c)) {
    append_decomposition(out, run->target + (c - run->first), true);
    return true;
  }
  const auto found = std::lower_bound(
      compatibility_sequences.begin(), compatibility_sequences.end(), c,
      [](const compatibility_sequence& entry, char32_t value) { return entry.code_point < value; });
  if (found == compatibility_sequences.end() || found->code_point != c) return false;
  const auto next = std::next(found);
  const std::size_t end =
      next == compatibility_sequences.end() ? compatibility_characters.size() : next->first;
  for (std::size_t i = found->first; i < end; ++i) {
    append_decomposition(out, compatibility_characters[i], true);
  }
  return true;
}

inline void append_decomposition(std::vector<char32_t>& out, char32_t c, bool is_compatible) {
  if (c - hangul::syllables < hangul::syllable_count) {
    const char32_t index = c - hangul::syllables;
    out.push_back(hangul::leads + index / (hangul::vowel_count * hangul::trail_count));
    out.push_back(hangul::vowels + index / hangul::trail_count % hangul::vowel_count);
    const char32_t trail = index % hangul::trail_count;
    if (trail != 0) out.push_back(hangul::trails + trail);
    return;
  }
  const auto pair = std::lower_bound(
      pair_decompositions.begin(), pair_decompositions.end(), c,
      [](const pair_decomposition& entry, char32_t value) { return entry.code_point < value; });
  if (pair != pair_decompositions.end() && pair->code_point == c) {
    append_decomposition(out, pair->first, is_compatible);
    append_decomposition(out, pair->second, is_compatible);
  } else if (const auto* range = find_range(single_decomposition_ranges, c)) {
    append_decomposition(out, single_targets[range->target + (c - range->first)], is_compatible);
  } else if (!is_compatible || !append_compatible(out, c)) {
    out.push_back(c);
  }
}

/// The character that two others compose to, or 0.
inline char32_t composition(char32_t first, char32_t second) {
  if (first - hangul::leads < hangul::lead_count && second - hangul::vowels < hangul::vowel_count) {
    const char32_t index = (first - hangul::leads) * hangul::vowel_count + second - hangul::vowels;
    return hangul::syllables + index * hangul::trail_count;
  }
  const char32_t syllable = first - hangul::syllables, trail = second - hangul::trails;
  if (syllable < hangul::syllable_count && syllable % hangul::trail_count == 0 && trail > 0 &&
      trail < hangul::trail_count) {
    return first + trail;
  }
  const std::pair<char32_t, char32_t> wanted(first, second);
  const auto found =
      std::lower_bound(compositions.begin(), compositions.end(), wanted,
                       [](std::uint16_t index, const std::pair<char32_t, char32_t>& value) {
                         const pair_decomposition& entry = pair_decompositions[index];
                         return std::pair<char32_t, char32_t>(entry.first, entry.second) < value;
                       });
  if (found == compositions.end()) return 0;
  const pair_decomposition& entry = pair_decompositions[*found];
  return entry.first == first && entry.second == second ? entry.code_point : 0;
}

/// Orders neighbouring marks by their classes; marks of one class keep their order.
inline void order_marks(std::vector<char32_t>& characters, std::vector<int>& classes) {
  std::vector<std::pair<int, char32_t>> marks;
  for (std::size_t i = 0; i < characters.size(); ++i) {
    marks.clear();
    for (; i < characters.size() && classes[i] != 0; ++i)
      marks.emplace_back(classes[i], characters[i]);
    std::stable_sort(marks.begin(), marks.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    for (std::size_t m = 0; m < marks.size(); ++m) {
      std::tie(classes[i - marks.size() + m], characters[i - marks.size() + m]) = marks[m];
    }
  }
}

/// Composes ordered characters in place.
inline void compose(std::vector<char32_t>& characters, const std::vector<int>& classes) {
  constexpr std::size_t none = static_cast<std::size_t>(-1);
  std::size_t starter = none, kept = 0;
  int class_between = -1;  // class of the last mark kept after the starter; -1 for none
  for (std::size_t i = 0; i < characters.size(); ++i) {
    const char32_t c = characters[i];
    if (starter != none && class_between < classes[i]) {
      if (const char32_t composed = composition(characters[starter], c)) {
        characters[starter] = composed;
        continue;
      }
    }
    class_between = classes[i] == 0 ? -1 : classes[i];
    if (classes[i] == 0) starter = kept;
    characters[kept++] = c;
  }
  characters.resize(kept);
}

/// Normalises the code points of a segment that begins with a character that no earlier one can
/// combine with, and appends them to `out`.
inline void append_normalized(std::string& out, const std::vector<char32_t>& segment,
                              normalization_form form) {
  std::vector<char32_t> characters;
  for (const char32_t c : segment) append_decomposition(characters, c, is_compatible(form));
  std::vector<int> classes(characters.size());
  std::transform(characters.begin(), characters.end(), classes.begin(), combining_class);
  order_marks(characters, classes);
  if (is_composed(form)) compose(characters, classes);
  for (const char32_t c : characters) append_utf8(out, c);
}

}  // namespace detail

/// A normalisation form of valid UTF-8.
inline std::string to_form(std::string_view text, normalization_form form) {
  // Characters below U+0300 are in form C, and none of them combines with what stands before it.
  // In UTF-8 they and their continuation bytes are exactly the bytes below 0xCC. For the other
  // forms only ASCII stays as it is.
  const unsigned limit = form == normalization_form::nfc ? 0xCC : 0x80;
  const auto is_low = [&](std::size_t i) { return static_cast<unsigned char>(text[i]) < limit; };
  std::string out;
  out.reserve(text.size());
  std::vector<char32_t> segment;
  for (std::size_t at = 0; at < text.size();) {
    std::size_t end = at;
    while (end < text.size() && is_low(end)) ++end;
    std::size_t base = end;
    if (end < text.size() && end > at) base = at + last_character(text.substr(at, end - at));
    out += text.substr(at, base - at);
    segment.clear();
    for (at = base; at < text.size() && (segment.empty() || !is_low(at));) {
      const utf8_sequence sequence = read_utf8(text, at);
      segment.push_back(sequence.code_point);
      at += sequence.length;
    }
    detail::append_normalized(out, segment, form);
  }
  return out;
}

/// Normalisation form C of valid UTF-8.
inline std::string to_nfc(std::string_view text) { return to_form(text, normalization_form::nfc); }

/// Lowercase of a character; U+0130 alone becomes two characters, see to_lowercase.
inline char32_t lowercase_of(char32_t c) {
  if (c < 0x80) return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
  const auto after =
      std::upper_bound(lowercase_runs.begin(), lowercase_runs.end(), c,
                       [](char32_t value, const lowercase_run& run) { return value < run.first; });
  const lowercase_run& run = *std::prev(after);
  if (c > run.last || (c - run.first) % run.step != 0) return c;
  return static_cast<char32_t>(static_cast<std::int32_t>(c) + run.distance);
}

/// Valid UTF-8 with each character in lowercase, whatever stands around it.
inline std::string to_lowercase(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8_sequence sequence = read_utf8(text, at);
    append_utf8(out, sequence.code_point == 0x130 ? U'i' : lowercase_of(sequence.code_point));
    if (sequence.code_point == 0x130) append_utf8(out, 0x307);
    at += sequence.length;
  }
  return out;
}

/// Valid UTF-8 without its marks; decomposed text loses its accents.
inline std::string without_marks(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const utf8_sequence sequence = read_utf8(text, at);
    if (!find_range(mark_ranges, sequence.code_point)) out += text.substr(at, sequence.length);
    at += sequence.length;
  }
  return out;
}

/// Valid UTF-8 without white space at its beginning, its end or both.
inline std::string_view stripped(std::string_view text, bool at_left, bool at_right) {
  const auto is_space = [&](std::size_t at) {
    return class_of(read_utf8(text, at).code_point) == character_class::white_space;
  };
  while (at_left && !text.empty() && is_space(0)) text.remove_prefix(read_utf8(text, 0).length);
  while (at_right && !text.empty() && is_space(last_character(text))) {
    text = text.substr(0, last_character(text));
  }
  return text;
}

}  // namespace radlads::text
