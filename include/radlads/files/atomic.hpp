// SPDX-License-Identifier: Apache-2.0
#pragma once
// Files and directories that appear whole or not at all: written under another name in the same
// directory, brought to the device, then renamed. What was there before stays until that moment.

#include "radlads/core/error.hpp"
#include "radlads/core/hash.hpp"
#include "radlads/files/descriptor.hpp"
#include "radlads/files/folder.hpp"
#include "radlads/files/left_over.hpp"

#include <cerrno>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <optional>
#include <string>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

namespace radlads::files {

/// One file, visible under its name only after commit(). Move- and copy-less: keep it in a scope.
class atomic_file {
 public:
  /// Creates the file aside; throws when the directory is missing or read-only, or when `path`
  /// is something other than a regular file. Removes what earlier processes left unfinished.
  explicit atomic_file(const std::filesystem::path& path)
      : path_(path), partial_(name_beside(path, "partial")) {
    struct stat status = {};
    const bool is_present = ::stat(path.c_str(), &status) == 0;
    require(!is_present || S_ISREG(status.st_mode), "cannot write ", path.string(),
            ": it exists and is not a regular file");
    remove_left_over(path_);
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
  void write(const void* data, std::size_t size) {
    descriptor_.write(data, size, path_);
    hash_.update(data, size);
  }

  /// The hash of all bytes written so far.
  std::uint64_t hash() const { return hash_.value(); }

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
  stream_hash hash_;
  bool is_committed_ = false;
};

/// What atomic_directory does with a directory of that name that holds something.
enum class existing_directory { refuse, replace };

/// A directory of files that appears under its name only after commit(). Write below path().
class atomic_directory {
 public:
  /// Creates the directory aside. `policy` says whether a directory of that name that is not
  /// empty is an error or is replaced, with all it holds, by commit(). First puts right what
  /// earlier processes left: an exchange that was cut short is undone, the unfinished is removed.
  atomic_directory(const std::filesystem::path& path, existing_directory policy)
      : path_(without_trailing_separator(path)), partial_(name_beside(path_, "partial")) {
    restore();
    std::error_code code;
    const bool is_present = std::filesystem::exists(path_, code);
    is_replacing_ = policy == existing_directory::replace;
    require(!is_present || std::filesystem::is_directory(path_, code), "cannot create directory ",
            path_.string(), ": a file of that name exists");
    require(is_replacing_ || !is_present || std::filesystem::is_empty(path_, code),
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

  /// Brings all files written so far to the device.
  void sync() const {
    std::error_code code, ignored;
    for (const std::filesystem::directory_entry& entry : entries_below(partial_, code)) {
      const std::filesystem::path& place = entry.path();
      if (entry.is_directory(ignored)) {
        sync_directory(place);
      } else if (entry.is_regular_file(ignored)) {
        file_descriptor file(::open(place.c_str(), O_RDONLY | O_CLOEXEC));
        require(file.is_open(), "cannot write ", place.string(), ": ", system_text(errno));
        file.sync(place);
      }
    }
    require(!code, "cannot create directory ", path_.string(), ": ", code.message());
    sync_directory(partial_);
  }

  /// Leaves the unfinished directory where it is, for a repair that needs what it holds.
  void abandon() { is_committed_ = true; }

  /// Where to write until commit().
  const std::filesystem::path& path() const { return partial_; }

  /// Brings all files to the device and gives the directory its name. An older directory is
  /// renamed to `NAME.old-...` first and removed last, so that one whole copy always exists.
  void commit() {
    sync();
    const std::filesystem::path old = name_beside(path_, "old");
    // Where nothing is to be replaced, the rename itself refuses a directory that holds something.
    const bool has_old = is_replacing_ && std::rename(path_.c_str(), old.c_str()) == 0;
    require(!is_replacing_ || has_old || errno == ENOENT, "cannot replace directory ",
            path_.string(), ": ", system_text(errno));
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

  // A process that ended between the two renames of commit() left the older directory aside.
  void restore() const {
    const std::filesystem::path parent = path_.parent_path();
    std::optional<beside_name> newest;
    std::filesystem::path found;
    for (const std::string& name : names_beside(parent, path_.filename().string(), "old")) {
      const std::optional<beside_name> parts = parse_beside_name(name);
      if (!is_left_over(*parts) || (newest && newest->ticks > parts->ticks)) continue;
      newest = parts;
      found = parent / name;
    }
    std::error_code code;
    if (newest && !std::filesystem::exists(std::filesystem::symlink_status(path_, code))) {
      std::filesystem::rename(found, path_, code);
      require(!code, "cannot put ", found.string(), " back: ", code.message());
    }
    remove_left_over(path_, "old");
    remove_left_over(path_);
  }

  std::filesystem::path path_;
  std::filesystem::path partial_;
  bool is_replacing_ = false;
  bool is_committed_ = false;
};

}  // namespace radlads::files
