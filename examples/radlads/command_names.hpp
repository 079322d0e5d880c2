// SPDX-License-Identifier: Apache-2.0
#pragma once
// What is said of a command or an option that does not exist.

#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace radlads::program {

/// Throws unless the first argument is a command or an option of the program itself.
void require_command(const CLI::App& app, const std::vector<std::string>& arguments);

/// What to say of the first argument that the command in use does not have; empty when it has all.
/// Settings are read later.
std::string unknown_of(const CLI::App& app);

}  // namespace radlads::program
