// SPDX-License-Identifier: Apache-2.0
#pragma once
// From tokens back to text, token by token: the rules of the "decoder" of tokenizer.json.

#include "radlads/core/error.hpp"
#include "radlads/text/byte_level.hpp"
#include "radlads/text/replace_all.hpp"
#include "radlads/text/unicode.hpp"

#include <charconv>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::text {

/// Each `from`, which is not empty, becomes `to`.
struct replace_rule {
  std::string from, to;
};

/// A text is taken off the beginning, at most `count` times.
struct strip_rule {
  std::string text{};
  std::size_t count = 0;
};

/// A character becomes a space; the first token of a text loses it instead, where told so.
struct metaspace_rule {
  std::string character;
  bool is_dropped_first = false;
};

/// What happens to one token.
using token_rule = std::variant<replace_rule, strip_rule, metaspace_rule>;

/// How tokens become text: either all tokens are in the byte alphabet, or they pass rules, runs of
/// byte tokens such as <0x0A> become their bytes, and what is then there passes further rules.
struct detokenizer_rules {
  bool is_byte_level = false;
  std::vector<token_rule> token_rules{};
  bool has_byte_fallback = false;
  std::vector<token_rule> piece_rules{};  // behind byte fallback
  strip_rule start{};                     // of the whole text
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

namespace detail {

/// Rules may make text this many times as long, and this many bytes longer; what asks for more is
/// meant to fill the memory.
inline constexpr std::size_t max_rule_growth = 64, max_rule_extra = 4096;

/// What rules need to know of a token.
struct rule_place {
  bool is_first;      // of a text
  std::size_t limit;  // bytes that the token may become
};

inline std::string applied(const replace_rule& rule, std::string_view text, rule_place place) {
  std::size_t count = 0;
  for (std::size_t at = text.find(rule.from); at != std::string_view::npos;
       at = text.find(rule.from, at + rule.from.size()))
    ++count;
  require(count == 0 || rule.to.size() <= place.limit / count, "decoder: Replace makes ", count,
          " times ", rule.to.size(), " bytes of one token; expected at most ", place.limit);
  return replace_all(text, rule.from, rule.to);
}

inline std::string applied(const strip_rule& rule, std::string_view text, rule_place) {
  for (std::size_t i = 0; i < rule.count && text.starts_with(rule.text); ++i)
    text.remove_prefix(rule.text.size());
  return std::string(text);
}

inline std::string applied(const metaspace_rule& rule, std::string_view text, rule_place place) {
  return replace_all(text, rule.character, place.is_first && rule.is_dropped_first ? "" : " ");
}

/// A token after rules; `is_first`: it is the first of a text.
inline std::string applied(const std::vector<token_rule>& rules, std::string_view token,
                           bool is_first) {
  const rule_place place{is_first, token.size() * max_rule_growth + max_rule_extra};
  std::string text(token);
  for (const token_rule& rule : rules) {
    text = std::visit([&](const auto& each) { return applied(each, text, place); }, rule);
  }
  return text;
}

}  // namespace detail

/// The bytes of one token by itself, not the first of a text. Added tokens of the byte alphabet are
/// their own text.
inline std::string token_bytes(const detokenizer_rules& rules, std::string_view token,
                               bool is_added) {
  if (rules.is_byte_level) {
    auto bytes = is_added ? std::nullopt : from_byte_alphabet(token);
    return bytes ? *std::move(bytes) : std::string(token);
  }
  const std::string text = detail::applied(rules.token_rules, token, false);
  if (rules.has_byte_fallback) {
    if (const auto byte = byte_of_token(text)) return std::string(1, *byte);
  }
  return detail::applied(rules.piece_rules, text, false);
}

/// Turns tokens into text as they come and holds back what may not be whole characters yet.
class detokenizer_state {
 public:
  /// Takes the next token and returns the text that is certain now.
  std::string push(const detokenizer_rules& rules, std::string_view token, bool is_added) {
    std::string out;
    if (rules.is_byte_level) {
      pending_ += token_bytes(rules, token, is_added);
      pending_.erase(0, append_repaired_utf8(out, pending_, false));
      return stripped(rules.start, out);
    }
    const std::string text = detail::applied(rules.token_rules, token, is_first_token_);
    is_first_token_ = false;
    if (rules.has_byte_fallback) {
      if (const auto byte = byte_of_token(text)) {
        pending_ += *byte;
        return out;
      }
      end_run(rules, out);
    }
    add_piece(rules, text, out);
    return stripped(rules.start, out);
  }

  /// Returns what was held back; call once, after the last token.
  std::string finish(const detokenizer_rules& rules) {
    std::string out;
    if (rules.is_byte_level) {
      append_repaired_utf8(out, pending_, true);
    } else {
      end_run(rules, out);
    }
    pending_.clear();
    return stripped(rules.start, out);
  }

 private:
  /// A run of byte tokens that is not valid as a whole becomes one U+FFFD for each byte.
  void end_run(const detokenizer_rules& rules, std::string& out) {
    if (pending_.empty()) return;
    if (invalid_utf8_offset(pending_) == std::string_view::npos) {
      add_piece(rules, pending_, out);
    } else {
      for (std::size_t i = 0; i < pending_.size(); ++i)
        add_piece(rules, replacement_character, out);
    }
    pending_.clear();
  }

  void add_piece(const detokenizer_rules& rules, std::string_view text, std::string& out) {
    out += detail::applied(rules.piece_rules, text, is_first_piece_);
    is_first_piece_ = false;
  }

  std::string stripped(const strip_rule& rule, const std::string& out) {
    std::size_t begin = 0;
    while (begin < out.size() && strip_done_ < rule.count) {
      if (std::string_view(out).substr(begin).starts_with(rule.text)) {
        begin += rule.text.size();
        ++strip_done_;
      } else {
        strip_done_ = rule.count;
      }
    }
    return out.substr(begin);
  }

  std::string pending_;
  bool is_first_token_ = true, is_first_piece_ = true;
  std::size_t strip_done_ = 0;
};

}  // namespace radlads::text
