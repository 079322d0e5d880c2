// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/error.hpp"
#include "yaml_file.hpp"

#include <yaml-cpp/eventhandler.h>

#include <cstddef>
#include <fstream>
#include <set>
#include <sstream>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

/// All settings there are, each with a line of explanation, take a twentieth of this.
constexpr std::size_t max_bytes = std::size_t{1} << 18;
/// Sections of keys with lists of values are three.
constexpr std::size_t max_depth = 8;

/// Reads a document once and throws on what the tree of yaml-cpp no longer shows: a key twice, a
/// second document.
class yaml_check final : public YAML::EventHandler {
 public:
  yaml_check(std::string where, std::string what)
      : where_(std::move(where)), what_(std::move(what)) {}

  void OnDocumentStart(const YAML::Mark& mark) override {
    require(++documents_ == 1, place(mark), "a second document begins; ", what_, " is one");
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

  std::string where_, what_;
  int documents_ = 0;
  std::vector<level> open_;
};

std::string read_text(const std::filesystem::path& path, const std::string& what) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::error_code code;
  const bool is_file = !std::filesystem::is_directory(path, code);
  if (file && is_file) {
    text.resize(max_bytes + 1);
    file.read(text.data(), static_cast<std::streamsize>(text.size()));
    text.resize(static_cast<std::size_t>(file.gcount()));
  }
  require(is_file && file.is_open() && !file.bad(), path.string(), ": cannot be read");
  require(text.size() <= max_bytes, path.string(), ": has more than ", max_bytes,
          " bytes, so it is not ", what);
  return text;
}

}  // namespace

YAML::Node read_yaml(const std::filesystem::path& path, const std::string& what) {
  const std::string text = read_text(path, what);
  try {
    std::istringstream stream(text);
    YAML::Parser parser(stream);
    yaml_check check(path.string(), what);
    while (parser.HandleNextDocument(check)) {
    }
    return YAML::Load(text);
  } catch (const YAML::Exception& problem) {
    fail(path.string(), ": line ", problem.mark.line + 1, ": ", problem.msg);
  }
}

}  // namespace radlads::program
