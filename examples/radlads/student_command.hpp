// SPDX-License-Identifier: Apache-2.0
#pragma once
// The commands that train a student under its teacher differ only in their stage.

#include "stages.hpp"

#include <CLI/CLI.hpp>

#include <string>

namespace radlads::program {

/// Adds `radlads STAGE --teacher DIR --student DIR --text FILE --out DIR`.
void add_student_command(CLI::App& app, const std::string& stage, const std::string& description);

}  // namespace radlads::program
