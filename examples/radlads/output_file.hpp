// SPDX-License-Identifier: Apache-2.0
#pragma once
// Single files that a command writes where the user says.

#include "radlads/core/error.hpp"

#include <filesystem>
#include <system_error>

namespace radlads::program {

/// The help of the flag by which a command is told so.
inline constexpr const char* overwrite_help = "Replace files that exist already";

/// Throws when a file of that name exists and is not to be replaced: a command never knows who
/// wrote it.
inline void require_new_file(const std::filesystem::path& file, bool is_overwriting) {
  std::error_code code;
  const bool is_present = std::filesystem::exists(std::filesystem::symlink_status(file, code));
  require(!is_present || is_overwriting, file.string(), " exists; --overwrite replaces it");
}

}  // namespace radlads::program
