// SPDX-License-Identifier: Apache-2.0
#pragma once
// README.md of a student: what it was made of and how, and what opens it.

#include "radlads/models/config.hpp"

#include <filesystem>
#include <optional>
#include <string>

namespace radlads::program {

inline constexpr const char* readme_name = "README.md";

/// What a README.md tells beside the model's description; empty parts are left out.
struct readme_facts {
  std::string name;     ///< of the student
  std::string teacher;  ///< name of its teacher
  std::string record;   ///< resolved.yaml
  std::string scores;   ///< a table in plain text
};

/// Which layers have which mixer: "0-2 rad_rwkv7, 3 attention".
std::string layers_text(const models::config& c);

/// The text of README.md.
std::string model_readme(const models::config& c, const readme_facts& facts);

/// The figures in a file that `radlads eval --json` wrote, as a table; empty when there is no such
/// file.
std::string evaluation_table(const std::filesystem::path& json);

/// Whether a directory has a README.md of the user's: one without the first line of our own.
bool has_foreign_readme(const std::filesystem::path& directory);

/// The last part of a path, without a GGUF file's ending.
std::string base_name(const std::filesystem::path& path);

}  // namespace radlads::program
