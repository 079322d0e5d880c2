// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sets of one's own in YAML, in the words of lm-eval's task files.

#include "radlads/evaluate/task_template.hpp"

#include <filesystem>
#include <string>

namespace radlads::program {

/// A set from a file.
struct yaml_task {
  evaluate::task kind;
  std::string data;  ///< its rows are in NAME.jsonl of this name
};

/// Reads a set. Throws naming the file and, where there is one, the line: for keys that are not
/// known, with the nearest, values of a wrong kind, functions in Python, and what make_task
/// refuses.
yaml_task read_task_yaml(const std::filesystem::path& path);

}  // namespace radlads::program
