// SPDX-License-Identifier: Apache-2.0
#pragma once
// Classes of characters as Oniguruma reads them: escapes, properties by name, and sets in brackets
// with sets inside and intersections.

#include "radlads/core/error.hpp"
#include "radlads/text/code_point_set.hpp"
#include "radlads/text/unicode.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace radlads::text::detail {

/// A place in a regular expression, which is valid UTF-8.
struct regex_reader {
  std::string_view pattern;
  std::size_t at = 0;

  bool is_end() const { return at == pattern.size(); }
  char peek() const { return is_end() ? '\0' : pattern[at]; }

  bool take(std::string_view text) {
    if (!pattern.substr(at).starts_with(text)) return false;
    at += text.size();
    return true;
  }

  char32_t take_character() {
    require(!is_end(), "the regular expression ", pattern, " ends in the middle");
    const utf8_sequence sequence = read_utf8(pattern, at);
    at += sequence.length;
    return sequence.code_point;
  }

  [[noreturn]] void refuse(std::string_view what) const {
    fail("the regular expression ", pattern, " has ", what, " in front of byte ", at,
         ", which is not known");
  }
};

inline constexpr std::array<std::string_view, 30> category_short_names{
    "lu", "ll", "lt", "lm", "lo", "mn", "mc", "me", "nd", "nl", "no", "pc", "pd", "ps", "pe",
    "pi", "pf", "po", "sm", "sc", "sk", "so", "zs", "zl", "zp", "cc", "cf", "cs", "co", "cn"};
inline constexpr std::array<std::string_view, 30> category_long_names{
    "uppercaseletter",    "lowercaseletter",  "titlecaseletter",  "modifierletter",
    "otherletter",        "nonspacingmark",   "spacingmark",      "enclosingmark",
    "decimalnumber",      "letternumber",     "othernumber",      "connectorpunctuation",
    "dashpunctuation",    "openpunctuation",  "closepunctuation", "initialpunctuation",
    "finalpunctuation",   "otherpunctuation", "mathsymbol",       "currencysymbol",
    "modifiersymbol",     "othersymbol",      "spaceseparator",   "lineseparator",
    "paragraphseparator", "control",          "format",           "surrogate",
    "privateuse",         "unassigned"};
inline constexpr std::array<std::pair<std::string_view, char>, 7> category_groups{
    {{"letter", 'l'},
     {"mark", 'm'},
     {"number", 'n'},
     {"punctuation", 'p'},
     {"symbol", 's'},
     {"separator", 'z'},
     {"other", 'c'}}};

/// The script Han of Unicode 16.
inline code_point_set han_set() {
  return code_point_set(
      {{0x2E80, 0x2E99},   {0x2E9B, 0x2EF3},   {0x2F00, 0x2FD5},   {0x3005, 0x3005},
       {0x3007, 0x3007},   {0x3021, 0x3029},   {0x3038, 0x303B},   {0x3400, 0x4DBF},
       {0x4E00, 0x9FFF},   {0xF900, 0xFA6D},   {0xFA70, 0xFAD9},   {0x16FE2, 0x16FE3},
       {0x16FF0, 0x16FF1}, {0x20000, 0x2A6DF}, {0x2A700, 0x2B739}, {0x2B740, 0x2B81D},
       {0x2B820, 0x2CEA1}, {0x2CEB0, 0x2EBE0}, {0x2EBF0, 0x2EE5D}, {0x2F800, 0x2FA1D},
       {0x30000, 0x3134A}, {0x31350, 0x323AF}});
}

/// Code points of the property a regular expression names: a general category or a group of them,
/// or Han. Nothing when the name is not known.
inline std::optional<code_point_set> property_set(std::string_view name) {
  std::string plain;
  for (const char c : name) {
    if (c == ' ' || c == '_' || c == '-') continue;
    plain += c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  }
  for (const auto& [group, letter] : category_groups) {
    if (plain != group && plain != std::string_view(&letter, 1)) continue;
    return code_point_set::of_categories([initial = letter](general_category c) {
      return category_short_names[static_cast<std::size_t>(c)][0] == initial;
    });
  }
  for (std::size_t i = 0; i < category_short_names.size(); ++i) {
    if (plain != category_short_names[i] && plain != category_long_names[i]) continue;
    return code_point_set::of_categories(
        [&](general_category c) { return static_cast<std::size_t>(c) == i; });
  }
  if (plain == "han") return han_set();
  return {};
}

/// \s, \d, \h, or \w as Oniguruma takes it in brackets: without the joiners.
inline code_point_set type_set(char type) {
  if (type == 'h') return code_point_set({{'0', '9'}, {'A', 'F'}, {'a', 'f'}});
  if (type == 'd') return *property_set("nd");
  if (type == 's') {
    code_point_set set = *property_set("z");
    set.add(9, 13);
    set.add(0x85, 0x85);
    return set;
  }
  code_point_set set = code_point_set::of_categories([](general_category c) {
    return is_letter(c) || is_mark(c) || c == general_category::Nd || c == general_category::Nl ||
           c == general_category::Pc;
  });
  for (const code_point_range& range : other_alphabetic_ranges) set.add(range.first, range.last);
  return set;
}

/// Word characters outside of brackets, where Oniguruma counts six numbers of Latin-1 among them.
inline code_point_set word_set() {
  code_point_set set = type_set('w');
  for (const std::uint32_t c : {0xB2u, 0xB3u, 0xB9u, 0xBCu, 0xBDu, 0xBEu}) set.add(c, c);
  return set;
}

