// SPDX-License-Identifier: Apache-2.0
#pragma once
// Names of unfinished files, NAME.WORD-PID-TICKS, and the removal of those whose process is gone.
// Only names of exactly this form are ever touched.

#include "radlads/core/error.hpp"
#include "radlads/files/folder.hpp"

#include <cerrno>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <sys/types.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace radlads::files {

inline std::int64_t clock_ticks() {
  return std::chrono::steady_clock::now().time_since_epoch().count();
}

/// Ticks before any that this process has put into a name.
inline std::int64_t first_ticks() {
  static const std::int64_t ticks = clock_ticks();
  return ticks;
}

/// A name beside `path` that no other process or earlier run uses: `path.WORD-pid-time`.
inline std::filesystem::path name_beside(const std::filesystem::path& path, const char* word) {
  first_ticks();
  std::filesystem::path beside = path;
  beside += concatenate(".", word, "-", ::getpid(), "-", clock_ticks());
  return beside;
}

/// What name_beside puts together.
struct beside_name {
  std::string base, word;
  pid_t process = 0;
  std::int64_t ticks = 0;
};

/// The number that is the whole of `digits`: no sign, no leading zero.
inline std::optional<std::int64_t> whole_number(std::string_view digits) {
  if (digits.empty() || digits[0] < '0' || digits[0] > '9') return std::nullopt;
  if (digits[0] == '0' && digits.size() > 1) return std::nullopt;
  std::int64_t number = 0;
  const char* end = digits.data() + digits.size();
  const auto [last, code] = std::from_chars(digits.data(), end, number);
  if (code != std::errc() || last != end) return std::nullopt;
  return number;
}

/// Takes a file name apart; nothing for names of any other form.
inline std::optional<beside_name> parse_beside_name(std::string_view name) {
  const std::size_t second = name.rfind('-');
  if (second == std::string_view::npos || second == 0) return std::nullopt;
  const std::size_t first = name.rfind('-', second - 1);
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t dot = name.substr(0, first).rfind('.');
  if (dot == std::string_view::npos || dot == 0) return std::nullopt;
  const auto process = whole_number(name.substr(first + 1, second - first - 1));
  const auto ticks = whole_number(name.substr(second + 1));
  if (!process || !ticks || *process <= 0 || *process != static_cast<pid_t>(*process)) {
    return std::nullopt;
  }
  const std::string_view word = name.substr(dot + 1, first - dot - 1);
  const bool is_word = !word.empty() && word.find_first_not_of("abcdefghijklmnopqrstuvwxyz") ==
                                            std::string_view::npos;
  if (!is_word) return std::nullopt;
  return beside_name{std::string(name.substr(0, dot)), std::string(word),
                     static_cast<pid_t>(*process), *ticks};
}

/// Whether the process that made a name is gone. Process numbers return: a name with this process's
/// own number is left over when it is older than the process, or from a later start of the machine.
inline bool is_left_over(const beside_name& name) {
  if (name.process == ::getpid()) {
    return name.ticks < first_ticks() || name.ticks > clock_ticks();
  }
  return ::kill(name.process, 0) != 0 && errno == ESRCH;
}

/// Names in `directory` of the form BASE.WORD-PID-TICKS, whoever made them; empty when the
/// directory cannot be read.
inline std::vector<std::string> names_beside(const std::filesystem::path& directory,
                                             std::string_view base, std::string_view word) {
  std::vector<std::string> found;
  std::error_code code;
  const std::filesystem::path& place = directory.empty() ? std::filesystem::path(".") : directory;
  for (const std::filesystem::directory_entry& entry : folder_entries(place, code)) {
    std::string name = entry.path().filename().string();
    const std::optional<beside_name> parts = parse_beside_name(name);
    if (parts && parts->base == base && parts->word == word) found.push_back(std::move(name));
  }
  return found;
}

/// Removes the unfinished files and directories of `path` whose processes are gone. What cannot be
/// removed stays: it hinders nobody.
inline void remove_left_over(const std::filesystem::path& path, std::string_view word = "partial") {
  const std::filesystem::path directory = path.parent_path();
  for (const std::string& name : names_beside(directory, path.filename().string(), word)) {
    std::error_code ignored;
    if (is_left_over(*parse_beside_name(name))) {
      std::filesystem::remove_all(directory / name, ignored);
    }
  }
}

}  // namespace radlads::files
