// SPDX-License-Identifier: Apache-2.0
#pragma once
// Builds a JSON value from the events of nlohmann's parser. The parser's own builder with a
// callback looks through a list at the end of each object in it, so that a list of objects takes
// quadratic time; and it drops all but the last of equal keys.

#include "radlads/core/error.hpp"

#include <nlohmann/json.hpp>

#include <cstddef>
#include <cstdint>
#include <exception>
#include <string>
#include <utility>
#include <vector>

namespace radlads::files {

/// Empties a value without taking memory. The destructor of nlohmann's values first moves all that
/// a list or an object holds to a vector, and where there is no memory for that the process ends: a
/// vocabulary would need megabytes to be given back. Goes as deep as the value.
inline void clear_json(nlohmann::json& value) noexcept {
  if (value.is_array()) {
    auto& items = value.get_ref<nlohmann::json::array_t&>();
    for (nlohmann::json& each : items) clear_json(each);
    items.clear();
  } else if (value.is_object()) {
    auto& members = value.get_ref<nlohmann::json::object_t&>();
    for (auto& [key, each] : members) clear_json(each);
    members.clear();
  }
}

/// Empties a value that a file made large when the scope ends, by an exception too.
class json_clearer {
 public:
  explicit json_clearer(nlohmann::json& value) : value_(value) {}
  json_clearer(const json_clearer&) = delete;
  json_clearer& operator=(const json_clearer&) = delete;
  ~json_clearer() { clear_json(value_); }

 private:
  nlohmann::json& value_;
};

/// Takes the parser's events; throws naming `where` when a key appears twice in one object or
/// values nest deeper than `max_depth`.
class json_builder {
 public:
  using json = nlohmann::json;

  json_builder(const std::string& where, std::size_t max_depth)
      : where_(where), max_depth_(max_depth) {}
  json_builder(const json_builder&) = delete;
  json_builder& operator=(const json_builder&) = delete;
  ~json_builder() { clear_json(root_); }

  json take() { return std::move(root_); }
  /// What the parser said of text that is not JSON.
  const std::string& problem() const { return problem_; }

  bool null() { return put(nullptr); }
  bool boolean(bool value) { return put(value); }
  bool number_integer(std::int64_t value) { return put(value); }
  bool number_unsigned(std::uint64_t value) { return put(value); }
  bool number_float(double value, const std::string&) { return put(value); }
  bool string(std::string& value) { return put(std::move(value)); }
  bool binary(json::binary_t&) { return false; }  // JSON text has none
  bool start_object(std::size_t) { return open(json::object()); }
  bool start_array(std::size_t) { return open(json::array()); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool key(std::string& name) {
    const auto [entry, is_new] = open_.back()->get_ref<json::object_t&>().emplace(name, nullptr);
    require(is_new, where_, ": key ", json(name).dump(), " appears twice in one object");
    member_ = &entry->second;
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const std::exception& failure) {
    problem_ = failure.what();
    return false;
  }

 private:
  json& place(json&& value) {
    if (open_.empty()) return root_ = std::move(value);
    if (open_.back()->is_object()) return *member_ = std::move(value);
    auto& list = open_.back()->get_ref<json::array_t&>();
    return list.emplace_back(std::move(value));
  }

  bool put(json value) {
    place(std::move(value));
    return true;
  }

  bool open(json&& value) {
    require(open_.size() < max_depth_, where_, ": nested deeper than ", max_depth_, " levels");
    open_.push_back(&place(std::move(value)));
    return true;
  }

  bool close() {
    open_.pop_back();
    return true;
  }

  const std::string& where_;
  std::size_t max_depth_;
  json root_;
  std::vector<json*> open_;  // lists and objects not closed yet, the innermost last
  json* member_ = nullptr;   // where the value of the last key goes
  std::string problem_;
};

}  // namespace radlads::files
