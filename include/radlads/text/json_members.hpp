// SPDX-License-Identifier: Apache-2.0
#pragma once
// Members of the JSON objects in a tokenizer's files, with errors that name the object and the key.

#include "radlads/core/error.hpp"
#include "radlads/files/json.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::text::detail {

using files::json;

/// Does something with what a file holds; every error begins with the path.
template <class Action>
auto naming_file(const std::filesystem::path& path, Action&& action) {
  try {
    return action();
  } catch (const error& problem) {
    const std::string text = problem.what();
    if (text.starts_with(path.string())) throw;
    fail(path.string(), ": ", text);
  }
}

/// Parses a file and hands its JSON to `interpret`; every error begins with the path.
template <class Interpret>
void read_json_file(const std::filesystem::path& path, Interpret&& interpret) {
  json content = files::read_json(path);
  const files::json_clearer clearer(content);
  naming_file(path, [&] { interpret(std::as_const(content)); });
}

inline const json& member(const json& object, const char* key, std::string_view where) {
  require(object.is_object(), "'", where, "' is ", object.type_name(), "; expected an object");
  const auto found = object.find(key);
  require(found != object.end(), "'", where, "' lacks the key '", key, "'");
  return *found;
}

inline std::string text_member(const json& object, const char* key, std::string_view where) {
  const json& value = member(object, key, where);
  require(value.is_string(), "'", where, ".", key, "' is ", value.type_name(),
          "; expected a string");
  return value.get<std::string>();
}

/// An optional member: a null pointer when it is absent or null.
inline const json* find_member(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

inline bool flag_member(const json& object, const char* key, bool otherwise) {
  const json* value = find_member(object, key);
  require(!value || value->is_boolean(), "'", key, "' is ", value ? value->type_name() : "",
          "; expected true or false");
  return value ? value->get<bool>() : otherwise;
}

inline std::int64_t id_from(const json& value, std::string_view token) {
  if (!files::json_holds<std::int64_t>(value)) {
    fail("the id of token '", token, "' is ", files::json_quote(value), "; expected an integer");
  }
  return value.get<std::int64_t>();
}

/// A list: `value`, which `where` names.
inline const json& list_from(const json& value, std::string_view where) {
  require(value.is_array(), "'", where, "' is ", value.type_name(), "; expected an array");
  return value;
}

/// An object: `value`, which `where` names.
inline const json& object_from(const json& value, std::string_view where) {
  require(value.is_object(), "'", where, "' is ", value.type_name(), "; expected an object");
  return value;
}

/// The steps of a "Sequence" under `key`, those of sequences in it among them in order; or the
/// single step itself, or none for null. They stay in `value`.
inline std::vector<const json*> sequence_of(const json* value, const char* key,
                                            std::string_view where) {
  std::vector<const json*> steps;
  std::vector<const json*> waiting;  // the next one to look at is the last
  if (value) waiting.push_back(value);
  while (!waiting.empty()) {
    const json& step = *waiting.back();
    waiting.pop_back();
    if (text_member(step, "type", where) != "Sequence") {
      steps.push_back(&step);
      continue;
    }
    const json& list = list_from(member(step, key, where), concatenate(where, ".", key));
    for (auto inner = list.rbegin(); inner != list.rend(); ++inner) waiting.push_back(&*inner);
  }
  return steps;
}

inline std::string literal_pattern(const json& step, std::string_view where) {
  std::string text = text_member(member(step, "pattern", where), "String", where);
  require(!text.empty(), "'", where, "' replaces an empty string");
  return text;
}

}  // namespace radlads::text::detail
