// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

namespace radlads::program {

void refuse_empty_values(CLI::App& app, const std::vector<std::string>& arguments,
                         const std::vector<std::string>& texts) {
  const auto is_text = [&](const std::string& name) {
    return std::find(texts.begin(), texts.end(), name) != texts.end();
  };
  // CLI11 takes what follows "--option=" for its value.
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& given = arguments[i];
    const bool is_value = i > 0 && is_text(arguments[i - 1]);
    if (is_value || !given.starts_with("--") || given.find('=') + 1 != given.size()) continue;
    throw CLI::ValidationError(fmt::format("{}: the value is empty", given));
  }
  for (CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; })) {
    for (CLI::Option* option : command->get_options()) {
      if (option->get_items_expected_max() == 0 || is_text(option->get_name())) continue;
      const auto check = [name = option->get_name()](const std::string& value) {
        const bool is_empty = value.find_first_not_of(" \t") == value.npos;
        return is_empty ? "the value is empty" : std::string();
      };
      option->check(check, "", "");
    }
  }
}

std::string unknown_argument(const CLI::App& app, const std::string& given) {
  if (!given.starts_with("--") || given == "--") {
    return fmt::format("unexpected argument {}", given);
  }
  std::vector<std::string> known;
  for (const CLI::Option* option : app.get_options()) {
    for (const std::string& name : option->get_lnames()) known.push_back(name);
  }
  const std::string name = given.substr(2, given.find('=') - 2);
  return fmt::format("there is no option --{}; the nearest is --{}", name, nearest(name, known));
}

}  // namespace radlads::program
