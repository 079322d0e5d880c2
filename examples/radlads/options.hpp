// SPDX-License-Identifier: Apache-2.0
#pragma once
// Options whose values are read as settings are: one way to write numbers and lists, and no empty
// value that stands for zero.

#include "radlads/core/error.hpp"
#include "settings_value.hpp"

#include <CLI/CLI.hpp>

#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::program {

/// Reads a number from `least` to `most`; throws CLI::ValidationError naming the option.
template <class T>
void read_number(const std::string& text, T& value, const std::string& name, T least, T most) {
  try {
    parse_value(text, value, name);
    require(value >= least, name, " is ", value, ", expected at least ", least);
    require(value <= most, name, " is ", value, ", expected at most ", most);
  } catch (const error& problem) {
    throw CLI::ValidationError(problem.what());
  }
}

/// Adds an option of a number from `least` to `most`. The default that help shows is what `value`
/// holds.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, T& value, const std::string& help,
                        std::type_identity_t<T> least = std::numeric_limits<T>::lowest(),
                        std::type_identity_t<T> most = std::numeric_limits<T>::max()) {
  const auto read = [&value, name, least, most](const std::string& text) {
    read_number(text, value, name, least, most);
  };
  return app.add_option_function<std::string>(name, read, help)
      ->type_name(std::is_floating_point_v<T> ? "X" : "N")
      ->default_str(format_value(value));
}

/// The same for a number that may be absent.
template <class T>
CLI::Option* add_number(CLI::App& app, const std::string& name, std::optional<T>& value,
                        const std::string& help, std::type_identity_t<T> least) {
  const auto read = [&value, name, least](const std::string& text) {
    read_number(text, value.emplace(), name, least, std::numeric_limits<T>::max());
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("N");
}

/// Adds an option of a list: 4,7 or [4, 7].
template <class T>
CLI::Option* add_list(CLI::App& app, const std::string& name, std::vector<T>& value,
                      const std::string& help) {
  const auto read = [&value, name](const std::string& text) {
    try {
      parse_value(text, value, name);
    } catch (const error& problem) {
      throw CLI::ValidationError(problem.what());
    }
  };
  return app.add_option_function<std::string>(name, read, help)->type_name("N,N");
}

/// Throws CLI::ParseError when an argument is an option with an empty value or none behind its "=".
/// `texts` are the options for which an empty text means something.
void refuse_empty_values(CLI::App& app, const std::vector<std::string>& arguments,
                         const std::vector<std::string>& texts);

/// What to say of an argument that a command does not have: the nearest option that it has.
std::string unknown_argument(const CLI::App& app, const std::string& given);

}  // namespace radlads::program
