// SPDX-License-Identifier: Apache-2.0
#pragma once
// Functions of Python's strings that evaluation sets are prepared with, on valid UTF-8.

#include "radlads/text/unicode.hpp"
#include "radlads/text/unicode_lowercase.hpp"
#include "radlads/text/unicode_normalization.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace radlads::evaluate {

/// str.isspace() of one character.
inline bool is_space(char32_t c) {
  if (c < 0x80) return c == ' ' || (c >= 0x09 && c <= 0x0D) || (c >= 0x1C && c <= 0x1F);
  return c == 0x85 || c == 0xA0 || c == 0x1680 || (c >= 0x2000 && c <= 0x200A) || c == 0x2028 ||
         c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

/// Place of the last character of a text that is not empty.
inline std::size_t last_character(std::string_view text) {
  std::size_t at = text.size() - 1;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

/// str.lstrip().
inline std::string_view strip_front(std::string_view text) {
  while (!text.empty()) {
    const text::utf8_sequence first = text::read_utf8(text, 0);
    if (!is_space(first.code_point)) break;
    text.remove_prefix(first.length);
  }
  return text;
}

/// str.rstrip().
inline std::string_view strip_back(std::string_view text) {
  while (!text.empty()) {
    const std::size_t last = last_character(text);
    if (!is_space(text::read_utf8(text, last).code_point)) break;
    text = text.substr(0, last);
  }
  return text;
}

/// str.strip().
inline std::string_view strip(std::string_view text) { return strip_back(strip_front(text)); }

/// Whether a text begins, or ends, with white space.
inline bool begins_with_space(std::string_view text) {
  return strip_front(text).size() < text.size();
}
inline bool ends_with_space(std::string_view text) { return strip_back(text).size() < text.size(); }

/// text[:-1].
inline std::string_view without_last_character(std::string_view text) {
  return text.empty() ? text : text.substr(0, last_character(text));
}

/// The capital of a character: the one whose lowercase it is, else itself.
inline char32_t capital_of(char32_t c) {
  for (const text::lowercase_run& run : text::lowercase_runs) {
    const auto capital = static_cast<char32_t>(static_cast<std::int32_t>(c) - run.distance);
    if (capital >= run.first && capital <= run.last && (capital - run.first) % run.step == 0)
      return capital;
  }
  return c;
}

/// text[0].lower() + text[1:].
inline std::string with_small_first(std::string_view text) {
  if (text.empty()) return {};
  const std::size_t length = text::read_utf8(text, 0).length;
  return text::to_lowercase(text.substr(0, length)) + std::string(text.substr(length));
}

/// str.capitalize(), except that letters which become several keep their case, and that a sigma at
/// the end of a word is one like others.
inline std::string capitalized(std::string_view text) {
  if (text.empty()) return {};
  const text::utf8_sequence first = text::read_utf8(text, 0);
  std::string out;
  text::append_utf8(out, capital_of(first.code_point));
  return out + text::to_lowercase(text.substr(first.length));
}

/// str.replace(from, to): every occurrence from the left, without looking at what was put in.
inline std::string replaced(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  for (std::size_t at = 0;;) {
    const std::size_t next = text.find(from, at);
    out += text.substr(at, next - at);
    if (next == std::string_view::npos) return out;
    out += to;
    at = next + from.size();
  }
}

/// re.sub(r"\[.*?\]", "", text): brackets within a line are removed with what they hold.
inline std::string without_brackets(std::string_view text) {
  std::string out;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t open = text.find('[', at);
    if (open == std::string_view::npos) break;
    const std::size_t close = text.find_first_of("]\n", open);
    if (close == std::string_view::npos) break;  // no bracket is closed on this last line
    out += text.substr(at, open - at);
    if (text[close] == '\n') out += text.substr(open, close + 1 - open);
    at = close + 1;
  }
  if (at < text.size()) out += text.substr(at);
  return out;
}

}  // namespace radlads::evaluate
