// SPDX-License-Identifier: Apache-2.0
#pragma once
// Filters of lists, dictionaries, and strings as rows of characters.

#include "radlads/core/error.hpp"
#include "radlads/text/jinja/budget.hpp"
#include "radlads/text/jinja/methods.hpp"
#include "radlads/text/jinja/operators.hpp"
#include "radlads/text/jinja/strings.hpp"
#include "radlads/text/jinja/tests.hpp"
#include "radlads/text/jinja/value.hpp"
#include "radlads/text/jinja/value_text.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace radlads::text::jinja {

/// The items that a loop goes over: of a list, keys, characters, or none of what is undefined.
inline list items_of(budget& b, const value& v) {
  b.take_reading(v);
  if (v.items()) {
    b.take_steps(static_cast<std::int64_t>(v.items()->size()) / 10);
    return *v.items();
  }
  list out;
  if (v.entries()) {
    for (const auto& [key, each] : *v.entries()) out.push_back(key);
  } else if (v.string()) {
    b.take_steps(v.weight() / 10);
    for (const std::string_view c : characters_of(*v.string())) out.push_back(std::string(c));
  } else {
    require(v.is_undefined(), type_name(v), " has no items to go over");
  }
  return out;
}

/// v.name, where the name may be a path: a.b.0.
inline value attribute_at(const value& v, const value& path) {
  if (path.integer()) {
    const list* items = v.items();
    const std::int64_t at = *path.integer();
    const bool is_inside = items && at >= 0 && at < static_cast<std::int64_t>(items->size());
    return is_inside ? (*items)[static_cast<std::size_t>(at)] : value();
  }
  require(path.string() != nullptr, "an attribute is ", type_name(path), ", expected a string");
  value found = v;
  for (const value& name : split_by(*path.string(), ".", -1)) {
    const value* next = found.entries() ? find(*found.entries(), *name.string()) : nullptr;
    found = next ? value(*next) : value(undefined{*name.string()});
  }
  return found;
}

/// What sort, unique, min, max and sum look at: an attribute, or the item; without the case of
/// ASCII's letters unless told.
inline value sorting_key(const value& item, const arguments& a, bool has_case) {
  const value* attribute = find(a.named, "attribute");
  value key = attribute && !attribute->is_none() ? attribute_at(item, *attribute) : item;
  if (key.string() && !has_case) return in_ascii_case(*key.string(), false);
  return key;
}

/// select, reject, selectattr, rejectattr: by a test, or by truth.
inline value selected(budget& b, std::string_view name, const list& items, const arguments& a) {
  const bool has_attribute = name.ends_with("attr"), is_kept = name.starts_with("select");
  const std::size_t first = has_attribute ? 1 : 0;
  list out;
  for (const value& item : items) {
    const value v = has_attribute ? attribute_at(item, a.need(0, "attribute")) : item;
    bool is_met = is_true(v);
    if (a.positional.size() > first) {
      arguments rest;
      rest.positional.assign(a.positional.begin() + static_cast<std::ptrdiff_t>(first) + 1,
                             a.positional.end());
      is_met = apply_test(b, a.text(first, "test"), v, rest);
    }
    if (is_met == is_kept) out.push_back(item);
  }
  return out;
}

/// map(attribute=..., default=...) or map(filter, arguments).
template <class Filter>
value mapped(const list& items, const arguments& a, const Filter& filter) {
  list out;
  const value* attribute = find(a.named, "attribute");
  for (const value& item : items) {
    if (attribute) {
      value found = attribute_at(item, *attribute);
      const value* absent = find(a.named, "default");
      out.push_back(found.is_undefined() && absent ? *absent : found);
      continue;
    }
    arguments rest{.positional = {}, .named = a.named};
    if (!a.positional.empty()) rest.positional.assign(a.positional.begin() + 1, a.positional.end());
    out.push_back(filter(a.text(0, "filter"), item, rest));
  }
  return out;
}

inline void sort_items(budget& b, list& items, const arguments& a, bool is_reversed,
                       bool has_case) {
  std::vector<std::pair<value, value>> keyed;
  for (value& item : items) {
    value key = sorting_key(item, a, has_case);
    keyed.emplace_back(std::move(key), std::move(item));
  }
  std::stable_sort(keyed.begin(), keyed.end(), [&](const auto& x, const auto& y) {
    return is_reversed ? is_less(b, y.first, x.first) : is_less(b, x.first, y.first);
  });
  for (std::size_t i = 0; i < items.size(); ++i) items[i] = std::move(keyed[i].second);
}

