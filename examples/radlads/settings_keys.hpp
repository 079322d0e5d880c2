// SPDX-License-Identifier: Apache-2.0
#pragma once
// Settings by their names.

#include "settings.hpp"

#include <string>
#include <vector>

namespace radlads::program {

/// Names of all sections.
std::vector<std::string> section_names(const settings& values);

/// Sets one key; `where` names the file or the option in messages.
void set_value(settings& values, const std::string& section, const std::string& given_key,
               const std::string& text, const std::string& where);

}  // namespace radlads::program
