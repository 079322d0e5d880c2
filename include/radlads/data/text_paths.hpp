// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which files a list of names stands for: files, patterns, directories and standard input; and what
// a file of text holds, by its name.

#include "radlads/core/error.hpp"
#include "radlads/files/compression.hpp"
#include "radlads/files/folder.hpp"

#include <algorithm>
#include <filesystem>
#include <glob.h>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace radlads::data {

/// The name that stands for standard input.
inline constexpr std::string_view standard_input = "-";

/// What a file of text holds, by its extension.
enum class text_kind { plain, json_lines, token_ids };

/// By the extension: .txt and .jsonl, also with .gz or .zst behind, .bin and .idx; else nothing.
inline std::optional<text_kind> known_kind_of_text(const std::filesystem::path& path) {
  const bool is_compressed = files::compression_of_name(path) != files::compression::none;
  const std::filesystem::path plain = is_compressed ? path.stem() : path.filename();
  const std::string extension = plain.extension().string();
  if (extension == ".txt") return text_kind::plain;
  if (extension == ".jsonl") return text_kind::json_lines;
  if (is_compressed || (extension != ".bin" && extension != ".idx")) return std::nullopt;
  return text_kind::token_ids;
}

/// known_kind_of_text; throws, naming what can be read, on another extension.
inline text_kind kind_of_text(const std::filesystem::path& path) {
  const std::optional<text_kind> kind = known_kind_of_text(path);
  require(kind.has_value(), path.string(), ": cannot tell what it holds; expected the extension ",
          ".txt, .jsonl, .bin or .idx; texts also with .gz or .zst behind it");
  return *kind;
}

/// All .txt and .jsonl files below a directory, also with .gz or .zst behind, in the order of their
/// names as bytes. Links to directories are not followed. Throws when there are none.
inline std::vector<std::filesystem::path> text_files_below(const std::filesystem::path& folder) {
  std::vector<std::filesystem::path> found;
  std::error_code code;
  for (const std::filesystem::directory_entry& at : files::entries_below(folder, code)) {
    const std::optional<text_kind> kind = known_kind_of_text(at.path());
    if (!kind || kind == text_kind::token_ids) continue;
    std::error_code ignored;  // a link to nothing is no file
    if (at.is_regular_file(ignored)) found.push_back(at.path());
  }
  require(!code, "cannot read directory ", folder.string(), ": ", code.message());
  require(!found.empty(), folder.string(),
          ": holds no .txt or .jsonl file, also none with .gz or .zst behind it");
  std::sort(found.begin(), found.end(),
            [](const auto& a, const auto& b) { return a.native() < b.native(); });
  return found;
}

/// Names that a shell pattern (*, ?, [...]) matches, in the order of their bytes. Throws when there
/// are none.
inline std::vector<std::filesystem::path> matching_paths(const std::string& pattern) {
  glob_t result{};
  const int code = ::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &result);
  std::vector<std::filesystem::path> paths(result.gl_pathv, result.gl_pathv + result.gl_pathc);
  ::globfree(&result);
  require(code == 0 && !paths.empty(), pattern, ": no file has a name like this");
  std::sort(paths.begin(), paths.end(),
            [](const auto& a, const auto& b) { return a.native() < b.native(); });
  return paths;
}

/// The files that names stand for, in order: a file, all text files below a directory, what a
/// pattern matches when nothing has that very name, and standard input. Throws when a name stands
/// for nothing, when standard input is there twice, and when token ids are not the only file.
inline std::vector<std::filesystem::path> text_paths(const std::vector<std::string>& names) {
  std::vector<std::filesystem::path> paths;
  const auto add = [&](const std::filesystem::path& path) {
    std::error_code ignored;
    if (path != standard_input && std::filesystem::is_directory(path, ignored)) {
      for (std::filesystem::path& each : text_files_below(path)) paths.push_back(std::move(each));
    } else {
      paths.push_back(path);
    }
  };
  for (const std::string& name : names) {
    std::error_code ignored;
    const bool is_pattern = name.find_first_of("*?[") != std::string::npos;
    if (!is_pattern || std::filesystem::exists(name, ignored)) {
      add(name);
      continue;
    }
    for (const std::filesystem::path& each : matching_paths(name)) add(each);
  }
  require(!paths.empty(), "there is no text: no file is named");
  const auto inputs = std::count(paths.begin(), paths.end(), standard_input);
  require(inputs <= 1, "standard input can be read once, but ", standard_input, " is given ",
          inputs, " times");
  for (const std::filesystem::path& path : paths) {
    const bool is_alone = path == standard_input || kind_of_text(path) != text_kind::token_ids;
    require(is_alone || paths.size() == 1, path.string(),
            ": holds token ids, which are read from one file alone; ", paths.size(),
            " files are given");
  }
  return paths;
}

}  // namespace radlads::data
