// SPDX-License-Identifier: Apache-2.0
#pragma once
// An evaluation set on disk: NAME.jsonl, one document a line, and NAME.fewshot.jsonl with examples.

#include "radlads/core/error.hpp"
#include "radlads/evaluate/document.hpp"
#include "radlads/evaluate/strings.hpp"
#include "radlads/evaluate/tasks.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/mapped.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::evaluate {

/// The documents of a set by the part that they belong to; a set without parts has one, called "".
struct task_documents {
  task kind;
  std::size_t shots = 0;  ///< examples before each document
  std::map<std::string, std::vector<document>> parts;
};

namespace detail {

/// Calls on_row(row, where) for every line that holds something, until it returns false.
template <class OnRow>
void for_each_row(const std::filesystem::path& path, const OnRow& on_row) {
  const files::mapped_file file = files::mapped_file::open(path);
  std::string_view text = file.text();
  for (std::int64_t number = 1; !text.empty(); ++number) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string where = concatenate(path.string(), ", line ", number);
    files::json row = files::parse_json(line, where);
    const files::json_clearer clearer(row);
    if (!on_row(row, where)) return;
  }
}

inline std::string part_of(const task& kind, const files::json& row, const std::string& where) {
  if (kind.part_key.empty()) return "";
  return files::json_get<std::string>(row, kind.part_key, where);
}

/// A document with its answer and what separates it from the next.
inline std::string example_text(const task& kind, const document& d) {
  const scored_text& right = d.options[d.gold];
  return right.context + kind.example_space + right.continuation + kind.example_end;
}

inline std::string description_of(const task& kind, const files::json& row,
                                  const std::string& where) {
  return kind.describe ? kind.describe(row, where) : "";
}

/// The first `shots` examples of every part, as one text; throws when a part has fewer.
inline std::map<std::string, std::string> read_examples(const std::filesystem::path& path,
                                                        const task& kind, std::size_t shots) {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::size_t> counts;
  for_each_row(path, [&](const files::json& row, const std::string& where) {
    const std::string part = part_of(kind, row, where);
    if (counts[part] == shots) return !kind.part_key.empty();
    texts[part] += example_text(kind, kind.make(row, where));
    ++counts[part];
    return true;
  });
  require(!counts.empty(), path.string(), ": holds no examples");
  for (const auto& [part, count] : counts) {
    require(count == shots, path.string(), ": ", shots, " examples are wanted, it has ", count,
            part.empty() ? "" : " of \"" + part + "\"");
  }
  return texts;
}

}  // namespace detail

/// The form of the set NAME.jsonl of a directory: that of its name, or the general one that its
/// first row has. Throws when there is no row.
inline task task_of_file(const std::filesystem::path& directory, const std::string& name) {
  if (const task* const known = find_task(name)) return *known;
  const std::filesystem::path path = directory / (name + ".jsonl");
  std::optional<task> found;
  detail::for_each_row(path, [&](const files::json& row, const std::string& where) {
    found = general_task(row, where);
    return false;
  });
  require(found.has_value(), path.string(), ": holds no documents");
  return *found;
}

/// Reads a set of the form `kind` from NAME.jsonl of `directory`. With `shots`, the first so many
/// examples of NAME.fewshot.jsonl (of the same part, where the set has parts) stand before each
/// document, unless the set is one that has none. `limit` keeps the first documents of each part,
/// 0 all. Throws naming file, line and key.
inline task_documents read_task(const std::filesystem::path& directory, const std::string& name,
                                const task& kind, std::size_t shots = 0, std::size_t limit = 0) {
  const std::filesystem::path path = directory / (name + ".jsonl");
  const std::filesystem::path example_path = directory / (name + ".fewshot.jsonl");
  task_documents out{kind, kind.has_examples ? shots : 0, {}};
  std::map<std::string, std::string> examples;
  if (out.shots > 0) examples = detail::read_examples(example_path, kind, out.shots);
  detail::for_each_row(path, [&](const files::json& row, const std::string& where) {
    const std::string part = detail::part_of(kind, row, where);
    std::vector<document>& documents = out.parts[part];
    if (limit > 0 && documents.size() == limit) return true;
    document d = kind.make(row, where);
    std::string before = detail::description_of(kind, row, where);
    if (out.shots > 0) {
      const auto found = examples.find(part);
      require(found != examples.end(), where, ": ", example_path.string(), " has no example of \"",
              part, "\"");
      before += found->second;
    }
    for (scored_text& option : d.options) option.context = before + option.context;
    documents.push_back(std::move(d));
    return documents.size() != limit || !kind.part_key.empty();
  });
  require(!out.parts.empty(), path.string(), ": holds no documents");
  return out;
}

/// The same with the form that the name or the first row has.
inline task_documents read_task(const std::filesystem::path& directory, const std::string& name,
                                std::size_t shots = 0, std::size_t limit = 0) {
  return read_task(directory, name, task_of_file(directory, name), shots, limit);
}

}  // namespace radlads::evaluate
