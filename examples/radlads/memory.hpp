// SPDX-License-Identifier: Apache-2.0
#pragma once
// What --dry-run says about memory.

#include "radlads/convert/memory.hpp"
#include "settings.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace radlads::program {

using convert::stage_models;

/// What a plan is for.
struct plan_target {
  std::int64_t ranks = 1;
  bool is_sharded = false;           ///< whether ranks have a part of the moments each
  std::optional<double> gpu_memory;  ///< GiB of a GPU; without, what this machine has
};

/// What the options of --dry-run name.
plan_target target_of(const settings_options& options, const settings& values);

/// Lines of comment for YAML: parameters, memory of a rank by kind, and the largest micro-batch
/// that fits the memory there is for models. `threads` are those of the CPU's backend.
std::string memory_plan(const std::string& stage, const stage_settings& settings,
                        const stage_models& models, int threads, const plan_target& target = {});

/// Parameters of a model, from its description alone.
std::int64_t parameters_of(const models::config& model);

}  // namespace radlads::program
