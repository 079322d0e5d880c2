// SPDX-License-Identifier: Apache-2.0
#pragma once
// Several files of a directory exchanged as one act. The new files stand complete in
// BASE.partial-PID-TICKS inside the directory. Then
//   1. the older ones are moved to BASE.moved-PID-TICKS, the one named `last` first;
//   2. that directory is renamed to BASE.replaced-PID-TICKS: from here on the new files count;
//   3. the new ones are moved into place, `last` at the end.
// Without `last` no reader takes the directory for complete. A call that fails is undone; a process
// that ends is made good by finish_replacing: back to the old files before 2, on to the new behind
// it.

#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/descriptor.hpp"
#include "radlads/files/folder.hpp"
#include "radlads/files/left_over.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <utility>
#include <vector>

namespace radlads::files {

/// Names in a directory, sorted; throws naming it when it cannot be read.
inline std::vector<std::string> directory_names(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code code;
  for (const std::filesystem::directory_entry& entry : folder_entries(directory, code)) {
    names.push_back(entry.path().filename().string());
  }
  require(!code, "cannot read directory ", directory.string(), ": ", code.message());
  std::sort(names.begin(), names.end());
  return names;
}

/// Names of all files below a directory, as paths in it, sorted; throws as directory_names does.
inline std::vector<std::string> files_below(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code code, ignored;
  for (const std::filesystem::directory_entry& entry : entries_below(directory, code)) {
    if (std::filesystem::is_directory(entry.symlink_status(ignored))) continue;
    names.push_back(entry.path().lexically_relative(directory).generic_string());
  }
  require(!code, "cannot read directory ", directory.string(), ": ", code.message());
  std::sort(names.begin(), names.end());
  return names;
}

namespace detail {

/// Makes the directory that a file of a subdirectory is to stand in.
inline void make_parent(const std::filesystem::path& directory, const std::string& name) {
  const std::filesystem::path parent = std::filesystem::path(name).parent_path();
  if (parent.empty()) return;
  std::error_code code;
  std::filesystem::create_directories(directory / parent, code);
  require(!code, "cannot make ", (directory / parent).string(), ": ", code.message());
}

/// Removes the directories of files that are gone, where they hold nothing else.
inline void remove_empty_parents(const std::filesystem::path& directory,
                                 const std::vector<std::string>& names) {
  for (const std::string& name : names) {
    const std::filesystem::path parent = std::filesystem::path(name).parent_path();
    if (!parent.empty()) ::rmdir((directory / parent).c_str());
  }
}

/// Renames, or throws naming the place that does not change.
inline void move_file(const std::filesystem::path& from, const std::filesystem::path& to,
                      const std::filesystem::path& named) {
  // Apart from require, whose arguments are evaluated in any order.
  const bool is_moved = std::rename(from.c_str(), to.c_str()) == 0;
  require(is_moved, "cannot replace ", named.string(), ": ", system_text(errno));
}

/// Moves every file of `from` into `to`, `last` at the end, and removes `from`.
inline void move_all(const std::filesystem::path& from, const std::filesystem::path& to,
                     std::string_view last) {
  std::vector<std::string> names = files_below(from);
  std::stable_partition(names.begin(), names.end(), [&](const auto& name) { return name != last; });
  for (const std::string& name : names) {
    make_parent(to, name);
    move_file(from / name, to / name, to / name);
  }
  sync_directory(to);
  remove_empty_parents(from, names);
  std::error_code ignored;
  std::filesystem::remove(from, ignored);
}

/// Renames that were done, to be undone in reverse.
class undo_list {
 public:
  void move(const std::filesystem::path& from, const std::filesystem::path& to,
            const std::filesystem::path& named) {
    move_file(from, to, named);
    done_.emplace_back(from, to);
  }

  /// False when one cannot be undone; the rest is then left as it is.
  bool undo() {
    for (; !done_.empty(); done_.pop_back()) {
      const auto& [from, to] = done_.back();
      if (std::rename(to.c_str(), from.c_str()) != 0) return false;
    }
    return true;
  }

