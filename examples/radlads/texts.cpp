// SPDX-License-Identifier: Apache-2.0
#include "texts.hpp"

#include <CLI/CLI.hpp>

#include <string>
#include <vector>

namespace radlads::program {

CLI::Option* add_texts(CLI::App& app, const std::string& name, std::vector<std::string>& names,
                       const std::string& help) {
  return app.add_option(name, names, help)->type_name("FILE ...");
}

}  // namespace radlads::program
