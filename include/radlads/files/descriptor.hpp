// SPDX-License-Identifier: Apache-2.0
#pragma once
// An owned POSIX file descriptor, and the system's words for what went wrong with it.

#include "radlads/core/error.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <string>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace radlads::files {

/// The system's text for an errno value, such as "No space left on device".
inline std::string system_text(int code) { return std::generic_category().message(code); }

/// Owns one open descriptor and closes it. Move-only.
class file_descriptor {
 public:
  file_descriptor() = default;
  explicit file_descriptor(int descriptor) : descriptor_(descriptor) {}
  file_descriptor(file_descriptor&& other) noexcept
      : descriptor_(std::exchange(other.descriptor_, -1)) {}
  file_descriptor& operator=(file_descriptor&& other) noexcept {
    std::swap(descriptor_, other.descriptor_);
    return *this;
  }
  ~file_descriptor() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }

  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

  /// Closes now and returns errno or 0: some file systems report a full disk only here.
  int close() {
    const int descriptor = std::exchange(descriptor_, -1);
    return descriptor >= 0 && ::close(descriptor) != 0 ? errno : 0;
  }

  /// Writes all bytes; throws naming `path` and the system's text when the disk refuses any.
  void write(const void* data, std::size_t size, const std::filesystem::path& path) {
    const char* bytes = static_cast<const char*>(data);
    while (size > 0) {
      const ssize_t written = ::write(descriptor_, bytes, size);
      if (written < 0 && errno == EINTR) continue;
      require(written >= 0, "cannot write ", path.string(), ": ", system_text(errno));
      bytes += written;
      size -= static_cast<std::size_t>(written);
    }
  }

  /// Waits until the bytes are on the device; throws naming `path`.
  void sync(const std::filesystem::path& path) {
    // EINVAL is what a file system without fsync answers, not a loss of data.
    const bool is_synced = ::fsync(descriptor_) == 0 || errno == EINVAL;
    require(is_synced, "cannot write ", path.string(), ": ", system_text(errno));
  }

 private:
  int descriptor_ = -1;
};

/// Makes renames and new names inside a directory durable; throws naming it.
inline void sync_directory(const std::filesystem::path& directory) {
  const std::filesystem::path& place = directory.empty() ? std::filesystem::path(".") : directory;
  file_descriptor descriptor(::open(place.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  require(descriptor.is_open(), "cannot open directory ", place.string(), ": ", system_text(errno));
  descriptor.sync(place);
}

}  // namespace radlads::files
