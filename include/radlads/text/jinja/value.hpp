// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values of templates: what Python has of None, booleans, numbers, strings, lists and dictionaries,
// which never change, and namespaces, which do.

#include "radlads/core/error.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace radlads::text::jinja {

class value;
using list = std::vector<value>;
/// Entries in the order in which they were made; keys are strings.
using dictionary = std::vector<std::pair<std::string, value>>;

struct undefined {
  std::string name;  ///< what was looked for
};
struct none {};
/// An object that {% set object.name = ... %} changes. Its maker owns it, so that one may hold
/// itself.
struct name_space;
struct statement;
/// Something to call: a macro, or a function of the environment.
struct callable {
  std::string name;
  const statement* macro = nullptr;
};

/// Bounds of values that a template makes: printing and comparing one goes through all of it.
inline constexpr int most_value_levels = 100;
inline constexpr std::int64_t most_value_weight = std::int64_t{1} << 26;

template <class Items>
struct container;

class value {
 public:
  using kinds = std::variant<undefined, none, bool, std::int64_t, double, std::string,
                             std::shared_ptr<const container<list>>,
                             std::shared_ptr<const container<dictionary>>, name_space*, callable>;

  value() = default;
  value(bool b) : kind_(b) {}
  value(std::int64_t n) : kind_(n) {}
  value(double x) : kind_(x) {}
  value(std::string s) : kind_(std::move(s)) {}
  value(const char* s) : kind_(std::string(s)) {}
  value(list items);
  value(dictionary entries);
  value(name_space* space) : kind_(space) {}
  value(callable function) : kind_(std::move(function)) {}
  value(undefined nothing) : kind_(std::move(nothing)) {}
  value(none nothing) : kind_(nothing) {}

  template <class T>
  const T* get_if() const {
    return std::get_if<T>(&kind_);
  }
  bool is_undefined() const { return get_if<undefined>() != nullptr; }
  bool is_none() const { return get_if<none>() != nullptr; }
  const std::string* string() const { return get_if<std::string>(); }
  const list* items() const;
  const dictionary* entries() const;
  name_space* space() const {
    const auto* found = get_if<name_space*>();
    return found ? *found : nullptr;
  }
  /// A whole number; booleans are none here.
  const std::int64_t* integer() const { return get_if<std::int64_t>(); }
  bool is_number() const { return integer() || get_if<double>() || get_if<bool>(); }
  /// Of a number, as Python counts booleans.
  double number() const {
    if (const auto* n = integer()) return static_cast<double>(*n);
    if (const auto* b = get_if<bool>()) return *b ? 1 : 0;
    return *get_if<double>();
  }
  /// Levels of lists and dictionaries.
  int levels() const;
  /// Bytes and values in it, counted as often as they would be printed.
  std::int64_t weight() const;

 private:
  kinds kind_;
};

struct name_space {
  dictionary entries;
};

/// Items, and what they come to. Throws where they are nested or repeated beyond all bounds.
template <class Items>
struct container {
  Items items;
  int levels = 1;
  std::int64_t weight = 1;

  explicit container(Items given) : items(std::move(given)) {
    for (const auto& each : items) {
      const value& v = value_of(each);
      levels = std::max(levels, v.levels() + 1);
      weight += v.weight() + key_size(each);
      require(weight <= most_value_weight, "a list or dictionary is larger than ",
              most_value_weight, " bytes");
    }
    require(levels <= most_value_levels, "lists and dictionaries are nested deeper than ",
            most_value_levels, " levels");
  }

 private:
  static const value& value_of(const value& each) { return each; }
  static const value& value_of(const std::pair<std::string, value>& entry) { return entry.second; }
  static std::int64_t key_size(const value&) { return 0; }
  static std::int64_t key_size(const std::pair<std::string, value>& entry) {
    return static_cast<std::int64_t>(entry.first.size());
  }
};

inline value::value(list items)
    : kind_(std::make_shared<const container<list>>(std::move(items))) {}
inline value::value(dictionary entries)
    : kind_(std::make_shared<const container<dictionary>>(std::move(entries))) {}
