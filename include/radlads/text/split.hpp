// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scanners for the three split patterns of byte-level BPE, recognised by their exact regular
// expressions. The first alternative that matches wins, as in a backtracking engine.

#include "radlads/core/error.hpp"
#include "radlads/text/unicode.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <string_view>

namespace radlads::text {

enum class split_pattern { gpt2, qwen2, llama3 };

/// A split pattern with the name and the regular expression it goes by.
struct named_split_pattern {
  split_pattern pattern;
  std::string_view name, regex;
};

inline constexpr std::array<named_split_pattern, 3> known_split_patterns{{
    {split_pattern::gpt2, "GPT-2",
     R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+)"},
    {split_pattern::qwen2, "Qwen2",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N})"
     R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
    {split_pattern::llama3, "Llama-3",
     R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3})"
     R"(| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+)"},
}};

/// The pattern whose regular expression is `regex`; throws an error that lists the known ones.
inline split_pattern split_pattern_of(std::string_view regex) {
  std::string known;
  for (const named_split_pattern& entry : known_split_patterns) {
    if (entry.regex == regex) return entry.pattern;
    known += concatenate("\n  ", entry.name, ": ", entry.regex);
  }
  fail("unknown split pattern\n  ", regex, "\nknown patterns:", known);
}

/// The regular expression of a pattern, as tokenizer.json spells it.
inline std::string_view regex_of(split_pattern pattern) {
  for (const named_split_pattern& entry : known_split_patterns) {
    if (entry.pattern == pattern) return entry.regex;
  }
  fail("regex_of: no split pattern has the number ", static_cast<int>(pattern));
}

namespace detail {

struct scanned_character {
  character_class kind;
  std::size_t end;  // offset behind it
  char32_t code_point;

  bool is_newline() const { return code_point == U'\n' || code_point == U'\r'; }
};

/// Reads valid UTF-8. `at` must be inside the text.
inline scanned_character scan(std::string_view text, std::size_t at) {
  const auto byte = static_cast<unsigned char>(text[at]);
  if (byte < 0x80) return {ascii_class[byte], at + 1, byte};
  const utf8_sequence sequence = read_utf8(text, at);
  return {class_of(sequence.code_point), at + sequence.length, sequence.code_point};
}

/// End of the longest run of one class from `at`, of at most `limit` characters.
inline std::size_t end_of_run(std::string_view text, std::size_t at, character_class kind,
                              std::size_t limit = std::string_view::npos) {
  while (at < text.size() && limit-- > 0) {
    const scanned_character next = scan(text, at);
    if (next.kind != kind) break;
    at = next.end;
  }
  return at;
}

/// End of 's 't 're 've 'm 'll 'd at `at`, where an apostrophe stands; `at` itself when none does.
inline std::size_t end_of_contraction(std::string_view text, std::size_t at, bool ignores_case) {
  const auto letter = [&](std::size_t offset) {
    const char c = at + offset < text.size() ? text[at + offset] : '\0';
    return ignores_case && c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  };
  const char first = letter(1), second = letter(2);
  if (first == 's' || first == 't' || first == 'm' || first == 'd') return at + 2;
  if ((first == 'r' || first == 'v') && second == 'e') return at + 3;
  if (first == 'l' && second == 'l') return at + 3;
  // U+017F, the long s, is the one other character whose case folds to these letters.
  if (ignores_case && text.substr(at + 1, 2) == "\xC5\xBF") return at + 3;
  return at;
}

/// End of the piece of white space at `at`: \s*[\r\n]+ (unless GPT-2), then \s+(?!\S), then \s+.
inline std::size_t end_of_white_space(std::string_view text, std::size_t at, bool ends_at_newline) {
  std::size_t end = at, before_last = at, behind_newline = at;
  while (end < text.size()) {
    const scanned_character next = scan(text, end);
    if (next.kind != character_class::white_space) break;
    before_last = end;
    end = next.end;
    if (next.is_newline()) behind_newline = end;
  }
  if (ends_at_newline && behind_newline > at) return behind_newline;
  return end == text.size() || before_last == at ? end : before_last;
}

inline std::size_t end_of_gpt2_piece(std::string_view text, std::size_t at) {
  if (text[at] == '\'') {
    const std::size_t end = end_of_contraction(text, at, false);
    if (end > at) return end;
  }
  scanned_character first = scan(text, at);
  if (first.code_point == U' ' && first.end < text.size()) {
    const scanned_character next = scan(text, first.end);
    if (next.kind != character_class::white_space) first = next;
  }
  if (first.kind == character_class::white_space) return end_of_white_space(text, at, false);
  return end_of_run(text, first.end, first.kind);
}

inline std::size_t end_of_qwen2_piece(std::string_view text, std::size_t at, std::size_t digits) {
  if (text[at] == '\'') {
    const std::size_t end = end_of_contraction(text, at, true);
    if (end > at) return end;
  }
  const scanned_character first = scan(text, at);
  if (first.kind == character_class::letter) return end_of_run(text, first.end, first.kind);
  if (first.kind == character_class::number) return end_of_run(text, at, first.kind, digits);
  std::size_t behind_first = first.end;
  bool is_other = first.kind == character_class::other;
  if (behind_first < text.size() && !first.is_newline()) {
    const scanned_character next = scan(text, behind_first);
    if (next.kind == character_class::letter) return end_of_run(text, next.end, next.kind);
    if (first.code_point == U' ' && next.kind == character_class::other) {
      is_other = true;
      behind_first = next.end;
    }
  }
  if (!is_other) return end_of_white_space(text, at, true);
  std::size_t end = end_of_run(text, behind_first, character_class::other);
  while (end < text.size() && (text[end] == '\n' || text[end] == '\r')) ++end;
  return end;
}

}  // namespace detail

/// End of the piece that begins at `at`, inside valid UTF-8. Pieces follow each other without gaps.
inline std::size_t end_of_piece(split_pattern pattern, std::string_view text, std::size_t at) {
  switch (pattern) {
    case split_pattern::gpt2:
      return detail::end_of_gpt2_piece(text, at);
    case split_pattern::qwen2:
      return detail::end_of_qwen2_piece(text, at, 1);
    case split_pattern::llama3:
      return detail::end_of_qwen2_piece(text, at, 3);
  }
  fail("end_of_piece: no split pattern has the number ", static_cast<int>(pattern));
}

}  // namespace radlads::text
