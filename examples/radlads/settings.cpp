// SPDX-License-Identifier: Apache-2.0
#include "options.hpp"
#include "radlads/convert/settings_checks.hpp"
#include "radlads/core/error.hpp"
#include "settings.hpp"
#include "settings_file.hpp"
#include "settings_keys.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace radlads::program {

namespace {

using name_list = std::vector<std::string>;

void read_file(settings& values, const std::string& name) {
  const std::filesystem::path path = find_settings_file(name);
  for (const file_setting& each : read_settings_file(path)) {
    set_value(values, each.section, each.key, each.text, path.string());
  }
}

[[noreturn]] void refuse(const std::string& message) { throw CLI::ValidationError(message); }

/// --section.key value and --section.key=value among what CLI11 did not know.
void read_arguments(settings& values, const CLI::App& app, const name_list& sections) {
  const name_list arguments = app.remaining();
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& given = arguments[i];
    const std::size_t equals = std::min(given.find('='), given.size());
    const std::size_t dot = given.substr(0, equals).find('.');
    if (!given.starts_with("--") || dot == std::string::npos) refuse(unknown_argument(app, given));
    const std::string section = given.substr(2, dot - 2);
    const std::string key = given.substr(dot + 1, equals - dot - 1);
    std::string text = equals < given.size() ? given.substr(equals + 1) : "";
    if (equals == given.size()) {
      if (++i == arguments.size()) refuse(fmt::format("{} needs a value", given));
      text = arguments[i];
    }
    const name_list all = section_names(values);
    if (std::find(all.begin(), all.end(), section) != all.end() &&
        std::find(sections.begin(), sections.end(), section) == sections.end()) {
      refuse(fmt::format("{} does not read section {}; it reads {}", app.get_name(), section,
                         fmt::join(sections, ", ")));
    }
    try {
      set_value(values, section, key, text, "command line");
    } catch (const error& problem) {
      refuse(problem.what());
    }
  }
}

}  // namespace

void add_settings(CLI::App& app, settings_options& options) {
  app.add_option("-c,--config", options.files,
                 "YAML file of settings, or a recipe that came with the program, such as "
                 "small.yaml; may be given again, later wins")
      ->allow_extra_args(false)
      ->type_name("FILE");
  add_number(app, "--seed", options.seed, "Seed of fresh tensors and of the order of rows", 0);
  CLI::Option* const dry_run =
      app.add_flag("--dry-run", options.is_dry_run,
                   "Print the resolved settings and the memory that each stage needs, and stop");
  add_number(app, "--ranks", options.ranks, "With --dry-run: what each of so many processes needs",
             1, 1 << 20)
      ->needs(dry_run);
  add_number(app, "--gpu-memory", options.gpu_memory,
             "With --dry-run: compare with a GPU of so many GiB, which need not be there", 0)
      ->needs(dry_run);
  app.allow_extras();
  app.footer("Settings: --section.key value, as in -c files; --dry-run lists them all.");
}

void add_loss_on(CLI::App& app, settings_options& options) {
  app.add_option("--loss-on", options.loss_on,
                 "assistant: the loss is on the answers of conversations (.jsonl with messages) "
                 "alone; everything (the default)")
      ->type_name("WHAT");
}

settings read_settings(const CLI::App& app, const settings_options& options,
                       const std::vector<std::string>& sections) {
  settings values;
  for (const std::string& file : options.files) read_file(values, file);
  read_arguments(values, app, sections);
  if (options.seed) {
    const auto seed = [&](const char*, auto& section) {
      if constexpr (requires { section.seed; }) section.seed = *options.seed;
    };
    settings::for_each(seed, values);
  }
  for (const std::string& section : sections) {
    if (section == "model") {
      convert::check_model(values.model);
    } else if (section == "parallel") {
      convert::check_parallel(values.parallel);
    } else {
      if (!options.loss_on.empty()) values.stage(section).loss_on = options.loss_on;
      convert::check_stage(values.stage(section), section);
    }
  }
  return values;
}

}  // namespace radlads::program
