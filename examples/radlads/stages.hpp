// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stages as the commands run them, and the options that these have in common.

#include "loading.hpp"
#include "objectives.hpp"
#include "radlads/convert/stages.hpp"

#include <cstdint>
#include <string>

namespace CLI {
class App;
}

namespace radlads::program {

using convert::claim_output;
using convert::hold_output;
using convert::is_finished;
using convert::require_apart;
using convert::run_options;
using convert::run_record;
using convert::run_stage;
using convert::save_output;

using stage_inputs = convert::stage_inputs<model_type, run_ranks, compiled_training>;

/// Adds --restart, --keep-checkpoints and --overwrite to a command.
void add_run_options(CLI::App& app, run_options& options);

/// Writes what a stage that ran out of memory would have needed.
void tell_of_failed(const convert::failed_stage& stage, int threads);

}  // namespace radlads::program

namespace radlads::convert {
extern template class run_loop<program::model_type, program::run_ranks>;
extern template std::int64_t run_stage(const program::stage_inputs&, const std::string&,
                                       program::model_type&, std::int64_t,
                                       const std::filesystem::path&, files::directory_lock&);
extern template void save_output(const program::run_context&, const program::model_type&,
                                 const std::filesystem::path&, const std::filesystem::path&,
                                 run_record, files::directory_lock&, const output_form&);
}  // namespace radlads::convert
