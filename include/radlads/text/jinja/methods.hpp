// SPDX-License-Identifier: Apache-2.0
#pragma once
// Methods of strings, lists and dictionaries. Those that would change a value are refused, as the
// sandbox of transformers refuses them.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/budget.hpp"
#include "radlads/text/jinja/strings.hpp"
#include "radlads/text/jinja/value.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace radlads::text::jinja {

/// startswith and endswith: a string, or a tuple of them.
inline bool has_affix(const std::string& s, const value& affix, bool is_prefix) {
  const auto fits = [&](const value& each) {
    require(each.string() != nullptr, "an affix is ", type_name(each), ", expected a string");
    return is_prefix ? s.starts_with(*each.string()) : s.ends_with(*each.string());
  };
  if (!affix.items()) return fits(affix);
  return std::any_of(affix.items()->begin(), affix.items()->end(), fits);
}

/// Whether all characters of a string with some are of a kind.
inline bool are_all(const std::string& s, character_class wanted, bool or_number = false) {
  const auto characters = characters_of(s);
  return !s.empty() && std::all_of(characters.begin(), characters.end(), [&](std::string_view c) {
    const character_class found = class_of(read_utf8(c, 0).code_point);
    return found == wanted || (or_number && found == character_class::number);
  });
}

/// The place of a character's first byte, counted in characters; -1 for none.
inline std::int64_t place_in(const std::string& s, std::size_t at) {
  if (at == std::string::npos) return -1;
  return character_count(std::string_view(s).substr(0, at));
}

inline std::optional<value> split_method(const std::string& s, std::string_view name,
                                         const arguments& a) {
  const value* separator = a.get(0, "sep");
  const bool is_by_blanks = !separator || separator->is_none();
  const std::int64_t most = a.integer(1, "maxsplit", -1);
  if (name == "split")
    return is_by_blanks ? split_by_blanks(s, most) : split_by(s, a.text(0, "sep"), most);
  if (name == "rsplit") {
    require(!is_by_blanks || most < 0, "rsplit: a bound needs a separator here");
    return is_by_blanks ? split_by_blanks(s, -1) : split_from_right(s, a.text(0, "sep"), most);
  }
  if (name == "splitlines") return split_lines(s, a.flag(0, "keepends", false));
  if (name != "partition" && name != "rpartition") return {};
  const std::string& by = a.text(0, "sep");
  const bool is_first = name == "partition";
  list parts = is_first ? split_by(s, by, 1) : split_from_right(s, by, 1);
  if (parts.size() == 2) return list{parts[0], by, parts[1]};
  return is_first ? list{s, "", ""} : list{"", "", s};
}

inline std::optional<value> case_method(const std::string& s, std::string_view name) {
  if (name == "upper") return in_case(s, true);
  if (name == "lower") return in_case(s, false);
  if (name == "title") return titled(s);
  if (name == "capitalize") return capitalized(s);
  if (name == "isspace") return !s.empty() && begin_without_blanks(s) == s.size();
  if (name == "isdigit" || name == "isnumeric" || name == "isdecimal")
    return are_all(s, character_class::number);
  if (name == "isalpha") return are_all(s, character_class::letter);
  if (name == "isalnum") return are_all(s, character_class::letter, true);
  if (name == "isupper") return in_case(s, true) == s && in_case(s, false) != s;
  if (name == "islower") return in_case(s, false) == s && in_case(s, true) != s;
  return {};
}

inline std::string joined(budget& b, const std::string& separator, const list& items) {
  std::string out;
  for (std::size_t i = 0; i < items.size(); ++i) {
    require(items[i].string() != nullptr, "join: item ", i, " is ", type_name(items[i]),
            ", expected a string");
    const std::string part = (i > 0 ? separator : "") + *items[i].string();
    b.take_bytes(static_cast<std::int64_t>(part.size()));
    out += part;
  }
  return out;
}

inline std::optional<value> string_method(budget& b, const std::string& s, std::string_view name,
                                          const arguments& a) {
  if (name == "strip" || name == "lstrip" || name == "rstrip") {
    const value* set = a.get(0, "chars");
    const bool has_set = set && !set->is_none();
    return stripped(s, has_set ? &a.text(0, "chars") : nullptr, name != "rstrip", name != "lstrip");
  }
  if (name == "startswith" || name == "endswith")
    return has_affix(s, a.need(0, "affix"), name == "startswith");
  if (name == "removeprefix" || name == "removesuffix") {
    const std::string& affix = a.text(0, "affix");
    const bool is_prefix = name == "removeprefix";
    if (!has_affix(s, affix, is_prefix)) return s;
    return is_prefix ? s.substr(affix.size()) : s.substr(0, s.size() - affix.size());
  }
  if (name == "replace")
    return replaced(s, a.text(0, "old"), a.text(1, "new"), a.integer(2, "count", -1));
  if (name == "find") return place_in(s, s.find(a.text(0, "sub")));
  if (name == "rfind") return place_in(s, s.rfind(a.text(0, "sub")));
  if (name == "count") {
    const std::string& part = a.text(0, "sub");
    require(!part.empty(), "count: what is to be counted is empty");
    return static_cast<std::int64_t>(split_by(s, part, -1).size()) - 1;
  }
  if (name == "join") {
    const list* items = a.need(0, "iterable").items();
    require(items != nullptr, "join: the argument is ", type_name(a.need(0, "iterable")),
            ", expected a list");
    return joined(b, s, *items);
  }
  if (std::optional<value> found = split_method(s, name, a)) return found;
  return case_method(s, name);
}

inline std::optional<value> dictionary_method(const dictionary& entries, std::string_view name,
                                              const arguments& a) {
  if (name == "get") {
    const value* found = find(entries, a.text(0, "key"));
    const value* absent = a.get(1, "default");
    return found ? *found : absent ? *absent : value(none{});
  }
  if (name != "items" && name != "keys" && name != "values") return {};
  list out;
  for (const auto& [key, each] : entries) {
    if (name == "items") out.push_back(list{key, each});
    if (name == "keys") out.push_back(key);
    if (name == "values") out.push_back(each);
  }
  return out;
}

inline std::optional<value> list_method(budget& b, const list& items, std::string_view name,
                                        const arguments& a) {
  if (name != "index" && name != "count") return {};
  const value& wanted = a.need(0, "value");
  std::int64_t count = 0;
  for (std::size_t i = 0; i < items.size(); ++i) {
    if (!b.is_equal(items[i], wanted)) continue;
    if (name == "index") return static_cast<std::int64_t>(i);
    ++count;
  }
  require(name == "count", "index: the list does not have the value");
  return count;
}

/// object.name(arguments).
inline value call_method(budget& b, const value& object, std::string_view name,
                         const arguments& a) {
  b.take_reading(object);
  std::optional<value> found;
  if (object.string()) found = string_method(b, *object.string(), name, a);
  if (object.items()) found = list_method(b, *object.items(), name, a);
  if (object.entries()) found = dictionary_method(*object.entries(), name, a);
  if (object.is_undefined()) fail("'", object.get_if<undefined>()->name, "' is undefined");
  require(found.has_value(), type_name(object), " has no method '", name, "' here");
  return *std::move(found);
}

}  // namespace radlads::text::jinja
