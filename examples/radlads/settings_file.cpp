// SPDX-License-Identifier: Apache-2.0
#include "program_folder.hpp"
#include "radlads/core/error.hpp"
#include "settings_file.hpp"
#include "settings_value.hpp"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

/// All keys there are, each with a line of explanation, take a twentieth of this.
constexpr std::size_t max_settings_bytes = std::size_t{1} << 18;
/// Sections of keys with lists of values are three.
constexpr std::size_t max_depth = 8;

/// Reads a document once and throws on what the tree of yaml-cpp no longer shows: a key twice, a
/// second document.
class yaml_check final : public YAML::EventHandler {
 public:
  explicit yaml_check(std::string where) : where_(std::move(where)) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    require(++documents_ == 1, place(mark), "a second document begins; settings are one");
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t) override { take(mark, "~"); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t) override { take_value(mark); }
  void OnScalar(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                const std::string& value) override {
    take(mark, value);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                       YAML::EmitterStyle::value) override {
    open(mark, false);
  }
  void OnSequenceEnd() override { open_.pop_back(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t,
                  YAML::EmitterStyle::value) override {
    open(mark, true);
  }
  void OnMapEnd() override { open_.pop_back(); }

 private:
  struct level {
    bool is_map = false, is_key_next = false;
    std::set<std::string> keys;
  };

  std::string place(const YAML::Mark& mark) const {
    return concatenate(where_, ": line ", mark.line + 1, ": ");
  }

  void open(const YAML::Mark& mark, bool is_map) {
    take_value(mark);
    require(open_.size() < max_depth, place(mark), "nested deeper than ", max_depth, " levels");
    open_.push_back({is_map, is_map, {}});
  }

  void take_value(const YAML::Mark& mark) {
    if (open_.empty() || !open_.back().is_map) return;
    require(!open_.back().is_key_next, place(mark), "a key is a word");
    open_.back().is_key_next = true;
  }

  void take(const YAML::Mark& mark, const std::string& text) {
    if (open_.empty() || !open_.back().is_key_next) return take_value(mark);
    require(open_.back().keys.insert(text).second, place(mark), "key ", text, " is there twice");
    open_.back().is_key_next = false;
  }

  std::string where_;
  int documents_ = 0;
  std::vector<level> open_;
};

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::error_code code;
  const bool is_file = !std::filesystem::is_directory(path, code);
  if (file && is_file) {
    text.resize(max_settings_bytes + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  require(is_file && file.is_open() && !file.bad(), path.string(), ": cannot be read");
  require(text.size() <= max_settings_bytes, path.string(), ": has more than ", max_settings_bytes,
          " bytes, so it is not a settings file");
  return text;
}

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
    const auto name = section.first.as<std::string>();
    if (name == "run" || name == "about") continue;
    require(section.second.IsMap() || section.second.IsNull(), path, ": ", name,
            ": expected keys with values");
    for (const auto& entry : section.second) {
      const auto key = entry.first.as<std::string>();
      values.push_back(
          {name, key, node_text(entry.second, concatenate(path, ": ", name, ".", key))});
    }
  }
  return values;
}

}  // namespace

std::vector<file_setting> read_settings_file(const std::filesystem::path& path) {
  const std::string text = read_text(path);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    yaml_check check(path.string());
    while (parser.HandleNextDocument(check)) {
    }
    return values_of(YAML::Load(text), path.string());
  } catch (const YAML::Exception& problem) {
    fail(path.string(), ": line ", problem.mark.line + 1, ": ", problem.msg);
  }
}

std::filesystem::path find_settings_file(const std::string& name) {
  std::error_code code;
  if (std::filesystem::exists(name, code)) return name;
  const std::filesystem::path recipes = program_folder() / ".." / "share" / "radlads" / "recipes";
  const bool is_bare = name.find('/') == std::string::npos;
  require(is_bare && std::filesystem::is_directory(recipes, code), name, ": cannot be read");
  if (std::filesystem::exists(recipes / name, code)) return recipes / name;
  std::vector<std::string> known;
  for (const auto& entry : std::filesystem::directory_iterator(recipes, code)) {
    known.push_back(entry.path().filename().string());
  }
  fail(name, ": cannot be read, and no recipe has that name; the nearest is ",
       known.empty() ? "none" : nearest(name, known));
}

}  // namespace radlads::program
