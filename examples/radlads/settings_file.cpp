// SPDX-License-Identifier: Apache-2.0
#include "program_folder.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/folder.hpp"
#include "settings_file.hpp"
#include "settings_value.hpp"
#include "yaml_file.hpp"

#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

namespace radlads::program {

namespace {

std::string node_text(const YAML::Node& node, const std::string& where) {
  if (node.IsNull()) return "~";
  if (node.IsScalar()) return node.Scalar();
  require(node.IsSequence(), where, ": expected a value or a list");
  std::string text;
  for (const YAML::Node& each : node) {
    require(each.IsScalar() && each.Scalar().find_first_of(",[]") == std::string::npos, where,
            ": expected a list of values");
    require_value(each.Scalar(), where);
    text += (text.empty() ? "[" : ",") + each.Scalar();
  }
  return text.empty() ? "[]" : text + "]";
}

std::vector<file_setting> values_of(const YAML::Node& file, const std::string& path) {
  require(file.IsMap() || file.IsNull(), path, ": expected sections of keys");
  std::vector<file_setting> values;
  for (const auto& section : file) {
    const auto name = section.first.Scalar();
    if (name == "run" || name == "about") continue;
    require(section.second.IsMap() || section.second.IsNull(), path, ": ", name,
            ": expected keys with values");
    for (const auto& entry : section.second) {
      const auto key = entry.first.Scalar();
      values.push_back(
          {name, key, node_text(entry.second, concatenate(path, ": ", name, ".", key))});
    }
  }
  return values;
}

}  // namespace

std::vector<file_setting> read_settings_file(const std::filesystem::path& path) {
  return values_of(read_yaml(path, "a settings file"), path.string());
}

std::filesystem::path find_settings_file(const std::string& name) {
  std::error_code code;
  if (std::filesystem::exists(name, code)) return name;
  const std::filesystem::path recipes = program_folder() / ".." / "share" / "radlads" / "recipes";
  const bool is_bare = name.find('/') == std::string::npos;
  require(is_bare && std::filesystem::is_directory(recipes, code), name, ": cannot be read");
  if (std::filesystem::exists(recipes / name, code)) return recipes / name;
  std::vector<std::string> known;
  for (const auto& entry : files::folder_entries(recipes, code)) {
    known.push_back(entry.path().filename().string());
  }
  fail(name, ": cannot be read, and no recipe has that name; the nearest is ",
       known.empty() ? "none" : nearest(name, known));
}

}  // namespace radlads::program
