// SPDX-License-Identifier: Apache-2.0
#pragma once
// Added tokens, such as <|endoftext|>: text that becomes one token before any splitting.

#include "radlads/text/token_automaton.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// One entry of "added_tokens" in tokenizer.json.
struct added_token {
  std::string content;
  std::int32_t id = 0;
  bool is_special = false;      // left out by decode on request
  bool strips_left = false;     // swallows white space in front of it
  bool strips_right = false;    // swallows white space behind it
  bool is_single_word = false;  // not next to a word character
  bool is_normalized = false;   // looked for after normalisation instead of before
  bool is_in_model = false;     // also an entry of the model's own vocabulary
};

/// Finds added tokens in text, leftmost first and the longest of those that begin at one place, in
/// time that grows with the text alone.
class added_token_matcher {
 public:
  added_token_matcher() = default;

  explicit added_token_matcher(std::vector<added_token> tokens)
      : tokens_(std::move(tokens)), automaton_(contents_of(tokens_)) {}

  /// Whether no text holds a token.
  bool is_empty() const { return automaton_.is_empty(); }

  /// Calls `on_token(id)` and `on_text(piece)` for the tokens in valid UTF-8 and the text between.
  template <class OnText, class OnToken>
  void split(std::string_view text, OnText&& on_text, OnToken&& on_token) const {
    std::vector<word_match> matches;  // from the last to the first
    if (!is_empty()) automaton_.find(text, matches);
    std::size_t done = 0, next = 0;
    extent space;
    for (; !matches.empty(); matches.pop_back()) {
      const auto [at, index] = matches.back();
      if (at < next) continue;
      const added_token& token = tokens_[index];
      std::size_t begin = at, end = at + token.content.size();
      next = end;  // a match not taken still uses up its text; the space it swallows is looked at
      if (token.is_single_word && !stands_alone(text, begin, end)) continue;
      if (token.strips_left) begin = begin_of_space(text, done, begin);
      if (token.strips_right) end = end_of_space(text, end, space);
      if (done < begin) on_text(text.substr(done, begin - done));
      on_token(token.id);
      done = end;
    }
    if (done < text.size()) on_text(text.substr(done));
  }

 private:
  static std::vector<std::string> contents_of(const std::vector<added_token>& tokens) {
    std::vector<std::string> contents;
    contents.reserve(tokens.size());
    for (const added_token& token : tokens) contents.push_back(token.content);
    return contents;
  }

  struct extent {
    std::size_t begin = 0, end = 0;
  };

  static bool is_space(std::string_view text, std::size_t at) {
    return class_of(read_utf8(text, at).code_point) == character_class::white_space;
  }

  /// Where the white space in front of `end` begins, `first` at the earliest.
  static std::size_t begin_of_space(std::string_view text, std::size_t first, std::size_t end) {
    while (end > first) {
      const std::size_t last = last_character(text.substr(0, end));
      if (!is_space(text, last)) break;
      end = last;
    }
    return std::max(first, end);
  }

  /// Where the white space that begins at `at` ends. `known` is the run found before: tokens of
  /// white space would have each of them read all that follow.
  static std::size_t end_of_space(std::string_view text, std::size_t at, extent& known) {
    if (at >= known.begin && at < known.end) return known.end;
    known = {at, at};
    while (known.end < text.size() && is_space(text, known.end)) {
      known.end += read_utf8(text, known.end).length;
    }
    return known.end;
  }

  static bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
    const auto is_word = [&](std::size_t at) {
      return is_word_character(read_utf8(text, at).code_point);
    };
    if (begin > 0 && is_word(last_character(text.substr(0, begin)))) return false;
    return end == text.size() || !is_word(end);
  }

  std::vector<added_token> tokens_;
  token_automaton automaton_;
};

}  // namespace radlads::text
