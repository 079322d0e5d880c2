// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a pre-tokenizer looks for in text: a known split, a literal, a kind of character, words, or
// a pattern that another library reads.

#include "radlads/text/punctuation.hpp"
#include "radlads/text/split.hpp"
#include "radlads/text/unicode.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

namespace radlads::text {

/// A match: bytes [begin, end) of a text. May be empty.
struct text_match {
  std::size_t begin, end;
};

/// A pattern of a library of regular expressions. Copies share what the library has compiled.
class piece_scanner {
 public:
  /// Finds the first match at or behind `from` in valid UTF-8; false when there is none.
  using find_function = bool (*)(const void* compiled, std::string_view text, std::size_t from,
                                 text_match& match);

  piece_scanner(std::shared_ptr<const void> compiled, find_function function)
      : compiled_(std::move(compiled)), find_(function) {}

  bool find(std::string_view text, std::size_t from, text_match& match) const {
    return find_(compiled_.get(), text, from, match);
  }

 private:
  std::shared_ptr<const void> compiled_;
  find_function find_;
};

/// A text that stands for itself; not empty.
struct literal_text {
  std::string text;
};

/// Single characters of one kind.
enum class character_kind { number, punctuation, white_space };

/// Runs of word characters and runs of what is neither word nor white space: \w+|[^\w\s]+.
struct word_runs {};

using text_pattern =
    std::variant<split_pattern, literal_text, character_kind, word_runs, piece_scanner>;

namespace detail {

inline bool is_of_kind(character_kind kind, char32_t code_point) {
  switch (kind) {
    case character_kind::number:
      return class_of(code_point) == character_class::number;
    case character_kind::white_space:
      return class_of(code_point) == character_class::white_space;
    case character_kind::punctuation:
      return is_punctuation(code_point);
  }
  fail("is_of_kind: no kind of character has the number ", static_cast<int>(kind));
}

enum class word_class { word, white_space, other };

inline word_class word_class_of(char32_t code_point) {
  if (is_word_character(code_point)) return word_class::word;
  return class_of(code_point) == character_class::white_space ? word_class::white_space
                                                              : word_class::other;
}

inline bool find_match(split_pattern pattern, std::string_view text, std::size_t from,
                       text_match& match) {
  if (from == text.size()) return false;
  match = {from, end_of_piece(pattern, text, from)};
  return true;
}

inline bool find_match(const literal_text& literal, std::string_view text, std::size_t from,
                       text_match& match) {
  const std::size_t at = text.find(literal.text, from);
  if (at == std::string_view::npos) return false;
  match = {at, at + literal.text.size()};
  return true;
}

inline bool find_match(character_kind kind, std::string_view text, std::size_t from,
                       text_match& match) {
  for (std::size_t at = from; at < text.size();) {
    const utf8_sequence sequence = read_utf8(text, at);
    match = {at, at + sequence.length};
    if (is_of_kind(kind, sequence.code_point)) return true;
    at = match.end;
  }
  return false;
}

inline bool find_match(word_runs, std::string_view text, std::size_t from, text_match& match) {
  match = {from, from};
  word_class kind = word_class::white_space;
  while (match.end < text.size()) {
    const utf8_sequence sequence = read_utf8(text, match.end);
    const word_class next = word_class_of(sequence.code_point);
    if (kind != word_class::white_space && next != kind) return true;
    kind = next;
    match.end += sequence.length;
    if (kind == word_class::white_space) match.begin = match.end;
  }
  return kind != word_class::white_space;
}

inline bool find_match(const piece_scanner& scanner, std::string_view text, std::size_t from,
                       text_match& match) {
  return scanner.find(text, from, match);
}

/// Hands the matches, and the text between them, to `on_part(begin, end, is_match)` in order.
template <class Pattern, class OnPart>
void for_each_part(const Pattern& pattern, std::string_view text, OnPart&& on_part) {
  std::size_t done = 0, from = 0;
  text_match match{};
  bool is_behind_match = false;
  while (from <= text.size() && find_match(pattern, text, from, match)) {
    const bool is_empty = match.begin == match.end;
    from = match.end;
    // An empty match right behind another one is none; the search continues at the next character.
    if (is_empty && is_behind_match && match.begin == done) {
      from += from < text.size() ? read_utf8(text, from).length : 1;
      continue;
    }
    if (done < match.begin) on_part(done, match.begin, false);
    on_part(match.begin, match.end, true);
    done = match.end;
    is_behind_match = true;
  }
  if (done < text.size()) on_part(done, text.size(), false);
}

}  // namespace detail

}  // namespace radlads::text
