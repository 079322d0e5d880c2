// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where a text is not UTF-8: the line and the byte of it, as an editor counts them.

#include "radlads/core/error.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

namespace radlads::text {

/// Number of bytes at the front of a text that are ASCII, or a few less.
inline std::size_t ascii_prefix(std::string_view text) {
  std::size_t at = 0;
  for (std::uint64_t word = 0; at + sizeof(word) <= text.size(); at += sizeof(word)) {
    std::memcpy(&word, text.data() + at, sizeof(word));
    if ((word & 0x8080808080808080u) != 0) break;
  }
  return at;
}

/// invalid_utf8_offset, quicker for what is mostly ASCII.
inline std::size_t invalid_utf8_place(std::string_view text) {
  for (std::size_t at = 0; at < text.size();) {
    at += ascii_prefix(text.substr(at));
    if (at == text.size()) break;
    const utf8_sequence sequence = read_utf8(text, at);
    if (sequence.status != utf8_status::valid) return at;
    at += sequence.length;
  }
  return std::string_view::npos;
}

/// Throws, naming `where`, the line and the byte in it, unless a text is UTF-8.
inline void require_utf8(std::string_view text, const std::string& where) {
  const std::size_t at = invalid_utf8_place(text);
  if (at == std::string_view::npos) return;
  const std::string_view before = text.substr(0, at);
  const auto lines = std::count(before.begin(), before.end(), '\n');
  const std::size_t line_begin = before.rfind('\n') + 1;  // npos + 1 is 0
  fail(where, ", line ", lines + 1, ", byte ", at - line_begin + 1, " of it: is not UTF-8");
}

}  // namespace radlads::text
