// SPDX-License-Identifier: Apache-2.0
#pragma once
// UTF-8 reading, writing and repair, character classes, and normalisation form C (Unicode 15.0).

#include "radlads/text/unicode_categories.hpp"
#include "radlads/text/unicode_decompositions.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

namespace radlads::text {

enum class utf8_status { valid, invalid, truncated };

/// What stands at one place of a byte string: a whole character, or the longest beginning of one.
struct utf8_sequence {
  utf8_status status;
  std::size_t length;
  char32_t code_point;
};

/// Reads the sequence that begins at `at`, which must be inside `bytes`. `truncated` means that the
/// end of `bytes` cuts off a sequence valid so far; the length of an invalid one is at least 1.
inline utf8_sequence read_utf8(std::string_view bytes, std::size_t at) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(bytes[i]); };
  const unsigned lead = byte(at);
  if (lead < 0x80) return {utf8_status::valid, 1, lead};
  if (lead < 0xC2 || lead > 0xF4) return {utf8_status::invalid, 1, 0};
  const std::size_t length = lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
  // The second byte's bounds keep out overlong forms, surrogates and what lies beyond U+10FFFF.
  unsigned low = lead == 0xE0 ? 0xA0 : lead == 0xF0 ? 0x90 : 0x80;
  unsigned high = lead == 0xED ? 0x9F : lead == 0xF4 ? 0x8F : 0xBF;
  char32_t code_point = lead & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if (at + i == bytes.size()) return {utf8_status::truncated, i, 0};
    const unsigned next = byte(at + i);
    if (next < low || next > high) return {utf8_status::invalid, i, 0};
    code_point = code_point << 6 | (next & 0x3Fu);
    low = 0x80;
    high = 0xBF;
  }
  return {utf8_status::valid, length, code_point};
}

/// Offset of the first byte that is not part of a whole UTF-8 character, or npos.
inline std::size_t invalid_utf8_offset(std::string_view bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const utf8_sequence sequence = read_utf8(bytes, at);
    if (sequence.status != utf8_status::valid) return at;
    at += sequence.length;
  }
  return std::string_view::npos;
}

/// Appends the UTF-8 form of a code point, which must not be a surrogate nor beyond U+10FFFF.
inline void append_utf8(std::string& out, char32_t code_point) {
  const auto put = [&](char32_t byte) { out.push_back(static_cast<char>(byte)); };
  if (code_point < 0x80) {
    put(code_point);
    return;
  }
  if (code_point < 0x800) {
    put(0xC0 | code_point >> 6);
  } else {
    if (code_point < 0x10000) {
      put(0xE0 | code_point >> 12);
    } else {
      put(0xF0 | code_point >> 18);
      put(0x80 | (code_point >> 12 & 0x3F));
    }
    put(0x80 | (code_point >> 6 & 0x3F));
  }
  put(0x80 | (code_point & 0x3F));
}

/// U+FFFD, which stands for what is not UTF-8.
inline constexpr std::string_view replacement_character = "\xEF\xBF\xBD";

/// Appends `bytes` to `out` with one U+FFFD for each broken sequence. Returns how many bytes were
/// used: all of them when `is_end`, otherwise all but a truncated sequence at the end.
inline std::size_t append_repaired_utf8(std::string& out, std::string_view bytes, bool is_end) {
  std::size_t at = 0;
  while (at < bytes.size()) {
    const utf8_sequence sequence = read_utf8(bytes, at);
    if (sequence.status == utf8_status::truncated && !is_end) break;
    const bool is_valid = sequence.status == utf8_status::valid;
    out += is_valid ? bytes.substr(at, sequence.length) : replacement_character;
    at += sequence.length;
  }
  return at;
}

/// Start of the last character of valid, non-empty UTF-8.
inline std::size_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// The entry of a table of ordered ranges that holds the code point, or a null pointer.
template <class Range, std::size_t N>
const Range* find_range(const std::array<Range, N>& ranges, char32_t code_point) {
  const auto after =
      std::upper_bound(ranges.begin(), ranges.end(), code_point,
                       [](char32_t value, const Range& range) { return value < range.first; });
  if (after == ranges.begin()) return nullptr;
  const Range& range = *std::prev(after);
  return code_point <= range.last ? &range : nullptr;
}

/// Classes that the split patterns tell apart: \\p{L}, \\p{N}, \\s, and all else.
enum class character_class : std::uint8_t { letter, number, white_space, other };

namespace detail {

constexpr std::array<character_class, 128> ascii_classes() {
  std::array<character_class, 128> classes{};
  for (std::size_t c = 0; c < classes.size(); ++c) {
    const bool is_letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool is_number = c >= '0' && c <= '9';
    const bool is_white = c == ' ' || (c >= 9 && c <= 13);
    classes[c] = is_letter   ? character_class::letter
                 : is_number ? character_class::number
                 : is_white  ? character_class::white_space
                             : character_class::other;
  }
  return classes;
}

inline constexpr std::array<character_class, 128> ascii_class = ascii_classes();

}  // namespace detail

inline character_class class_of(char32_t code_point) {
  if (code_point < 0x80) return detail::ascii_class[code_point];
  if (find_range(letter_ranges, code_point)) return character_class::letter;
  if (find_range(number_ranges, code_point)) return character_class::number;
  if (find_range(white_space_ranges, code_point)) return character_class::white_space;
  return character_class::other;
}

/// Whether \\w matches the code point.
inline bool is_word_character(char32_t code_point) { return find_range(word_ranges, code_point); }

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

inline void append_decomposition(std::vector<char32_t>& out, char32_t c) {
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
    append_decomposition(out, pair->first);
    append_decomposition(out, pair->second);
  } else if (const auto* range = find_range(single_decomposition_ranges, c)) {
    append_decomposition(out, single_targets[range->target + (c - range->first)]);
  } else {
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

/// Normalises the code points of a segment that begins with a character that no earlier one can
/// combine with, and appends them to `out`.
inline void append_nfc(std::string& out, const std::vector<char32_t>& segment) {
  std::vector<char32_t> characters;
  for (const char32_t c : segment) append_decomposition(characters, c);
  std::vector<int> classes(characters.size());
  std::transform(characters.begin(), characters.end(), classes.begin(), combining_class);

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
  for (std::size_t i = 0; i < kept; ++i) append_utf8(out, characters[i]);
}

}  // namespace detail

/// Normalisation form C of valid UTF-8.
inline std::string to_nfc(std::string_view text) {
  // Characters below U+0300 are in form C, and none of them combines with what stands before it.
  // In UTF-8 they and their continuation bytes are exactly the bytes below 0xCC.
  const auto is_low = [&](std::size_t i) { return static_cast<unsigned char>(text[i]) < 0xCC; };
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
    detail::append_nfc(out, segment);
  }
  return out;
}

}  // namespace radlads::text
