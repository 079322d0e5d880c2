// SPDX-License-Identifier: Apache-2.0
#pragma once
// Reading and writing JSON files with errors that name the file, the place, the key and the type.
// The only JSON types in signatures are here; other headers keep them inside.

#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/json_builder.hpp"
#include "radlads/files/mapped.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::files {

using json = nlohmann::json;
/// JSON whose keys stay in the order in which they were added.
using ordered_json = nlohmann::ordered_json;

/// Deepest nesting parse_json accepts; configurations need fewer than ten.
inline constexpr std::size_t max_json_depth = 128;

/// The parser's own sentence without its bracketed identifier.
inline std::string json_error_text(const std::string& text) {
  const std::size_t end = text.find("] ");
  return end == std::string::npos ? text : text.substr(end + 2);
}

/// Parses one JSON value. Throws naming `where` with line and column when the text is not JSON,
/// repeats a key in one object, or nests deeper than max_json_depth.
inline json parse_json(std::string_view text, const std::string& where) {
  // The parser takes a zero byte for the end of the text and would ignore what follows.
  require(text.find('\0') == std::string_view::npos, where, ": not valid JSON: a zero byte");
  json_builder builder(where, max_json_depth);
  const bool is_json = json::sax_parse(text.begin(), text.end(), &builder);
  require(is_json, where, ": not valid JSON: ", json_error_text(builder.problem()));
  return builder.take();
}

/// Reads a JSON file; throws naming it as parse_json does.
inline json read_json(const std::filesystem::path& path) {
  const mapped_file file = mapped_file::open(path);
  return parse_json(file.text(), path.string());
}

/// One value as compact text; throws naming `where` when a string in it is not UTF-8.
template <class Json = json>
std::string json_text(const Json& value, const std::string& where, int indent = -1) {
  try {
    return value.dump(indent);
  } catch (const json::exception& failure) {
    fail(where, ": cannot be written as JSON: ", json_error_text(failure.what()));
  }
}

/// Writes a JSON file, indented by two or so many, whole or not at all.
template <class Json = json>
void write_json(const std::filesystem::path& path, const Json& value, int indent = 2) {
  const std::string text = json_text(value, path.string(), indent) + "\n";
  atomic_file file(path);
  file.write(text.data(), text.size());
  file.commit();
}

template <class T>
struct is_vector : std::false_type {};
template <class T>
struct is_vector<std::vector<T>> : std::true_type {};

/// The words errors use for a C++ type read from JSON.
template <class T>
std::string json_type_words() {
  if constexpr (std::is_same_v<T, bool>) return "true or false";
  if constexpr (std::is_integral_v<T> && !std::is_same_v<T, bool>) {
    return concatenate("an integer from ", +std::numeric_limits<T>::min(), " to ",
                       +std::numeric_limits<T>::max());
  }
  if constexpr (std::is_floating_point_v<T>) return "a number";
  if constexpr (std::is_same_v<T, std::string>) return "a string";
  if constexpr (is_vector<T>::value) {
    return "a list, each " + json_type_words<typename T::value_type>();
  }
  return "an object";
}

/// Whether a JSON value can become a T without loss of its kind: 2.5 and true are no integers.
template <class T>
bool json_holds(const json& value) {
  if constexpr (std::is_same_v<T, bool>) {
    return value.is_boolean();
  } else if constexpr (std::is_integral_v<T>) {
    if (value.is_number_unsigned()) return std::in_range<T>(value.get<std::uint64_t>());
    return value.is_number_integer() && std::in_range<T>(value.get<std::int64_t>());
  } else if constexpr (std::is_floating_point_v<T>) {
    return value.is_number();
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.is_string();
  } else if constexpr (is_vector<T>::value) {
    if (!value.is_array()) return false;
    for (const json& item : value) {
      if (!json_holds<typename T::value_type>(item)) return false;
    }
    return true;
  } else {
    static_assert(std::is_same_v<T, json>,
                  "json_get reads bool, integers, floating point, "
                  "std::string, std::vector of these, and json objects");
    return value.is_object();
  }
}

/// A value as an error quotes it: on one line, cut when long.
inline std::string json_quote(const json& value) {
  const std::string text = value.dump(-1, ' ', false, json::error_handler_t::replace);
  return text.size() <= 60 ? text : text.substr(0, 57) + "...";
}

/// Where the value under `key` stands, or null when the key is absent or its value null. Throws as
/// json_find does.
template <class T>
const json* json_place(const json& object, const std::string& key, const std::string& where) {
  require(object.is_object(), where, ": expected an object with key \"", key, "\", found ",
          json_quote(object));
  const auto entry = object.find(key);
  if (entry == object.end() || entry->is_null()) return nullptr;
  require(json_holds<T>(*entry), where, ": \"", key, "\" must be ", json_type_words<T>(),
          ", found ", json_quote(*entry));
  return &*entry;
}

/// The value under `key`, or nothing when the key is absent or null. Throws naming `where`, the
/// key, the expected type and the value found when it is of another type.
template <class T>
std::optional<T> json_find(const json& object, const std::string& key, const std::string& where) {
  const json* const value = json_place<T>(object, key, where);
  return value == nullptr ? std::nullopt : std::optional<T>(value->get<T>());
}

/// The value under `key`; throws as json_find does, and when the key is absent or null.
template <class T>
T json_get(const json& object, const std::string& key, const std::string& where) {
  std::optional<T> value = json_find<T>(object, key, where);
  require(value.has_value(), where, ": key \"", key, "\" is missing; expected ",
          json_type_words<T>());
  return *std::move(value);
}

/// The object under `key`, which is not copied; throws as json_get does.
inline const json& json_object(const json& object, const std::string& key,
                               const std::string& where) {
  const json* const value = json_place<json>(object, key, where);
  require(value != nullptr, where, ": key \"", key, "\" is missing; expected an object");
  return *value;
}

}  // namespace radlads::files
