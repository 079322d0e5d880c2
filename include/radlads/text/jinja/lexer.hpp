// SPDX-License-Identifier: Apache-2.0
#pragma once
// A template's source as tokens.

#include "radlads/core/error.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::jinja {

enum class token_kind {
  text,
  block_begin,
  block_end,
  output_begin,
  output_end,
  name,
  string,
  integer,
  real,
  symbol,
  end
};

struct token {
  token_kind kind = token_kind::end;
  std::string text;  ///< of strings what they stand for
  int line = 1;
};

/// Whether Python's strip() takes the character away.
inline bool is_blank(char32_t c) {
  return class_of(c) == character_class::white_space || (c >= 0x1c && c <= 0x1f);
}

/// Where the blanks at the end of `s` begin.
inline std::size_t end_without_blanks(std::string_view s) {
  while (!s.empty()) {
    const std::size_t last = last_character(s);
    if (!is_blank(read_utf8(s, last).code_point)) break;
    s = s.substr(0, last);
  }
  return s.size();
}

/// Where the blanks at the beginning of `s` end.
inline std::size_t begin_without_blanks(std::string_view s) {
  std::size_t at = 0;
  while (at < s.size()) {
    const utf8_sequence next = read_utf8(s, at);
    if (!is_blank(next.code_point)) break;
    at += next.length;
  }
  return at;
}

/// White space that a template's text does not keep. Chat templates are written for blocks that
/// take their line with them.
struct whitespace_rules {
  bool trims_blocks = true;         ///< the newline behind a block is dropped
  bool strips_blocks = true;        ///< so are blanks before a block that is first on its line
  bool keeps_last_newline = false;  ///< the last end of line belongs to the text
};

class lexer {
 public:
  /// The source must be UTF-8. Throws naming the line.
  static std::vector<token> tokens_of(std::string_view source, whitespace_rules rules = {}) {
    lexer own(source, rules);
    while (own.at_ < own.source_.size()) own.read_part();
    own.push(token_kind::end, "");
    return std::move(own.tokens_);
  }

 private:
  lexer(std::string_view source, whitespace_rules rules) : rules_(rules) {
    // Lines end in \n.
    for (std::size_t i = 0; i < source.size(); ++i) {
      const bool is_return = source[i] == '\r';
      if (is_return && i + 1 < source.size() && source[i + 1] == '\n') continue;
      source_ += is_return ? '\n' : source[i];
    }
    if (source_.ends_with('\n') && !rules.keeps_last_newline) source_.pop_back();
  }

