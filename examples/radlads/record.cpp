// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "record.hpp"

#include <fmt/format.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace radlads::program {

namespace {

/// A text that YAML reads back as itself.
std::string quoted(const std::string& text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 0x20 || byte == 0x7f) {
      result += fmt::format("\\x{:02x}", byte);
      continue;
    }
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

bool is_one_of(std::string_view key, std::span<const std::string_view> keys) {
  return std::find(keys.begin(), keys.end(), key) != keys.end();
}

using facts = std::map<std::string, std::string>;

/// All "section.key" of a record; those of the section "run" by their key alone.
facts flatten(const std::string& text) {
  facts values;
  for (const auto& section : YAML::Load(text)) {
    const auto name = section.first.as<std::string>();
    for (const auto& entry : section.second) {
      const auto key = entry.first.as<std::string>();
      values[name == "run" ? key : fmt::format("{}.{}", name, key)] = to_text(entry.second);
    }
  }
  return values;
}

/// The last part of "align.micro_batch".
std::string_view bare_key(std::string_view key) { return key.substr(key.rfind('.') + 1); }

/// Whether a fact is of the section "about", or of settings that a run may go on without.
bool is_idle(const std::string& key) {
  if (key.starts_with("about.")) return true;
  // Keys of the models behind a run are of their own files.
  if (key.starts_with("teacher.") || key.starts_with("start.")) return false;
  return is_one_of(bare_key(key), writing_settings) || is_one_of(bare_key(key), rounding_settings);
}

/// Facts that version 0.1.0 did not record, or hashed in another way.
bool is_new_fact(const std::string& key) {
  return key == "format" || key == "data_hash" || key == "tokenizer" ||
         key.starts_with("teacher.") || key.starts_with("start.");
}

std::string change(const std::string& key, const std::string& before, const std::string& now) {
  return fmt::format("{} was {} and is now {}", key, before, now);
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

bool is_old_record(const std::string& text) { return !flatten(text).contains("format"); }

std::vector<std::string> rounding_differences(const std::string& before, const std::string& now) {
  const facts old = flatten(before);
  std::vector<std::string> differences;
  for (const auto& [key, value] : flatten(now)) {
    if (!is_one_of(bare_key(key), rounding_settings)) continue;
    const auto place = old.find(key);
    if (place == old.end() || place->second == value) continue;
    differences.push_back(
        change(key.starts_with("about.") ? std::string(bare_key(key)) : key, place->second, value));
  }
  return differences;
}

std::string find_difference(const std::string& before, const std::string& now) {
  const facts old = flatten(before), recent = flatten(now);
  // What an older version did not know was as it is when nothing is said of it.
  const facts usual =
      flatten(to_yaml(settings(), {"model", "align", "distill", "extend", "train"}));
  const bool is_old = is_old_record(before);
  for (const auto& [key, value] : recent) {
    if (is_idle(key) || (is_old && is_new_fact(key))) continue;
    const auto place = old.find(key);
    if (place != old.end()) {
      if (place->second != value) return change(key, place->second, value);
      continue;
    }
    const auto fallback = usual.find(key);
    if (fallback != usual.end() && fallback->second == value) continue;
    return fmt::format("{} was not known and is now {}", key, value);
  }
  for (const auto& [key, value] : old) {
    if (is_idle(key) || is_old || recent.contains(key)) continue;
    return fmt::format("{} was {} and is not there now", key, value);
  }
  return "";
}

}  // namespace radlads::program