inline const list* value::items() const {
  const auto* found = get_if<std::shared_ptr<const container<list>>>();
  return found ? &(*found)->items : nullptr;
}
inline const dictionary* value::entries() const {
  const auto* found = get_if<std::shared_ptr<const container<dictionary>>>();
  return found ? &(*found)->items : nullptr;
}
inline int value::levels() const {
  if (const auto* found = get_if<std::shared_ptr<const container<list>>>()) return (*found)->levels;
  const auto* found = get_if<std::shared_ptr<const container<dictionary>>>();
  return found ? (*found)->levels : 0;
}
inline std::int64_t value::weight() const {
  if (string()) return static_cast<std::int64_t>(string()->size()) + 1;
  if (const auto* found = get_if<std::shared_ptr<const container<list>>>()) return (*found)->weight;
  const auto* found = get_if<std::shared_ptr<const container<dictionary>>>();
  return found ? (*found)->weight : 1;
}

inline const value* find(const dictionary& entries, std::string_view key) {
  for (const auto& [name, each] : entries) {
    if (name == key) return &each;
  }
  return nullptr;
}

/// What an error calls the type of a value.
inline std::string_view type_name(const value& v) {
  if (v.is_undefined()) return "undefined";
  if (v.is_none()) return "none";
  if (v.get_if<bool>()) return "a boolean";
  if (v.integer()) return "an integer";
  if (v.get_if<double>()) return "a float";
  if (v.string()) return "a string";
  if (v.items()) return "a list";
  if (v.entries()) return "a dictionary";
  if (v.space()) return "a namespace";
  return "a function";
}

inline bool is_true(const value& v) {
  if (v.is_undefined() || v.is_none()) return false;
  if (v.is_number()) return v.number() != 0;
  if (v.string()) return !v.string()->empty();
  if (v.items()) return !v.items()->empty();
  if (v.entries()) return !v.entries()->empty();
  return true;
}

inline bool is_equal(const value& a, const value& b);

inline bool is_equal(const dictionary& a, const dictionary& b) {
  if (a.size() != b.size()) return false;
  for (const auto& [key, each] : a) {
    const value* other = find(b, key);
    if (!other || !is_equal(each, *other)) return false;
  }
  return true;
}

/// Python's ==. Values are as deep as the data they came from.
inline bool is_equal(const value& a, const value& b) {
  if (a.is_number() && b.is_number()) {
    return a.integer() && b.integer() ? *a.integer() == *b.integer() : a.number() == b.number();
  }
  if (a.string() && b.string()) return *a.string() == *b.string();
  if (a.items() && b.items()) {
    if (a.items()->size() != b.items()->size()) return false;
    for (std::size_t i = 0; i < a.items()->size(); ++i) {
      if (!is_equal((*a.items())[i], (*b.items())[i])) return false;
    }
    return true;
  }
  if (a.entries() && b.entries()) return is_equal(*a.entries(), *b.entries());
  if (a.space() || b.space()) return a.space() == b.space();
  return (a.is_none() && b.is_none()) || (a.is_undefined() && b.is_undefined());
}

/// A value of parsed JSON, whose objects are in their file's order. The parser bounds the depth.
inline value from_json(const nlohmann::ordered_json& json) {
  if (json.is_boolean()) return json.get<bool>();
  if (json.is_number_integer()) {
    require(!json.is_number_unsigned() || json.get<std::uint64_t>() <= INT64_MAX, "the number ",
            json.dump(), " is beyond the integers of templates");
    return json.get<std::int64_t>();
  }
  if (json.is_number()) return json.get<double>();
  if (json.is_string()) return json.get<std::string>();
  if (json.is_array()) {
    list items;
    for (const auto& each : json) items.push_back(from_json(each));
    return items;
  }
  if (json.is_object()) {
    dictionary entries;
    for (const auto& [key, each] : json.items()) entries.emplace_back(key, from_json(each));
    return entries;
  }
  return none{};
}

}  // namespace radlads::text::jinja
