// SPDX-License-Identifier: Apache-2.0
#pragma once
// Strings as Python has them, rows of characters, on UTF-8.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/lexer.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::jinja {

/// The characters of valid UTF-8.
inline std::vector<std::string_view> characters_of(std::string_view s) {
  std::vector<std::string_view> out;
  for (std::size_t at = 0; at < s.size(); at += out.back().size())
    out.push_back(s.substr(at, read_utf8(s, at).length));
  return out;
}

inline std::int64_t character_count(std::string_view s) {
  return std::count_if(s.begin(), s.end(),
                       [](char c) { return (static_cast<unsigned char>(c) & 0xc0) != 0x80; });
}

/// strip(): without blanks, or without the characters of `set`, at either end.
inline std::string stripped(std::string_view s, const std::string* set, bool from_left,
                            bool from_right) {
  const auto is_taken = [&](std::size_t at) {
    const utf8_sequence c = read_utf8(s, at);
    return set ? set->find(s.substr(at, c.length)) != std::string::npos : is_blank(c.code_point);
  };
  while (from_left && !s.empty() && is_taken(0)) s = s.substr(read_utf8(s, 0).length);
  while (from_right && !s.empty() && is_taken(last_character(s)))
    s = s.substr(0, last_character(s));
  return std::string(s);
}

/// split(separator, most): `most` below 0 is no bound.
inline list split_by(std::string_view s, std::string_view separator, std::int64_t most) {
  require(!separator.empty(), "split: the separator is empty");
  list out;
  while (most != 0) {
    const std::size_t at = s.find(separator);
    if (at == std::string_view::npos) break;
    out.push_back(std::string(s.substr(0, at)));
    s = s.substr(at + separator.size());
    --most;
  }
  out.push_back(std::string(s));
  return out;
}

/// rsplit(separator, most).
inline list split_from_right(std::string_view s, std::string_view separator, std::int64_t most) {
  require(!separator.empty(), "rsplit: the separator is empty");
  list out;
  while (most != 0) {
    const std::size_t at = s.rfind(separator);
    if (at == std::string_view::npos) break;
    out.push_back(std::string(s.substr(at + separator.size())));
    s = s.substr(0, at);
    --most;
  }
  out.push_back(std::string(s));
  std::reverse(out.begin(), out.end());
  return out;
}

/// split() without a separator: what stands between blanks.
inline list split_by_blanks(std::string_view s, std::int64_t most) {
  list out;
  for (;;) {
    s = s.substr(begin_without_blanks(s));
    if (s.empty()) return out;
    if (most >= 0 && static_cast<std::int64_t>(out.size()) == most) {
      out.push_back(std::string(s.substr(0, end_without_blanks(s))));
      return out;
    }
    std::size_t end = 0;
    while (end < s.size() && !is_blank(read_utf8(s, end).code_point))
      end += read_utf8(s, end).length;
    out.push_back(std::string(s.substr(0, end)));
    s = s.substr(end);
  }
}

/// splitlines(): at \n, \r and \r\n.
inline list split_lines(std::string_view s, bool keeps_ends) {
  list out;
  while (!s.empty()) {
    const std::size_t at = std::min(s.find_first_of("\n\r"), s.size());
    std::size_t end = std::min(at + 1, s.size());
    if (s.substr(at).starts_with("\r\n")) ++end;
    out.push_back(std::string(s.substr(0, keeps_ends ? end : at)));
    s = s.substr(end);
  }
  return out;
}

/// replace(from, to, most). `from` of nothing is refused: Python puts `to` between all characters.
inline std::string replaced(std::string_view s, std::string_view from, std::string_view to,
                            std::int64_t most) {
  require(!from.empty(), "replace: what is to be replaced is empty");
  std::string out;
  for (std::size_t at; most != 0 && (at = s.find(from)) != std::string_view::npos; --most) {
    out += s.substr(0, at);
    out += to;
    s = s.substr(at + from.size());
    require(out.size() <= static_cast<std::size_t>(most_value_weight),
            "replace: the text is longer than ", most_value_weight, " bytes");
  }
  return out += s;
}

/// The letters of ASCII in the other case.
inline std::string in_ascii_case(std::string s, bool is_upper) {
  for (char& c : s) {
    if (is_upper && c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    if (!is_upper && c >= 'A' && c <= 'Z') c = static_cast<char>(c + 32);
  }
  return s;
}

/// Whether a letter is of a script that has two cases, or may be.
inline bool may_have_case(char32_t c) {
  if (c < 0x80 || class_of(c) != character_class::letter) return false;
  const bool is_old = c < 0x590 || (c >= 0x10a0 && c < 0x1100) || (c >= 0x13a0 && c < 0x1400);
  const bool is_later = (c >= 0x1c80 && c < 0x2e00) || (c >= 0xa640 && c < 0xac00);
  return is_old || is_later || (c >= 0xfb00 && c < 0xfb18) || (c >= 0xff21 && c < 0xff5b) ||
         (c >= 0x10400 && c < 0x1f000);
}

/// upper() and lower(). Words of templates are ASCII; a letter beyond it that has a case is
/// refused.
inline std::string in_case(std::string s, bool is_upper) {
  for (std::size_t at = 0; at < s.size();) {
    const utf8_sequence c = read_utf8(s, at);
    require(!may_have_case(c.code_point), is_upper ? "upper" : "lower", " case of '",
            s.substr(at, c.length), "': only letters of ASCII are known here");
    at += c.length;
  }
  return in_ascii_case(std::move(s), is_upper);
}

inline std::string capitalized(std::string_view s) {
  const std::size_t first = s.empty() ? 0 : read_utf8(s, 0).length;
  return in_case(std::string(s.substr(0, first)), true) +
         in_case(std::string(s.substr(first)), false);
}

/// title(): a capital behind everything that is no letter.
inline std::string titled(std::string_view s) {
  std::string out;
  bool is_inside = false;
  for (const std::string_view c : characters_of(s)) {
    out += in_case(std::string(c), !is_inside);
    is_inside = class_of(read_utf8(c, 0).code_point) == character_class::letter;
  }
  return out;
}

/// Places [first, last) in steps, as Python slices `size` items; absent parts are none.
inline std::vector<std::size_t> slice_places(std::int64_t size, const value& first,
                                             const value& last, const value& step_value) {
  const auto integer = [](const value& v, std::int64_t absent) {
    if (v.is_none()) return absent;
    require(v.integer() != nullptr, "a slice has ", type_name(v), " where it needs an integer");
    return *v.integer();
  };
  const std::int64_t step = integer(step_value, 1);
  require(step != 0, "a slice has steps of 0");
  const auto place = [&](std::int64_t at, std::int64_t low, std::int64_t high) {
    if (at < 0) at = at < -size ? low : at + size;
    return std::clamp(at, low, high);
  };
  const std::int64_t low = step < 0 ? -1 : 0, high = step < 0 ? size - 1 : size;
  const std::int64_t begin =
      first.is_none() ? (step < 0 ? high : low) : place(integer(first, 0), low, high);
  const std::int64_t end =
      last.is_none() ? (step < 0 ? low : high) : place(integer(last, 0), low, high);
  std::vector<std::size_t> out;
  // Steps beyond the size are one step: sums stay within bounds.
  const std::int64_t bounded = std::clamp(step, -size - 1, size + 1);
  for (std::int64_t i = begin; step > 0 ? i < end : i > end; i += bounded)
    out.push_back(static_cast<std::size_t>(i));
  return out;
}

}  // namespace radlads::text::jinja
