// SPDX-License-Identifier: Apache-2.0
#pragma once
// A directory that one process writes at a time.

#include "radlads/core/error.hpp"
#include "radlads/files/descriptor.hpp"

#include <cerrno>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>

namespace radlads::files {

/// The lock of a directory, held until it is destroyed or the process ends, however it ends.
/// Move-only. It is the system's advisory lock on the directory itself and leaves no file behind;
/// a second lock of the same directory is refused within one process too.
class directory_lock {
 public:
  /// Holds nothing.
  directory_lock() = default;

  /// Locks an existing directory; throws when another process has it.
  explicit directory_lock(const std::filesystem::path& directory)
      : descriptor_(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC)) {
    require(descriptor_.is_open(), "cannot open directory ", directory.string(), ": ",
            system_text(errno));
    if (::flock(descriptor_.get(), LOCK_EX | LOCK_NB) == 0) return;
    const int code = errno;
    require(code != EWOULDBLOCK, directory.string(), " is in use by another process");
    fail("cannot lock directory ", directory.string(), ": ", system_text(code));
  }

  bool is_held() const { return descriptor_.is_open(); }

 private:
  file_descriptor descriptor_;
};

}  // namespace radlads::files
