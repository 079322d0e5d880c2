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
    if (!on_row(files::parse_json(line, where), where)) return;
  }
}

/// What stands before everything else: mmlu names the subject, with spaces for underscores.
inline std::string description_of(const task& kind, const std::string& part) {
  if (kind.name != "mmlu") return "";
  return "The following are multiple choice questions (with answers) about " +
         replaced(part, "_", " ") + ".\n\n";
}

inline std::string part_of(const task& kind, const files::json& row, const std::string& where) {
  if (kind.part_key.empty()) return "";
  return files::json_get<std::string>(row, std::string(kind.part_key), where);
}

/// A document with its answer and the empty line behind it.
inline std::string example_text(const task& kind, const document& d) {
  const scored_text& right = d.options[d.gold];
  return right.context + std::string(kind.example_space) + right.continuation + "\n\n";
}

/// The form of a set of that name, or of one that has such a row.
inline const task& kind_of(const std::string& name, const files::json& row,
                           const std::string& where) {
  const task* const known = find_task(name);
  return known != nullptr ? *known : general_task(row, where);
}

/// The first `shots` examples of every part, as one text; throws when a part has fewer.
inline std::map<std::string, std::string> read_examples(const std::filesystem::path& path,
                                                        const std::string& name,
                                                        std::size_t shots) {
  std::map<std::string, std::string> texts;
  std::map<std::string, std::size_t> counts;
  for_each_row(path, [&](const files::json& row, const std::string& where) {
    const task& kind = kind_of(name, row, where);
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

/// Reads a set of the name `name` from `directory`. With `shots`, the first so many examples of
/// NAME.fewshot.jsonl (of the same part, where the set has parts) stand before each document,
/// unless the set is one that has none. `limit` keeps the first documents of each part, 0 all.
/// Throws naming file, line and key.
inline task_documents read_task(const std::filesystem::path& directory, const std::string& name,
                                std::size_t shots = 0, std::size_t limit = 0) {
  const std::filesystem::path path = directory / (name + ".jsonl");
  const std::filesystem::path example_path = directory / (name + ".fewshot.jsonl");
  task_documents out;
  std::map<std::string, std::string> examples;
  bool is_first = true;
  detail::for_each_row(path, [&](const files::json& row, const std::string& where) {
    if (is_first) {
      out.kind = detail::kind_of(name, row, where);
      out.shots = out.kind.has_examples ? shots : 0;
      if (out.shots > 0) examples = detail::read_examples(example_path, name, out.shots);
      is_first = false;
    }
    const std::string part = detail::part_of(out.kind, row, where);
    std::vector<document>& documents = out.parts[part];
    if (limit > 0 && documents.size() == limit) return true;
    document d = out.kind.make(row, where);
    std::string before = detail::description_of(out.kind, part);
    if (out.shots > 0) {
      const auto found = examples.find(part);
      require(found != examples.end(), where, ": ", example_path.string(), " has no example of \"",
              part, "\"");
      before += found->second;
    }
    for (scored_text& option : d.options) option.context = before + option.context;
    documents.push_back(std::move(d));
    return documents.size() != limit || !out.kind.part_key.empty();
  });
  require(!is_first, path.string(), ": holds no documents");
  return out;
}

}  // namespace radlads::evaluate
