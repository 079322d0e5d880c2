// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values of YAML files as texts; errors name the file and the line.

#include "radlads/core/error.hpp"
#include "settings_value.hpp"
#include "yaml_file.hpp"

#include <string>
#include <vector>

namespace radlads::program {

/// The file and the line of something in it.
inline std::string place(const std::string& path, const YAML::Node& node) {
  if (node.Mark().is_null()) return path + ": ";
  return concatenate(path, ": line ", node.Mark().line + 1, ": ");
}

/// A value that is a text or a number; nothing is the empty text.
inline std::string text_of(const YAML::Node& node, const std::string& where) {
  require(node.Tag() != "!function", where,
          "!function runs Python; expected a template or the name of a field");
  require(node.IsScalar() || node.IsNull(), where, "expected a text");
  return node.IsNull() ? "" : node.Scalar();
}

inline std::vector<std::string> texts_of(const YAML::Node& node, const std::string& where) {
  if (!node.IsSequence()) return {text_of(node, where)};
  std::vector<std::string> all;
  for (const YAML::Node& each : node) all.push_back(text_of(each, where));
  require(!all.empty(), where, "the list is empty");
  return all;
}

/// Reads the keys of a map by functions of their values and places; throws on others.
template <class Read>
void for_each_key(const YAML::Node& map, const std::string& path,
                  const std::vector<std::string>& known, const Read& read) {
  require(map.IsMap(), place(path, map), "expected keys with values");
  for (const auto& entry : map) {
    const auto key = entry.first.Scalar();
    const std::string where = place(path, entry.first);
    bool is_known = false;
    for (const std::string& each : known) is_known = is_known || each == key;
    require(is_known, where, "there is no key ", key, "; the nearest is ", nearest(key, known));
    read(key, entry.second, where + key + ": ");
  }
}

}  // namespace radlads::program