  template <class... Parts>
  [[noreturn]] void fail_here(const Parts&... parts) const {
    fail("line ", line_, ": ", parts...);
  }
  bool is_at(std::string_view text) const {
    return std::string_view(source_).substr(at_).starts_with(text);
  }
  void push(token_kind kind, std::string text) {
    tokens_.push_back({kind, std::move(text), line_});
  }
  /// Continues behind `end` and counts lines.
  void move_to(std::size_t end) {
    line_ += static_cast<int>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                         source_.begin() + static_cast<std::ptrdiff_t>(end), '\n'));
    at_ = end;
  }

  /// Text up to a tag, and the tag.
  void read_part() {
    std::size_t tag = at_;
    const auto is_tag = [&](std::size_t i) {
      return source_[i] == '{' &&
             (source_[i + 1] == '{' || source_[i + 1] == '%' || source_[i + 1] == '#');
    };
    while (tag + 1 < source_.size() && !is_tag(tag)) ++tag;
    if (tag + 1 >= source_.size()) tag = source_.size();
    std::string_view text = std::string_view(source_).substr(at_, tag - at_);
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    const bool is_output = tag < source_.size() && source_[tag + 1] == '{';
    if (tag < source_.size() && sign == '-') {
      text = text.substr(0, end_without_blanks(text));
    } else if (tag < source_.size() && sign != '+' && !is_output && rules_.strips_blocks) {
      const std::size_t newline = text.rfind('\n');
      const std::size_t line_start = newline == std::string_view::npos ? 0 : newline + 1;
      const std::string_view before = text.substr(line_start);
      if ((line_start > 0 || is_line_start_) && begin_without_blanks(before) == before.size())
        text = text.substr(0, line_start);
    }
    if (!text.empty()) push(token_kind::text, std::string(text));
    move_to(tag);
    if (tag == source_.size()) return;
    const char kind = source_[tag + 1];
    at_ += sign == '-' || sign == '+' ? 3 : 2;
    is_line_start_ = false;
    if (kind == '#') return read_comment();
    if (kind == '%' && read_raw()) return;
    read_tag(kind == '%');
  }

  /// Skips what the end of a tag takes with it: blanks behind a "-", the newline behind a block.
  void finish_tag(char sign, bool takes_newline) {
    if (sign == '-') {
      const std::size_t end = at_ + begin_without_blanks(std::string_view(source_).substr(at_));
      is_line_start_ = end > at_ && source_[end - 1] == '\n';
      move_to(end);
    } else if (takes_newline && rules_.trims_blocks && sign != '+' && is_at("\n")) {
      is_line_start_ = true;
      move_to(at_ + 1);
    }
  }

  void read_comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) fail_here("a comment has no end");
    const char sign = end > at_ ? source_[end - 1] : ' ';
    move_to(end + 2);
    finish_tag(sign, true);
  }

  /// {% raw %} ... {% endraw %}: text as it is. Whether this was one.
  bool read_raw() {
    const std::size_t begin = at_;
    const std::size_t close = tag_of(begin, "raw");
    if (close == std::string::npos) return false;
    const char first = source_[close - 1];
    move_to(close + 2);
    finish_tag(first, true);
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos;
         tag = source_.find("{%", tag + 1)) {
      const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
      const std::size_t end = tag_of(tag + 2 + (sign == '-' || sign == '+' ? 1 : 0), "endraw");
      if (end == std::string::npos) continue;
      std::string_view text = std::string_view(source_).substr(at_, tag - at_);
      if (sign == '-') text = text.substr(0, end_without_blanks(text));
      if (!text.empty()) push(token_kind::text, std::string(text));
      move_to(end + 2);
      finish_tag(source_[end - 1], true);
      return true;
    }
    fail_here("{% raw %} has no {% endraw %}");
  }

  /// Where the %} of a block of this one name stands, or npos.
  std::size_t tag_of(std::size_t at, std::string_view name) const {
    const auto blanks = [&] {
      at += begin_without_blanks(std::string_view(source_).substr(std::min(at, source_.size())));
    };
    blanks();
    if (!std::string_view(source_).substr(at).starts_with(name)) return std::string::npos;
    at += name.size();
    blanks();
    if (at < source_.size() && (source_[at] == '-' || source_[at] == '+')) ++at;
    return std::string_view(source_).substr(at).starts_with("%}") ? at : std::string::npos;
  }

  /// The tokens between {{ and }} or {% and %}.
  void read_tag(bool is_block) {
    push(is_block ? token_kind::block_begin : token_kind::output_begin, "");
    const int first = line_;
    const std::string_view close = is_block ? "%}" : "}}";
    int open = 0;
    for (;;) {
      move_to(at_ + begin_without_blanks(std::string_view(source_).substr(at_)));
      if (at_ >= source_.size())
        fail("line ", first, ": ", is_block ? "{%" : "{{", " has no ", close);
      const char sign = source_[at_];
      const bool is_signed = (sign == '-' || (sign == '+' && is_block)) &&
                             std::string_view(source_).substr(at_ + 1).starts_with(close);
      // The }} of a dictionary in a dictionary ends no tag.
      if (open == 0 && (is_signed || is_at(close))) {
        push(is_block ? token_kind::block_end : token_kind::output_end, "");
        move_to(at_ + (is_signed ? 3 : 2));
        return finish_tag(is_signed ? sign : ' ', is_block);
      }
      read_token(open);
    }
  }

  void read_token(int& open) {
    const char c = source_[at_];
    const auto is_name = [](char each) {
      return (each >= 'a' && each <= 'z') || (each >= 'A' && each <= 'Z') || each == '_';
    };
    const auto is_digit = [](char each) { return each >= '0' && each <= '9'; };
    if (is_name(c)) {
      std::size_t end = at_;
      while (end < source_.size() && (is_name(source_[end]) || is_digit(source_[end]))) ++end;
      push(token_kind::name, source_.substr(at_, end - at_));
      at_ = end;
    } else if (is_digit(c)) {
      read_number();
    } else if (c == '\'' || c == '"') {
      read_string(c);
    } else {
      read_symbol(open);
    }
  }

  void read_number() {
    std::string digits;
    bool is_real = false;
    const auto take_digits = [&] {
      while (at_ < source_.size() &&
             ((source_[at_] >= '0' && source_[at_] <= '9') || source_[at_] == '_')) {
        if (source_[at_] != '_') digits += source_[at_];
        ++at_;
      }
    };
    const auto is_digit_at = [&](std::size_t i) {
      return i < source_.size() && source_[i] >= '0' && source_[i] <= '9';
    };
    take_digits();
    if (is_at(".") && is_digit_at(at_ + 1)) {
      is_real = true;
      digits += source_[at_++];
      take_digits();
    }
    if (is_at("e") || is_at("E")) {
      const bool is_signed =
          at_ + 1 < source_.size() && (source_[at_ + 1] == '-' || source_[at_ + 1] == '+');
      if (is_digit_at(at_ + (is_signed ? 2 : 1))) {
        is_real = true;
        digits += source_.substr(at_, is_signed ? 2 : 1);
        at_ += is_signed ? 2 : 1;
        take_digits();
      }
    }
    push(is_real ? token_kind::real : token_kind::integer, digits);
  }

  void read_string(char quote) {
    const int first = line_;
    std::string out;
    ++at_;
    while (at_ < source_.size() && source_[at_] != quote) {
      if (source_[at_] == '\\' && at_ + 1 < source_.size()) {
        ++at_;
        read_escape(out);
      } else {
        if (source_[at_] == '\n') ++line_;
        out += source_[at_++];
      }
    }
    if (at_ >= source_.size()) fail("line ", first, ": a string has no end");
    ++at_;
    tokens_.push_back({token_kind::string, std::move(out), first});
  }

  /// What stands behind a backslash, by Python's rules.
  void read_escape(std::string& out) {
    const char c = source_[at_++];
    static constexpr std::string_view names = "abfnrtv\\'\"", meant = "\a\b\f\n\r\t\v\\'\"";
    const std::size_t place = names.find(c);
    if (place != std::string_view::npos) {
      out += meant[place];
    } else if (c == '\n') {
      ++line_;
    } else if (c == 'x' || c == 'u' || c == 'U') {
      append_code_point(out, c == 'x' ? 2 : c == 'u' ? 4 : 8, 16);
    } else if (c >= '0' && c <= '7') {
      --at_;
      append_code_point(out, 3, 8);
    } else {
      out += '\\';
      out += c;
    }
  }

  void append_code_point(std::string& out, int most, unsigned base) {
    std::uint32_t code = 0;
    int count = 0;
    for (; count < most && at_ < source_.size(); ++count, ++at_) {
      static constexpr std::string_view digits = "0123456789abcdef";
      const char c = source_[at_];
      const std::size_t digit = digits.find(c >= 'A' && c <= 'F' ? static_cast<char>(c + 32) : c);
      if (digit == std::string_view::npos || digit >= base) break;
      code = code * base + static_cast<std::uint32_t>(digit);
      if (code > 0x10ffff) fail_here("a string has an escape beyond U+10FFFF");
    }
    if (base == 16 && count < most) fail_here("a string has an escape of too few digits");
    if (code >= 0xd800 && code < 0xe000) fail_here("a string has an escape of half a character");
    append_utf8(out, static_cast<char32_t>(code));
  }

  void read_symbol(int& open) {
    static constexpr std::array<std::string_view, 28> symbols{
        "**", "//", "==", "!=", "<=", ">=", "+", "-", "*", "/", "%", "~", "<", ">",
        "=",  "(",  ")",  "[",  "]",  "{",  "}", ",", ".", ":", "|", ";", "!", "&"};
    for (const std::string_view symbol : symbols) {
      if (!is_at(symbol)) continue;
      if (symbol == "!" || symbol == "&" || symbol == ";") break;
      if (symbol == "(" || symbol == "[" || symbol == "{") ++open;
      if ((symbol == ")" || symbol == "]" || symbol == "}") && --open < 0)
        fail_here("unexpected '", symbol, "'");
      push(token_kind::symbol, std::string(symbol));
      at_ += symbol.size();
      return;
    }
    fail_here("unexpected character '", source_.substr(at_, read_utf8(source_, at_).length), "'");
  }

  whitespace_rules rules_;
  std::string source_;
  std::size_t at_ = 0;
  int line_ = 1;
  bool is_line_start_ = true;
  std::vector<token> tokens_;
};

}  // namespace radlads::text::jinja
