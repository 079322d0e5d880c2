// SPDX-License-Identifier: Apache-2.0
#pragma once
// Regular expressions as the `tokenizers` package reads them (Oniguruma, Ruby's syntax), rewritten
// for PCRE2 with classes of our own Unicode tables, whichever Unicode the library knows. What would
// match otherwise there is refused by name.

#include "radlads/core/error.hpp"
#include "radlads/text/code_point_set.hpp"
#include "radlads/text/oniguruma_class.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text {

namespace detail {

inline std::string hex_escape(std::uint32_t code_point) {
  char digits[8];
  const auto end = std::to_chars(digits, digits + sizeof digits, code_point, 16).ptr;
  return "\\x{" + std::string(digits, end) + "}";
}

/// A set as PCRE2 spells it. Surrogates are no characters there.
inline std::string spelled(const code_point_set& set, bool is_negated) {
  const code_point_set surrogates(std::vector<code_point_range>{{0xD800, 0xDFFF}});
  const code_point_set characters = set.intersection(surrogates.complement());
  if (characters.ranges().empty()) return is_negated ? "(?s:.)" : "(?!)";
  std::string out = is_negated ? "[^" : "[";
  for (const code_point_range& range : characters.ranges()) {
    out += hex_escape(range.first);
    if (range.last > range.first) out += "-" + hex_escape(range.last);
  }
  return out + "]";
}

/// Characters that case folding turns into several letters (CaseFolding.txt, status F).
inline const code_point_set& several_letters() {
  static const code_point_set set(std::vector<code_point_range>{
      {0xDF, 0xDF},     {0x130, 0x130},   {0x149, 0x149},   {0x1F0, 0x1F0},   {0x390, 0x390},
      {0x3B0, 0x3B0},   {0x587, 0x587},   {0x1E96, 0x1E9A}, {0x1E9E, 0x1E9E}, {0x1F50, 0x1F50},
      {0x1F52, 0x1F52}, {0x1F54, 0x1F54}, {0x1F56, 0x1F56}, {0x1F80, 0x1FAF}, {0x1FB2, 0x1FB4},
      {0x1FB6, 0x1FB7}, {0x1FBC, 0x1FBC}, {0x1FC2, 0x1FC4}, {0x1FC6, 0x1FC7}, {0x1FCC, 0x1FCC},
      {0x1FD2, 0x1FD3}, {0x1FD6, 0x1FD7}, {0x1FE2, 0x1FE4}, {0x1FE6, 0x1FE7}, {0x1FF2, 0x1FF4},
      {0x1FF6, 0x1FF7}, {0x1FFC, 0x1FFC}, {0xFB00, 0xFB06}, {0xFB13, 0xFB17}});
  return set;
}

/// Rewrites one regular expression, from left to right, with a stack of open groups.
class oniguruma_translator {
 public:
  explicit oniguruma_translator(std::string_view pattern) : in_{pattern} {}

  std::string translate() {
    groups_.push_back({});
    while (!in_.is_end()) take_item();
    if (groups_.size() != 1) in_.refuse("a group without an end");
    close_options();
    return std::move(out_);
  }

 private:
  static constexpr std::size_t none = std::string::npos;

  struct group {
    std::size_t begin = 0;                          // in out_
    std::size_t options = 0;                        // groups opened for options such as (?i)
    bool ignores_case = false, dot_is_all = false;  // outside of the group
    bool is_look_around = false;
  };

  void take_item() {
    const char c = in_.peek();
    if (c == '*' || c == '+' || c == '?' || c == '{') {
      if (take_quantifier()) return;
    }
    if (in_.take("(")) return open_group();
    if (in_.take(")")) return close_group();
    if (in_.take("|")) return put_plain("|");
    if (in_.take("^")) return put_plain("(?m:^)");
    if (in_.take("$")) return put_plain("(?m:$)");
    if (in_.take(".")) return put_atom(dot_is_all_ ? "(?s:.)" : ".");
    if (in_.take("[")) {
      const bracket_set set = read_brackets(in_, 0);
      return put_set(set.inside, set.is_negated);
    }
    if (in_.take("\\")) return take_escape();
    put_literal(in_.take_character());
  }

