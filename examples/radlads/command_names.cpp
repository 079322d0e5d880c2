// SPDX-License-Identifier: Apache-2.0
#include "command_names.hpp"
#include "options.hpp"
#include "settings_value.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace radlads::program {

void require_command(const CLI::App& app, const std::vector<std::string>& arguments) {
  std::vector<std::string> names;
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    names.push_back(command->get_name());
  }
  const std::string all = fmt::format("{}", fmt::join(names, ", "));
  if (arguments.empty()) {
    throw CLI::ValidationError(fmt::format("expected a command: {}; or --help", all));
  }
  const std::string& first = arguments.front();
  if (first.starts_with("-")) {
    const std::string name = first.substr(first.find_first_not_of('-') == 1 ? 1 : 2);
    if (app.get_option_no_throw(first.substr(0, first.find('='))) != nullptr) return;
    throw CLI::ValidationError(unknown_argument(app, "--" + name));
  }
  if (std::find(names.begin(), names.end(), first) != names.end()) return;
  throw CLI::ValidationError(fmt::format("there is no command {}; the nearest is {}, all are {}",
                                         first, nearest(first, names), all));
}

std::string unknown_of(const CLI::App& app) {
  for (const CLI::App* command : app.get_subcommands()) {
    for (const std::string& each : command->remaining()) {
      const bool is_setting = each.find('.') < each.find('=');
      if (!command->get_allow_extras() || (each.starts_with("--") && !is_setting)) {
        return unknown_argument(*command, each);
      }
    }
  }
  return "";
}

}  // namespace radlads::program
