// SPDX-License-Identifier: Apache-2.0
#pragma once
// A file mapped into memory for reading. What the bytes mean is for others to say.

#include "radlads/core/error.hpp"
#include "radlads/files/descriptor.hpp"

#include <cerrno>
#include <cstddef>
#include <fcntl.h>
#include <filesystem>
#include <span>
#include <string_view>
#include <sys/mman.h>
#include <sys/stat.h>
#include <utility>

namespace radlads::files {

/// A read-only view of a whole file. Move-only; the bytes stay where they are when it is moved.
/// Hazard: a file that another program shortens meanwhile ends this one by SIGBUS.
class mapped_file {
 public:
  mapped_file() = default;

  /// Maps `path`; throws when it is missing, unreadable or not a regular file. May be empty.
  static mapped_file open(const std::filesystem::path& path) {
    // O_NONBLOCK keeps a named pipe from hanging the call before it can be refused.
    const file_descriptor descriptor(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
    require(descriptor.is_open(), "cannot open ", path.string(), ": ", system_text(errno));
    struct stat status = {};
    const bool is_known = ::fstat(descriptor.get(), &status) == 0;
    require(is_known, "cannot read ", path.string(), ": ", system_text(errno));
    require(!S_ISDIR(status.st_mode), "cannot read ", path.string(), ": it is a directory");
    require(S_ISREG(status.st_mode), "cannot read ", path.string(), ": it is not a regular file");
    mapped_file file;
    file.size_ = static_cast<std::size_t>(status.st_size);
    if (file.size_ == 0) return file;
    void* address = ::mmap(nullptr, file.size_, PROT_READ, MAP_PRIVATE, descriptor.get(), 0);
    if (address == MAP_FAILED) {
      const int code = errno;
      file.size_ = 0;
      fail("cannot map ", path.string(), ": ", system_text(code));
    }
    file.data_ = static_cast<const std::byte*>(address);
    return file;
  }

  mapped_file(mapped_file&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  mapped_file& operator=(mapped_file&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~mapped_file() {
    if (data_ != nullptr) ::munmap(const_cast<std::byte*>(data_), size_);
  }

  std::size_t size() const { return size_; }
  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::string_view text() const { return {reinterpret_cast<const char*>(data_), size_}; }

 private:
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace radlads::files
