// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files and directories that appear whole or not at all: written under another name in the same
// directory, brought to the device, then renamed. What was there before stays until that moment.

#include "radlads/core/error.hpp"
#include "radlads/files/descriptor.hpp"

#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace radlads::files {

/// A name beside `path` that no other process or earlier run uses: `path.WORD-pid-time`.
inline std::filesystem::path name_beside(const std::filesystem::path& path, const char* word) {
  const auto ticks = std::chrono::steady_clock::now().time_since_epoch().count();
  std::filesystem::path beside = path;
  beside += concatenate(".", word, "-", ::getpid(), "-", ticks);
  return beside;
}

/// One file, visible under its name only after commit(). Move- and copy-less: keep it in a scope.
class atomic_file {
 public:
  /// Creates the file aside; throws when the directory is missing or read-only, or when `path`
  /// is something other than a regular file.
  explicit atomic_file(const std::filesystem::path& path)
      : path_(path), partial_(name_beside(path, "partial")) {
    struct stat status = {};
    const bool is_present = ::stat(path.c_str(), &status) == 0;
    require(!is_present || S_ISREG(status.st_mode), "cannot write ", path.string(),
            ": it exists and is not a regular file");
    descriptor_ =
        file_descriptor(::open(partial_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666));
    require(descriptor_.is_open(), "cannot write ", path.string(), ": ", system_text(errno));
  }

  atomic_file(const atomic_file&) = delete;
  atomic_file& operator=(const atomic_file&) = delete;

  /// Without a commit the new bytes are removed and the old file, if any, is as it was.
  ~atomic_file() {
    if (!is_committed_) ::unlink(partial_.c_str());
  }

  /// Appends bytes; throws naming the file and the system's text, on a full disk for one.
  void write(const void* data, std::size_t size) { descriptor_.write(data, size, path_); }

  /// Brings the bytes to the device and gives the file its name, replacing an older one.
  void commit() {
    descriptor_.sync(path_);
    const int code = descriptor_.close();
    require(code == 0, "cannot write ", path_.string(), ": ", system_text(code));
    const bool is_renamed = std::rename(partial_.c_str(), path_.c_str()) == 0;
    require(is_renamed, "cannot write ", path_.string(), ": ", system_text(errno));
    is_committed_ = true;
    sync_directory(path_.parent_path());
  }

 private:
  std::filesystem::path path_;
  std::filesystem::path partial_;
  file_descriptor descriptor_;
  bool is_committed_ = false;
};

/// What atomic_directory does with a directory of that name that holds something.
enum class existing_directory { refuse, replace };

/// A directory of files that appears under its name only after commit(). Write below path().
class atomic_directory {
 public:
  /// Creates the directory aside. `policy` says whether a directory of that name that is not
  /// empty is an error or is replaced, with all it holds, by commit().
  atomic_directory(const std::filesystem::path& path, existing_directory policy)
      : path_(without_trailing_separator(path)), partial_(name_beside(path_, "partial")) {
    std::error_code code;
    const bool is_present = std::filesystem::exists(path_, code);
    require(!is_present || std::filesystem::is_directory(path_, code), "cannot create directory ",
            path_.string(), ": a file of that name exists");
    require(policy == existing_directory::replace || !is_present ||
                std::filesystem::is_empty(path_, code),
            "cannot create directory ", path_.string(), ": it exists and is not empty");
    const bool is_made = ::mkdir(partial_.c_str(), 0777) == 0;
    require(is_made, "cannot create directory ", path_.string(), ": ", system_text(errno));
  }

  atomic_directory(const atomic_directory&) = delete;
  atomic_directory& operator=(const atomic_directory&) = delete;

  ~atomic_directory() {
    std::error_code ignored;
    if (!is_committed_) std::filesystem::remove_all(partial_, ignored);
  }

  /// Where to write until commit().
  const std::filesystem::path& path() const { return partial_; }

  /// Brings all files to the device and gives the directory its name. An older directory is
  /// renamed to `NAME.old-...` first and removed last, so that one whole copy always exists.
  void commit() {
    sync_tree();
    const std::filesystem::path old = name_beside(path_, "old");
    const bool has_old = std::rename(path_.c_str(), old.c_str()) == 0;
    require(has_old || errno == ENOENT, "cannot replace directory ", path_.string(), ": ",
            system_text(errno));
    if (std::rename(partial_.c_str(), path_.c_str()) != 0) {
      const int code = errno;
      if (has_old && std::rename(old.c_str(), path_.c_str()) != 0) {
        fail("cannot create directory ", path_.string(), ": ", system_text(code),
             "; what it held before is in ", old.string());
      }
      fail("cannot create directory ", path_.string(), ": ", system_text(code));
    }
    is_committed_ = true;
    sync_directory(path_.parent_path());
    if (!has_old) return;
    std::error_code code;
    std::filesystem::remove_all(old, code);
    require(!code, "cannot remove ", old.string(), ": ", code.message());
  }

 private:
  // "run/" would otherwise put the unfinished directory inside the one it replaces.
  static std::filesystem::path without_trailing_separator(const std::filesystem::path& path) {
    const std::filesystem::path normal = path.lexically_normal();
    return normal.has_filename() ? normal : normal.parent_path();
  }

  void sync_tree() const {
    using std::filesystem::recursive_directory_iterator;
    std::error_code code;
    recursive_directory_iterator entry(partial_, code);
    for (; !code && entry != recursive_directory_iterator(); entry.increment(code)) {
      const std::filesystem::path& place = entry->path();
      if (entry->is_directory(code)) {
        sync_directory(place);
      } else if (entry->is_regular_file(code)) {
        file_descriptor file(::open(place.c_str(), O_RDONLY | O_CLOEXEC));
        require(file.is_open(), "cannot write ", place.string(), ": ", system_text(errno));
        file.sync(place);
      }
    }
    require(!code, "cannot create directory ", path_.string(), ": ", code.message());
    sync_directory(partial_);
  }

  std::filesystem::path path_;
  std::filesystem::path partial_;
  bool is_committed_ = false;
};

}  // namespace radlads::files