 private:
  std::vector<std::pair<std::filesystem::path, std::filesystem::path>> done_;
};

}  // namespace detail

/// Moves the finished files of `staging`, an atomic_directory inside `directory`, into `directory`,
/// those of subdirectories too; `obsolete` are further names there that go. Names that do not exist
/// are passed over; one that is a directory is an error. Throws with all files as they were or,
/// when even that fails, with a directory that finish_replacing puts right.
inline void replace_files(const std::filesystem::path& directory, atomic_directory& staging,
                          std::vector<std::string> obsolete, std::string_view last) {
  std::vector<std::string> names = files_below(staging.path());
  std::stable_partition(names.begin(), names.end(), [&](const auto& name) { return name != last; });
  obsolete.insert(obsolete.end(), names.begin(), names.end());
  std::stable_partition(obsolete.begin(), obsolete.end(),
                        [&](const auto& name) { return name == last; });
  struct stat status = {};
  for (const std::string& name : obsolete) {
    const bool is_directory =
        ::lstat((directory / name).c_str(), &status) == 0 && S_ISDIR(status.st_mode);
    require(!is_directory, "cannot replace ", (directory / name).string(), ": it is a directory");
  }
  staging.sync();
  // The suffix of the unfinished directory says which belongs to which.
  const std::string partial = staging.path().filename().string();
  const std::size_t suffix = partial.rfind(".partial-");
  const std::string stem = partial.substr(0, suffix), tail = partial.substr(suffix + 9);
  const std::filesystem::path old = directory / (stem + ".moved-" + tail);
  const std::filesystem::path replaced = directory / (stem + ".replaced-" + tail);
  const bool is_made = ::mkdir(old.c_str(), 0777) == 0;
  require(is_made, "cannot create directory ", old.string(), ": ", system_text(errno));
  detail::undo_list moves;
  try {
    sync_directory(directory);
    for (const std::string& name : obsolete) {
      if (::lstat((directory / name).c_str(), &status) != 0) continue;
      detail::make_parent(old, name);
      moves.move(directory / name, old / name, directory / name);
    }
    sync_directory(old);
    sync_directory(directory);
    moves.move(old, replaced, directory);
    for (const std::string& name : names) {
      detail::make_parent(directory, name);
      moves.move(staging.path() / name, directory / name, directory / name);
    }
    sync_directory(directory);
  } catch (...) {
    if (!moves.undo()) staging.abandon();
    detail::remove_empty_parents(directory, names);
    detail::remove_empty_parents(old, obsolete);
    ::rmdir(old.c_str());
    throw;
  }
  detail::remove_empty_parents(directory, obsolete);
  std::error_code ignored;
  std::filesystem::remove_all(replaced, ignored);
}

/// Whether a name belongs to an exchange in this directory, finished or not.
inline bool is_of_replacing(std::string_view name, std::string_view base) {
  const std::optional<beside_name> parts = parse_beside_name(name);
  return parts && parts->base == base &&
         (parts->word == "partial" || parts->word == "moved" || parts->word == "replaced");
}

/// Makes good what processes that are gone, or failed calls of this one, left in `directory`, and
/// removes their unfinished files. The caller has the directory to itself. Returns whether an
/// exchange had been cut short.
inline bool finish_replacing(const std::filesystem::path& directory, const std::string& base,
                             std::string_view last) {
  bool is_repaired = false;
  const auto is_dead = [](const std::string& name) {
    const std::optional<beside_name> parts = parse_beside_name(name);
    return parts->process == ::getpid() || is_left_over(*parts);
  };
  std::error_code code;
  for (const std::string& name : names_beside(directory, base, "moved")) {
    if (!is_dead(name)) continue;
    is_repaired = !std::filesystem::is_empty(directory / name, code) || is_repaired;
    detail::move_all(directory / name, directory, last);
  }
  for (const std::string& name : names_beside(directory, base, "replaced")) {
    if (!is_dead(name)) continue;
    const std::string tail = name.substr(base.size() + std::string_view(".replaced-").size());
    const std::filesystem::path staging = directory / (base + ".partial-" + tail);
    if (std::filesystem::is_directory(staging, code)) {
      detail::move_all(staging, directory, last);
      is_repaired = true;
    }
    std::filesystem::remove_all(directory / name, code);
  }
  for (const std::string& name : names_beside(directory, base, "partial")) {
    if (is_dead(name)) std::filesystem::remove_all(directory / name, code);
  }
  return is_repaired;
}

}  // namespace radlads::files