/// Behind "\p" or "\P": the set of the property in braces.
inline code_point_set read_property_escape(regex_reader& in, bool is_negated) {
  if (!in.take("{")) in.refuse("\\p without a brace");
  if (in.take("^")) is_negated = !is_negated;
  const std::size_t end = in.pattern.find('}', in.at);
  if (end == std::string_view::npos) in.refuse("\\p{ without an end");
  const std::string_view name = in.pattern.substr(in.at, end - in.at);
  const auto set = property_set(name);
  if (!set) in.refuse(concatenate("the property '", name, "'"));
  in.at = end + 1;
  return is_negated ? set->complement() : *set;
}

/// The value of at most `limit` digits of a base; refuses none at all.
inline char32_t read_number(regex_reader& in, unsigned base, std::size_t limit) {
  char32_t value = 0;
  std::size_t count = 0;
  for (; count < limit; ++count) {
    const char c = in.peek();
    const unsigned digit = c >= '0' && c <= '9'   ? static_cast<unsigned>(c - '0')
                           : c >= 'a' && c <= 'f' ? static_cast<unsigned>(c - 'a') + 10
                           : c >= 'A' && c <= 'F' ? static_cast<unsigned>(c - 'A') + 10
                                                  : 99u;
    if (digit >= base) break;
    value = value * base + digit;
    ++in.at;
  }
  if (count == 0 || value > 0x10FFFF || (value >= 0xD800 && value < 0xE000)) {
    in.refuse("a number of no character");
  }
  return value;
}

/// The character that an escape stands for, behind the backslash; nothing when the escape is
/// something else, which is then still to be read.
inline std::optional<char32_t> read_character_escape(regex_reader& in) {
  constexpr std::string_view names = "tnrfvae", values = "\t\n\r\f\v\a\x1b";
  const std::size_t named = in.peek() == '\0' ? names.npos : names.find(in.peek());
  if (named != names.npos) {
    ++in.at;
    return static_cast<unsigned char>(values[named]);
  }
  if (in.take("x{")) {
    const char32_t value = read_number(in, 16, 8);
    if (!in.take("}")) in.refuse("\\x{ without an end");
    return value;
  }
  if (in.take("x")) {
    const char32_t value = read_number(in, 16, 2);
    if (value > 0x7F) in.refuse("\\x of a byte that is no character");
    return value;
  }
  if (in.take("u")) return read_number(in, 16, 4);
  if (in.take("0")) return in.peek() >= '0' && in.peek() <= '7' ? read_number(in, 8, 2) : U'\0';
  const char c = in.peek();
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return {};
  return in.take_character();
}

/// A type of characters behind a backslash: \p{..}, \s and the like; nothing when it is none.
inline std::optional<code_point_set> read_type_escape(regex_reader& in, bool is_in_brackets) {
  const char type = in.peek();
  if (type == 'p' || type == 'P') {
    ++in.at;
    return read_property_escape(in, type == 'P');
  }
  constexpr std::string_view types = "sdwhSDWH";
  const std::size_t index = type == '\0' ? types.npos : types.find(type);
  if (index == types.npos) return {};
  ++in.at;
  const char plain = types[index % 4];
  const code_point_set set = plain == 'w' && !is_in_brackets ? word_set() : type_set(plain);
  return index < 4 ? set : set.complement();
}

/// A set in brackets.
struct bracket_set {
  code_point_set inside;  // before the negation
  bool is_negated = false;

  code_point_set all() const { return is_negated ? inside.complement() : inside; }
};

inline bracket_set read_brackets(regex_reader& in, int depth);

/// Adds one item of a set: a set inside, a type, a character or a range of them.
inline void read_bracket_item(regex_reader& in, code_point_set& out, int depth) {
  if (in.take("[")) {
    if (in.peek() == ':') in.refuse("a POSIX bracket");
    return out.add(read_brackets(in, depth + 1).all());
  }
  const auto read_character = [&]() -> std::optional<char32_t> {
    if (!in.take("\\")) return in.take_character();
    if (const auto set = read_type_escape(in, true)) {
      out.add(*set);
      return {};
    }
    const auto character = read_character_escape(in);
    if (!character) in.refuse("an unknown escape in brackets");
    return character;
  };
  const auto first = read_character();
  if (!first) return;
  const bool is_range = in.peek() == '-' && in.at + 1 < in.pattern.size() &&
                        in.pattern[in.at + 1] != ']' && in.pattern[in.at + 1] != '[';
  if (!is_range) return out.add(*first, *first);
  ++in.at;
  const auto last = read_character();
  if (!last || *last < *first) in.refuse("a range without a proper end");
  out.add(*first, *last);
}

/// Reads a set behind its opening bracket.
inline bracket_set read_brackets(regex_reader& in, int depth) {
  if (depth > 8) in.refuse("brackets nested more than eight deep");
  bracket_set out;
  out.is_negated = in.take("^");
  code_point_set part;
  std::optional<code_point_set> common;  // of the parts before each &&
  const auto take_part = [&] {
    common = common ? common->intersection(part) : part;
    part = {};
  };
  // A closing bracket that stands first is a character where another one follows.
  if (in.peek() == ']' && in.pattern.find(']', in.at + 1) != std::string_view::npos) {
    part.add(']', ']');
    ++in.at;
  }
  while (!in.take("]")) {
    if (in.is_end()) in.refuse("a bracket without an end");
    if (in.take("&&")) {
      take_part();
    } else {
      read_bracket_item(in, part, depth);
    }
  }
  take_part();
  out.inside = *std::move(common);
  return out;
}

}  // namespace radlads::text::detail
