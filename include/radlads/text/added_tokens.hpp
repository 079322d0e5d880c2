// SPDX-License-Identifier: Apache-2.0
#pragma once
// Added tokens, such as <|endoftext|>: text that becomes one token before any splitting.

#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <array>
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

/// Finds added tokens in text, leftmost first and the longest of those that begin at one place.
class added_token_matcher {
 public:
  added_token_matcher() = default;

  explicit added_token_matcher(std::vector<added_token> tokens) : tokens_(std::move(tokens)) {
    std::erase_if(tokens_, [](const added_token& token) { return token.content.empty(); });
    std::stable_sort(tokens_.begin(), tokens_.end(), [](const auto& a, const auto& b) {
      return a.content.size() > b.content.size();
    });
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      by_first_byte_[static_cast<unsigned char>(tokens_[i].content[0])].push_back(i);
    }
  }

  /// Calls `on_token(id)` and `on_text(piece)` for the tokens in valid UTF-8 and the text between.
  template <class OnText, class OnToken>
  void split(std::string_view text, OnText&& on_text, OnToken&& on_token) const {
    std::size_t done = 0;
    for (std::size_t at = 0; at < text.size() && !tokens_.empty();) {
      const added_token* token = find(text, at);
      if (!token) {
        ++at;
        continue;
      }
      std::size_t begin = at, end = at + token->content.size();
      at = end;  // a match not taken still uses up its text
      if (token->is_single_word && !stands_alone(text, begin, end)) continue;
      if (token->strips_left) begin = std::max(done, begin_of_trailing_space(text, begin));
      if (token->strips_right) {
        while (end < text.size() && is_space(text, end)) end += read_utf8(text, end).length;
      }
      if (done < begin) on_text(text.substr(done, begin - done));
      on_token(token->id);
      done = end;
    }
    if (done < text.size()) on_text(text.substr(done));
  }

 private:
  const added_token* find(std::string_view text, std::size_t at) const {
    for (const std::size_t i : by_first_byte_[static_cast<unsigned char>(text[at])]) {
      if (text.substr(at).starts_with(tokens_[i].content)) return &tokens_[i];
    }
    return nullptr;
  }

  static bool is_space(std::string_view text, std::size_t at) {
    return class_of(read_utf8(text, at).code_point) == character_class::white_space;
  }

  static std::size_t begin_of_trailing_space(std::string_view text, std::size_t end) {
    while (end > 0) {
      const std::size_t last = last_character(text.substr(0, end));
      if (!is_space(text, last)) break;
      end = last;
    }
    return end;
  }

  static bool stands_alone(std::string_view text, std::size_t begin, std::size_t end) {
    const auto is_word = [&](std::size_t at) {
      return is_word_character(read_utf8(text, at).code_point);
    };
    if (begin > 0 && is_word(last_character(text.substr(0, begin)))) return false;
    return end == text.size() || !is_word(end);
  }

  std::vector<added_token> tokens_;  // longest first
  std::array<std::vector<std::size_t>, 256> by_first_byte_;
};

}  // namespace radlads::text
