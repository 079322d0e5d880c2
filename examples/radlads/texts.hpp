// SPDX-License-Identifier: Apache-2.0
#pragma once
// Documents of text files.

#include <filesystem>
#include <string>
#include <vector>

namespace radlads::program {

/// Documents of a .txt or .jsonl file. Throws, naming the line and the byte, when it is not UTF-8.
std::vector<std::string> read_texts(const std::filesystem::path& path);

}  // namespace radlads::program
