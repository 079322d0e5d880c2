// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where this program lies: its other half and its recipes are found from there.

#include "radlads/core/error.hpp"

#include <filesystem>
#include <system_error>

namespace radlads::program {

/// The folder of the running program. Throws where the system does not say.
inline std::filesystem::path program_folder() {
  std::error_code code;
  const std::filesystem::path self = std::filesystem::read_symlink("/proc/self/exe", code);
  require(!code, "cannot find this program's own folder: ", code.message());
  return self.parent_path();
}

}  // namespace radlads::program