inline value extreme(budget& b, const list& items, const arguments& a, bool is_greatest) {
  if (items.empty()) return undefined{"the greatest or least of nothing"};
  const value* best = &items[0];
  value best_key = sorting_key(*best, a, a.flag(0, "case_sensitive", false));
  for (const value& item : items) {
    value key = sorting_key(item, a, a.flag(0, "case_sensitive", false));
    if (!(is_greatest ? is_less(b, best_key, key) : is_less(b, key, best_key))) continue;
    best = &item;
    best_key = std::move(key);
  }
  return *best;
}

inline value unique_items(budget& b, const list& items, const arguments& a) {
  list out, keys;
  for (const value& item : items) {
    value key = sorting_key(item, a, a.flag(0, "case_sensitive", false));
    const bool is_known = std::any_of(keys.begin(), keys.end(),
                                      [&](const value& each) { return b.is_equal(each, key); });
    if (is_known) continue;
    keys.push_back(std::move(key));
    out.push_back(item);
  }
  return out;
}

/// [key, value] pairs of a dictionary.
inline list pairs_of(const value& v, std::string_view filter) {
  if (v.is_undefined()) return {};
  require(v.entries() != nullptr, filter, ": found ", type_name(v), ", expected a dictionary");
  list out;
  for (const auto& [key, each] : *v.entries()) out.push_back(list{key, each});
  return out;
}

inline value dictionary_sorted(budget& b, const value& v, const arguments& a) {
  list out = pairs_of(v, "dictsort");
  const value* by = a.get(1, "by");
  const bool is_by_value = by && by->string() && *by->string() == "value";
  const arguments key{.positional = {}, .named = {{"attribute", std::int64_t{is_by_value}}}};
  sort_items(b, out, key, a.flag(2, "reverse", false), a.flag(0, "case_sensitive", false));
  return out;
}

inline value length_of(const value& v) {
  if (v.string()) return character_count(*v.string());
  if (v.items()) return static_cast<std::int64_t>(v.items()->size());
  if (v.entries()) return static_cast<std::int64_t>(v.entries()->size());
  require(v.is_undefined(), type_name(v), " has no length");
  return std::int64_t{0};
}

/// join(separator, attribute).
inline value join_filter(budget& b, list items, const arguments& a) {
  const value* attribute = a.get(1, "attribute");
  for (value& item : items) {
    if (attribute) item = attribute_at(item, *attribute);
    item = to_text(item);
  }
  const value* separator = a.get(0, "d");
  return joined(b, separator ? to_text(*separator) : "", items);
}

/// Filters that take items one by one; nothing where the name is none of them.
template <class Filter>
std::optional<value> list_filter(budget& b, std::string_view name, const value& v,
                                 const arguments& a, const Filter& filter) {
  if (name == "length" || name == "count") return length_of(v);
  if (name == "items") return pairs_of(v, name);
  if (name == "dictsort") return dictionary_sorted(b, v, a);
  static constexpr std::array<std::string_view, 15> known{
      "join",   "first",      "last",       "list",   "reverse", "sort", "map", "select",
      "reject", "selectattr", "rejectattr", "unique", "min",     "max",  "sum"};
  if (std::find(known.begin(), known.end(), name) == known.end()) return {};

  list items = items_of(b, v);
  b.take_steps(static_cast<std::int64_t>(items.size()));
  if (name == "join") return join_filter(b, std::move(items), a);
  if (name == "first" || name == "last") {
    if (items.empty()) return undefined{"an item of nothing"};
    return name == "first" ? items.front() : items.back();
  }
  if (name == "reverse") {
    std::reverse(items.begin(), items.end());
    return v.string() ? joined(b, "", items) : value(std::move(items));
  }
  if (name == "sort")
    sort_items(b, items, a, a.flag(0, "reverse", false), a.flag(1, "case_sensitive", false));
  if (name == "list" || name == "sort") return items;
  if (name == "map") return mapped(items, a, filter);
  if (name == "unique") return unique_items(b, items, a);
  if (name == "min" || name == "max") return extreme(b, items, a, name == "max");
  if (name != "sum") return selected(b, name, items, a);
  const value* attribute = a.get(0, "attribute");
  const value* start = a.get(1, "start");
  value total = start ? *start : value(std::int64_t{0});
  for (const value& item : items)
    total = arithmetic(b, "+", total, attribute ? attribute_at(item, *attribute) : item);
  return total;
}

}  // namespace radlads::text::jinja