  void put_plain(std::string_view text) {
    out_ += text;
    atom_ = none;
    last_literal_ = 0;
  }

  void put_atom(std::string_view text) {
    atom_ = out_.size();
    is_quantified_ = false;
    last_literal_ = 0;
    out_ += text;
  }

  void put_set(const code_point_set& set, bool is_negated) {
    const bool folds =
        ignores_case_ && !is_negated && !set.intersection(several_letters()).ranges().empty();
    if (folds) in_.refuse("a class that ignores case and has letters that fold to several");
    put_atom(spelled(set, is_negated));
  }

  void put_literal(char32_t c) {
    if (ignores_case_) check_folding(c);
    std::string text;
    const bool is_plain =
        c >= 0x80 || (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
    if (!is_plain) {
      text = hex_escape(c);
    } else {
      append_utf8(text, c);
    }
    put_atom(text);
    last_literal_ = c;
  }

  /// Two letters that some character folds to would match that character in Oniguruma.
  void check_folding(char32_t c) const {
    const auto is_letter_or_mark = [](char32_t x) {
      const general_category category = category_of(x);
      return x >= 0x80 && (is_letter(category) || is_mark(category));
    };
    bool folds = several_letters().contains(c);
    if (last_literal_ != 0) {
      const auto lower = [](char32_t x) { return x >= 'A' && x <= 'Z' ? x + 32 : x; };
      const char32_t first = lower(last_literal_), second = lower(c);
      folds = folds || (first == 's' && (second == 's' || second == 't')) ||
              (first == 'f' && (second == 'f' || second == 'i' || second == 'l')) ||
              is_letter_or_mark(first) || is_letter_or_mark(second);
    }
    if (folds) in_.refuse("letters that ignore case and are the folding of one character");
  }

  void take_escape() {
    if (const auto character = read_character_escape(in_)) return put_literal(*character);
    if (const auto set = read_type_escape(in_, false)) return put_set(*set, false);
    if (in_.take("R")) return put_atom("(?>\\x{d}\\x{a}|[\\x{a}-\\x{d}\\x{85}\\x{2028}\\x{2029}])");
    if (in_.take("A")) return put_plain("\\A");
    if (in_.take("z")) return put_plain("\\z");
    if (in_.take("Z")) return put_plain("\\Z");
    const std::string word = spelled(word_set(), false);
    if (in_.take("b")) {
      return put_plain("(?:(?<=" + word + ")(?!" + word + ")|(?<!" + word + ")(?=" + word + "))");
    }
    if (in_.take("B")) {
      return put_plain("(?:(?<=" + word + ")(?=" + word + ")|(?<!" + word + ")(?!" + word + "))");
    }
    in_.refuse(concatenate("the escape \\", in_.peek()));
  }

  void open_group() {
    group opened{out_.size(), 0, ignores_case_, dot_is_all_, false};
    if (!in_.take("?")) {
      out_ += "(?:";  // nothing refers to what a group holds
    } else if (in_.take("#")) {
      const std::size_t end = in_.pattern.find(')', in_.at);
      if (end == std::string_view::npos) in_.refuse("a comment without an end");
      in_.at = end + 1;
      return;
    } else if (!take_simple_group(opened) && !take_options()) {
      return;
    }
    groups_.push_back(opened);
    atom_ = none;
    last_literal_ = 0;
  }

  bool take_simple_group(group& opened) {
    for (const std::string_view kind : {":", ">", "=", "!", "<=", "<!"}) {
      if (!in_.take(kind)) continue;
      opened.is_look_around = kind != ":" && kind != ">";
      out_ += "(?";
      out_ += kind;
      return true;
    }
    return false;
  }

  /// (?i:...) or (?i), which lasts to the end of the group around it; false for the latter.
  bool take_options() {
    bool is_on = true;
    while (in_.peek() != ')' && in_.peek() != ':') {
      if (in_.take("-")) {
        is_on = false;
      } else if (in_.take("i")) {
        ignores_case_ = is_on;
      } else if (in_.take("m")) {
        dot_is_all_ = is_on;
      } else {
        in_.refuse("a group (?" + std::string(1, in_.peek()));
      }
    }
    out_ += ignores_case_ ? "(?i:" : "(?-i:";
    if (in_.take(":")) return true;
    in_.take(")");
    ++groups_.back().options;
    atom_ = none;
    last_literal_ = 0;
    return false;
  }

  void close_options() {
    out_.append(groups_.back().options, ')');
    groups_.back().options = 0;
  }

  void close_group() {
    if (groups_.size() == 1) in_.refuse("a closing parenthesis too many");
    close_options();
    const group closed = groups_.back();
    groups_.pop_back();
    out_ += ')';
    ignores_case_ = closed.ignores_case;
    dot_is_all_ = closed.dot_is_all;
    atom_ = closed.is_look_around ? none : closed.begin;
    is_quantified_ = false;
    last_literal_ = 0;
  }

  /// Reads *, +, ? or {n,m}; false when a brace is only a character.
  bool take_quantifier() {
    std::string text(1, in_.peek());
    bool is_interval = false, is_exact = false;
    if (in_.peek() == '{') {
      if (!take_interval(text, is_exact)) return false;
      is_interval = true;
    } else {
      ++in_.at;
    }
    if (atom_ == none) in_.refuse("a quantifier with nothing to repeat");
    if (is_quantified_) wrap_atom();
    if (!is_exact && in_.take("?")) {
      text += '?';
    } else if (!is_interval && in_.take("+")) {
      text += '+';
    }
    out_ += text;
    is_quantified_ = true;
    last_literal_ = 0;
    return true;
  }

  /// {n}, {n,}, {,m} or {n,m}, in which a missing number in front is zero.
  bool take_interval(std::string& text, bool& is_exact) {
    std::size_t at = in_.at + 1;
    const auto digits = [&] {
      const std::size_t begin = at;
      while (at < in_.pattern.size() && in_.pattern[at] >= '0' && in_.pattern[at] <= '9') ++at;
      return std::string(in_.pattern.substr(begin, at - begin));
    };
    const std::string low = digits();
    std::string high;
    is_exact = at >= in_.pattern.size() || in_.pattern[at] != ',';
    if (!is_exact) {
      ++at;
      high = digits();
    }
    const bool is_valid =
        at < in_.pattern.size() && in_.pattern[at] == '}' && !(low.empty() && high.empty());
    if (!is_valid) return false;
    in_.at = at + 1;
    text = "{" + (low.empty() ? "0" : low) + (is_exact ? "" : "," + high) + "}";
    return true;
  }

  /// A quantified atom becomes one that can be quantified again.
  void wrap_atom() {
    out_.insert(atom_, "(?:");
    out_ += ')';
  }

  regex_reader in_;
  std::string out_;
  std::vector<group> groups_;
  std::size_t atom_ = none;  // where in out_ begins what a quantifier repeats
  bool is_quantified_ = false;
  bool ignores_case_ = false, dot_is_all_ = false;
  char32_t last_literal_ = 0;  // the character right in front, 0 for something else
};

}  // namespace detail

/// The pattern for PCRE2 (UTF, newline is a line feed) that matches as `regex` does in the
/// `tokenizers` package. Throws naming what is not known.
inline std::string pcre2_pattern_of(std::string_view regex) {
  require(invalid_utf8_offset(regex) == std::string_view::npos,
          "a regular expression is not valid UTF-8");
  return detail::oniguruma_translator(regex).translate();
}

}  // namespace radlads::text
