// SPDX-License-Identifier: Apache-2.0
#pragma once
// Spaces as SentencePiece spells them: by a visible character, usually U+2581, which may also stand
// in front of a text.

#include "radlads/core/error.hpp"
#include "radlads/text/json_members.hpp"
#include "radlads/text/replace_all.hpp"
#include "radlads/text/unicode.hpp"

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>

namespace radlads::text {

/// Which pieces get the character in front, unless they begin with it.
enum class prepend_scheme { always, first, never };

/// "Metaspace" of tokenizer.json: a pre-tokenizer, and a rule of detokenizers.
struct metaspace {
  std::string character = "\u2581";
  prepend_scheme scheme = prepend_scheme::always;
  bool splits = true;  // pieces begin at each character
};

/// A piece with its spaces spelled. `is_start`: nothing stands in front of it in the whole text.
inline std::string spell_spaces(const metaspace& rule, std::string_view piece, bool is_start) {
  std::string spelled = replace_all(piece, " ", rule.character);
  const bool wants_one =
      rule.scheme == prepend_scheme::always || (rule.scheme == prepend_scheme::first && is_start);
  if (!wants_one || spelled.empty() || spelled.starts_with(rule.character)) return spelled;
  return rule.character + spelled;
}

/// Calls `on_part(begin, end)` for the parts of a piece that begin at each character.
template <class OnPart>
void for_each_word(const metaspace& rule, std::string_view spelled, OnPart&& on_part) {
  std::size_t begin = 0;
  while (begin < spelled.size()) {
    const std::size_t from =
        begin + (spelled.substr(begin).starts_with(rule.character) ? rule.character.size() : 0);
    const std::size_t end = std::min(spelled.find(rule.character, from), spelled.size());
    on_part(begin, end);
    begin = end;
  }
}

namespace detail {

/// A member that is one character.
inline std::string character_member(const json& object, const char* key, std::string_view where) {
  std::string text = text_member(object, key, where);
  require(!text.empty() && read_utf8(text, 0).length == text.size(), "'", where, ".", key, "' is '",
          text, "'; expected one character");
  return text;
}

inline prepend_scheme prepend_scheme_from(const std::string& name, std::string_view where) {
  if (name == "always") return prepend_scheme::always;
  if (name == "first") return prepend_scheme::first;
  if (name == "never") return prepend_scheme::never;
  fail("'", where, ".prepend_scheme' is '", name, "'; known: always, first, never");
}

/// Reads a "Metaspace". Older files say by "add_prefix_space" whether all pieces get a space.
inline metaspace metaspace_from(const json& step, std::string_view where) {
  metaspace out;
  if (find_member(step, "replacement"))
    out.character = character_member(step, "replacement", where);
  const bool adds = flag_member(step, "add_prefix_space", true);
  if (!adds) out.scheme = prepend_scheme::never;
  if (find_member(step, "prepend_scheme")) {
    out.scheme = prepend_scheme_from(text_member(step, "prepend_scheme", where), where);
    require(adds || out.scheme == prepend_scheme::never, "'", where,
            ".add_prefix_space' is false, and prepend_scheme is not never");
  }
  out.splits = flag_member(step, "split", true);
  return out;
}

}  // namespace detail

}  // namespace radlads::text
