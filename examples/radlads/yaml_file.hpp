// SPDX-License-Identifier: Apache-2.0
#pragma once
// YAML files of one document, checked before they are a tree.

#include <yaml-cpp/yaml.h>

#include <filesystem>
#include <string>

namespace radlads::program {

/// The tree of a file. `what` names the kind of file. Throws, naming `path` and the
/// line, on a key that is there twice, a second document, deep nesting, what is not YAML, and more
/// than 256 KiB.
YAML::Node read_yaml(const std::filesystem::path& path, const std::string& what);

}  // namespace radlads::program
