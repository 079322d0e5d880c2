// SPDX-License-Identifier: Apache-2.0
#pragma once
// UTF-8 reading, writing and repair, and character classes (Unicode 16).

#include "radlads/text/unicode_categories.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <iterator>
#include <string>
#include <string_view>

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

/// First code point of every run of one category, and one more beyond the last.
constexpr auto category_starts_of_runs() {
  std::array<std::uint32_t, general_category_runs.size() + 1> starts{};
  for (std::size_t i = 0; i < general_category_runs.size(); ++i) {
    starts[i + 1] = starts[i] + general_category_runs[i] / 32;
  }
  return starts;
}

inline constexpr auto category_starts = category_starts_of_runs();
static_assert(category_starts.back() == 0x110000);

/// The run that holds the first of each 256 code points, so that the search is a short one.
constexpr auto first_runs_of_blocks() {
  std::array<std::uint16_t, 0x1101> runs{};
  std::size_t run = 0;
  for (std::size_t block = 0; block < runs.size() - 1; ++block) {
    while (category_starts[run + 1] <= block * 256) ++run;
    runs[block] = static_cast<std::uint16_t>(run);
  }
  runs.back() = static_cast<std::uint16_t>(general_category_runs.size() - 1);
  return runs;
}

inline constexpr auto block_runs = first_runs_of_blocks();

}  // namespace detail

/// General category of a code point up to U+10FFFF.
inline general_category category_of(char32_t code_point) {
  const std::size_t block = code_point >> 8;
  const auto begin = detail::category_starts.begin();
  const auto after = std::upper_bound(begin + detail::block_runs[block] + 1,
                                      begin + detail::block_runs[block + 1] + 1, code_point);
  const auto run = static_cast<std::size_t>(after - begin) - 1;
  return static_cast<general_category>(general_category_runs[run] % 32);
}

/// Whether the category is one of letters (L), marks (M), numbers (N) or separators (Z).
constexpr bool is_letter(general_category c) { return c <= general_category::Lo; }
constexpr bool is_mark(general_category c) {
  return c >= general_category::Mn && c <= general_category::Me;
}
constexpr bool is_number(general_category c) {
  return c >= general_category::Nd && c <= general_category::No;
}
constexpr bool is_separator(general_category c) {
  return c >= general_category::Zs && c <= general_category::Zp;
}

inline character_class class_of(char32_t code_point) {
  if (code_point < 0x80) return detail::ascii_class[code_point];
  const general_category category = category_of(code_point);
  if (is_letter(category)) return character_class::letter;
  if (is_number(category)) return character_class::number;
  // U+0085, next line, is the one white space that is neither ASCII nor a separator.
  if (is_separator(category) || code_point == 0x85) return character_class::white_space;
  return character_class::other;
}

/// Whether \\w of Unicode technical standard 18 matches the code point: alphabetic characters,
/// marks, decimal digits, connecting punctuation and the two joiners.
inline bool is_word_character(char32_t code_point) {
  using enum general_category;
  const general_category category = category_of(code_point);
  return is_letter(category) || is_mark(category) || category == Nd || category == Nl ||
         category == Pc || code_point == 0x200C || code_point == 0x200D ||
         find_range(other_alphabetic_ranges, code_point);
}

}  // namespace radlads::text
