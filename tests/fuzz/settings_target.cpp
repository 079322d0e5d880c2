// SPDX-License-Identifier: Apache-2.0
// Settings of the program: a YAML file and, behind it, arguments, one a line.

#include "fuzz/inputs.hpp"
#include "fuzz/targets.hpp"
#include "radlads/convert/settings_text.hpp"
#include "settings.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::fuzz {

namespace {

const std::vector<std::string> sections{"model", "align", "distill", "extend", "train"};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

program::settings read(const folder_path& file, std::vector<std::string> arguments) {
  CLI::App app("", "fuzz");
  program::settings_options options;
  program::add_settings(app, options);
  // CLI11 takes them from the back. None is to name a file that is not the target's own.
  std::reverse(arguments.begin(), arguments.end());
  app.parse(arguments);
  options.files = {file.string()};
  return program::read_settings(app, options, sections);
}

}  // namespace

void run_settings(std::string_view bytes, const folder_path& folder) {
  try {
    const auto values =
        read(put(folder, "settings.yaml", part_of(bytes, 0)), lines_of(part_of(bytes, 1)));
    const std::string text = convert::settings_text(values, sections);
    const auto again = read(put(folder, "again.yaml", text), {});
    expect(convert::settings_text(again, sections) == text, "settings change when they are written");
  } catch (const CLI::Error&) {  // what the command line refuses
  }
}

}  // namespace radlads::fuzz
