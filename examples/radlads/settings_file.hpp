// SPDX-License-Identifier: Apache-2.0
#pragma once
// YAML files of settings: where they are found, and their values as texts.

#include <filesystem>
#include <string>
#include <vector>

namespace radlads::program {

/// One value of a file: "section.key" and its text, a list in brackets, nothing as "~".
struct file_setting {
  std::string section, key, text;
};

/// Reads sections of keys with values, in their order. Sections "run" and "about", with which a run
/// says how it was made, are left out. Throws, naming `path` and the line, on anything else: a key
/// that is there twice, a second document, more than 256 KiB.
std::vector<file_setting> read_settings_file(const std::filesystem::path& path);

/// A file of that name or, where there is none and the name has no folder, the recipe of that name
/// that came with the program. Throws, naming the nearest recipe, when there is neither.
std::filesystem::path find_settings_file(const std::string& name);

}  // namespace radlads::program
