// SPDX-License-Identifier: Apache-2.0
#pragma once
// From tokens back to text, token by token: the rules of the "decoder" of tokenizer.json.

#include "radlads/text/byte_level.hpp"
#include "radlads/text/unicode.hpp"

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text {

/// How tokens become text: either all tokens are in the byte alphabet, or they are text with
/// replacements, byte tokens such as <0x0A> and a limited number of stripped first characters.
struct detokenizer_rules {
  bool is_byte_level = false;
  std::vector<std::pair<std::string, std::string>> replacements;
  bool has_byte_fallback = false;
  std::string stripped;         // taken off the beginning of the text
  std::size_t strip_count = 0;  // at most so many times
};

/// The token of a byte, such as <0x0A>.
inline std::string byte_token(unsigned char byte) {
  constexpr std::string_view digits = "0123456789ABCDEF";
  return {'<', '0', 'x', digits[byte >> 4], digits[byte & 15], '>'};
}

/// The byte a token such as <0x0A> stands for.
inline std::optional<char> byte_of_token(std::string_view token) {
  if (token.size() != 6 || !token.starts_with("<0x") || token[5] != '>') return {};
  unsigned value = 0;
  const auto [end, problem] = std::from_chars(token.data() + 3, token.data() + 5, value, 16);
  if (problem != std::errc() || end != token.data() + 5) return {};
  return static_cast<char>(value);
}

/// `text` with each `from`, which is not empty, replaced by `to`.
inline std::string replace_all(std::string_view text, std::string_view from, std::string_view to) {
  std::string out;
  std::size_t at = 0;
  for (std::size_t next; (next = text.find(from, at)) != std::string_view::npos;) {
    out += text.substr(at, next - at);
    out += to;
    at = next + from.size();
  }
  return out += text.substr(at);
}

/// The bytes of one token by itself. Added tokens are their own text.
inline std::string token_bytes(const detokenizer_rules& rules, std::string_view token,
                               bool is_added) {
  if (rules.is_byte_level) {
    auto bytes = is_added ? std::nullopt : from_byte_alphabet(token);
    return bytes ? *std::move(bytes) : std::string(token);
  }
  if (rules.has_byte_fallback) {
    if (const auto byte = byte_of_token(token)) return std::string(1, *byte);
  }
  std::string text(token);
  for (const auto& [from, to] : rules.replacements) text = replace_all(text, from, to);
  return text;
}

/// Turns tokens into text as they come and holds back what may not be whole characters yet.
class detokenizer_state {
 public:
  /// Takes the next token and returns the text that is certain now.
  std::string push(const detokenizer_rules& rules, std::string_view token, bool is_added) {
    std::string out;
    if (rules.has_byte_fallback && !rules.is_byte_level && !byte_of_token(token)) end_run(out);
    pending_ += token_bytes(rules, token, is_added);
    if (rules.is_byte_level) {
      pending_.erase(0, append_repaired_utf8(out, pending_, false));
    } else if (!rules.has_byte_fallback || !byte_of_token(token)) {
      out += std::exchange(pending_, {});
    }
    return stripped(rules, out);
  }

  /// Returns what was held back; call once, after the last token.
  std::string finish(const detokenizer_rules& rules) {
    std::string out;
    if (rules.is_byte_level) {
      append_repaired_utf8(out, pending_, true);
    } else {
      end_run(out);
    }
    pending_.clear();
    return stripped(rules, out);
  }

 private:
  /// A run of byte tokens that is not valid as a whole becomes one U+FFFD for each byte.
  void end_run(std::string& out) {
    if (invalid_utf8_offset(pending_) == std::string_view::npos) {
      out += pending_;
    } else {
      for (std::size_t i = 0; i < pending_.size(); ++i) out += replacement_character;
    }
    pending_.clear();
  }

  std::string stripped(const detokenizer_rules& rules, const std::string& out) {
    std::size_t begin = 0;
    while (begin < out.size() && strip_done_ < rules.strip_count) {
      if (std::string_view(out).substr(begin).starts_with(rules.stripped)) {
        begin += rules.stripped.size();
        ++strip_done_;
      } else {
        strip_done_ = rules.strip_count;
      }
    }
    return out.substr(begin);
  }

  std::string pending_;
  std::size_t strip_done_ = 0;
};

}  // namespace radlads::text
