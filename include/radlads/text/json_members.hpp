// SPDX-License-Identifier: Apache-2.0
#pragma once
// Members of the JSON objects in a tokenizer's files, with errors that name the object and the key.

#include "radlads/core/error.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <ios>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::text::detail {

using json = nlohmann::json;

inline std::string read_text_file(const std::filesystem::path& path) {
  require(std::filesystem::is_regular_file(path), path.string(), ": is not a file");
  std::ifstream file(path, std::ios::binary);
  require(file.is_open(), path.string(), ": cannot be opened for reading");
  std::string content(std::filesystem::file_size(path), '\0');
  file.read(content.data(), static_cast<std::streamsize>(content.size()));
  require(static_cast<std::size_t>(file.gcount()) == content.size(), path.string(),
          ": ended at byte ", file.gcount(), " of ", content.size());
  return content;
}

/// Parses a file and hands its JSON to `interpret`; every error begins with the path.
template <class Interpret>
void read_json_file(const std::filesystem::path& path, Interpret&& interpret) {
  try {
    interpret(json::parse(read_text_file(path)));
  } catch (const json::exception& problem) {
    fail(path.string(), ": ", problem.what());
  } catch (const error& problem) {
    const std::string text = problem.what();
    if (text.starts_with(path.string())) throw;
    fail(path.string(), ": ", text);
  }
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
  if (!value.is_number_integer()) {
    fail("the id of token '", token, "' is ", value.dump(), "; expected an integer");
  }
  return value.get<std::int64_t>();
}

/// The entries of a "Sequence" under `key`, or the single entry itself, or none for null.
inline std::vector<json> sequence_of(const json* value, const char* key, std::string_view where) {
  if (!value) return {};
  if (text_member(*value, "type", where) != "Sequence") return {*value};
  const json& list = member(*value, key, where);
  require(list.is_array(), "'", where, ".", key, "' is ", list.type_name(), "; expected an array");
  return {list.begin(), list.end()};
}

inline std::string literal_pattern(const json& step, std::string_view where) {
  std::string text = text_member(member(step, "pattern", where), "String", where);
  require(!text.empty(), "'", where, "' replaces an empty string");
  return text;
}

}  // namespace radlads::text::detail
