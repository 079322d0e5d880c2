// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "record.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <system_error>

namespace radlads::program {

namespace {

/// A text that YAML reads back as itself.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c;
  }
  return result + '"';
}

std::string to_text(const YAML::Node& node) {
  if (node.IsScalar()) return node.Scalar();
  YAML::Emitter out;
  out << YAML::Flow << node;
  return out.c_str();
}

/// All "section.key" of a record but those that do not change the result.
std::map<std::string, std::string> flatten(const std::string& text) {
  std::map<std::string, std::string> values;
  for (const auto& section : YAML::Load(text)) {
    const auto name = section.first.as<std::string>();
    if (name == "about") continue;
    for (const auto& entry : section.second) {
      const auto key = entry.first.as<std::string>();
      if (key == "save_every" || key == "log_every") continue;
      values[fmt::format("{}.{}", name, key)] = to_text(entry.second);
    }
  }
  return values;
}

}  // namespace

std::string run_record::text() const {
  std::string result = settings;
  const auto add = [&](const char* name, const std::map<std::string, std::string>& section) {
    if (!section.empty()) result += fmt::format("{}:\n", name);
    for (const auto& [key, value] : section) {
      result += fmt::format("  {}: {}\n", key, quoted(value));
    }
  };
  add("run", run);
  add("about", about);
  return result;
}

void make_directory(const std::filesystem::path& directory) {
  std::error_code code;
  std::filesystem::create_directories(directory, code);
  require(!code, "cannot create directory ", directory.string(), ": ", code.message());
}

void write_record(const std::filesystem::path& directory, const std::string& text) {
  files::atomic_file file(directory / record_name);
  file.write(text.data(), text.size());
  file.commit();
}

std::optional<std::string> read_record(const std::filesystem::path& directory) {
  const std::filesystem::path path = directory / record_name;
  std::error_code code;
  if (!std::filesystem::exists(path, code)) return std::nullopt;
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  require(file.good() || file.eof(), path.string(), ": cannot be read");
  try {
    flatten(text);
  } catch (const YAML::Exception& problem) {
    fail(path.string(), ": line ", problem.mark.line + 1, ": ", problem.msg);
  }
  return text;
}

std::optional<std::string> record_value(const std::string& text, const std::string& section,
                                        const std::string& key) {
  const YAML::Node value = YAML::Load(text)[section][key];
  if (!value.IsDefined()) return std::nullopt;
  return to_text(value);
}

std::string find_difference(const std::string& before, const std::string& now) {
  const auto old = flatten(before), recent = flatten(now);
  for (const auto& [key, value] : recent) {
    const auto place = old.find(key);
    if (place == old.end()) return fmt::format("{} was not known and is now {}", key, value);
    if (place->second != value) {
      return fmt::format("{} was {} and is now {}", key, place->second, value);
    }
  }
  return "";
}

}  // namespace radlads::program
