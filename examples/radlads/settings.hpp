// SPDX-License-Identifier: Apache-2.0
#pragma once
// Settings from YAML files (-c) and from the command line (--section.key value). Later wins; a key
// that does not exist is an error.

#include "radlads/convert/settings.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace radlads::program {

using convert::model_settings;
using convert::settings;
using convert::stage_settings;

/// Options by which a command takes settings.
struct settings_options {
  std::vector<std::string> files;
  std::optional<std::int64_t> seed;
  std::string loss_on;  ///< of all stages, unless empty
  bool is_dry_run = false;
  std::int64_t ranks = 1;            ///< of the run that --dry-run is about
  std::optional<double> gpu_memory;  ///< GiB of a GPU that it is about
};

/// Adds -c, --seed, --dry-run, --ranks and --gpu-memory to a command, and lets --section.key
/// through.
void add_settings(CLI::App& app, settings_options& options);

/// Adds --loss-on, for commands that train.
void add_loss_on(CLI::App& app, settings_options& options);

/// Defaults, then files, then the command line, then --seed and --loss-on. A command that reads
/// only `sections` takes only these from its command line. Throws CLI::ValidationError on bad
/// options, error on bad files; both name the nearest known key.
settings read_settings(const CLI::App& app, const settings_options& options,
                       const std::vector<std::string>& sections);

}  // namespace radlads::program
