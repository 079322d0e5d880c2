// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a folder holds. The iterators of libstdc++'s <filesystem> end the program where memory runs
// out in them, so the system's own calls are used.

#include <cerrno>
#include <cstddef>
#include <dirent.h>
#include <filesystem>
#include <memory>
#include <string_view>
#include <system_error>
#include <vector>

namespace radlads::files {

/// The entries of a folder, in no order. Where it cannot be read (to its end), `code` says why, and
/// what was read so far is returned.
inline std::vector<std::filesystem::directory_entry> folder_entries(
    const std::filesystem::path& folder, std::error_code& code) {
  std::vector<std::filesystem::directory_entry> entries;
  code.clear();
  const auto close = [](DIR* open) { ::closedir(open); };
  const std::unique_ptr<DIR, decltype(close)> open(::opendir(folder.c_str()), close);
  if (!open) {
    code.assign(errno, std::system_category());
    return entries;
  }
  while (true) {
    errno = 0;
    const dirent* const each = ::readdir(open.get());
    if (each == nullptr) break;
    const std::string_view name = each->d_name;
    std::error_code gone;  // between the two calls
    if (name != "." && name != "..") entries.emplace_back(folder / name, gone);
  }
  if (errno != 0) code.assign(errno, std::system_category());
  return entries;
}

/// folder_entries, and those of all folders below it. Links to folders are not followed.
inline std::vector<std::filesystem::directory_entry> entries_below(
    const std::filesystem::path& folder, std::error_code& code) {
  std::vector<std::filesystem::directory_entry> entries = folder_entries(folder, code);
  for (std::size_t next = 0; !code && next < entries.size(); ++next) {
    std::error_code ignored;
    const bool is_folder = std::filesystem::is_directory(entries[next].symlink_status(ignored));
    if (!is_folder) continue;
    const auto inner = folder_entries(entries[next].path(), code);
    entries.insert(entries.end(), inner.begin(), inner.end());
  }
  return entries;
}

}  // namespace radlads::files
