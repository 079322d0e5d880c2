// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "ranks.hpp"
#include "stages.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <optional>
#include <string>

namespace radlads::convert {
template class run_loop<program::model_type, program::run_ranks>;
template void save_output(const program::run_context&, const program::model_type&,
                          const std::filesystem::path&, const std::filesystem::path&, run_record,
                          files::directory_lock&, const output_form&);
template std::int64_t run_stage(const program::stage_inputs&, const std::string&,
                                program::model_type&, std::int64_t, const std::filesystem::path&,
                                files::directory_lock&);
}  // namespace radlads::convert

namespace radlads::program {

void add_run_options(CLI::App& app, run_options& options) {
  app.add_flag("--restart", options.is_restarted,
               "Start over instead of going on from a checkpoint");
  add_number(app, "--keep-checkpoints", options.kept_checkpoints,
             "Checkpoints that stay, the newest included", 1);
  app.add_flag("--overwrite", options.is_overwriting,
               "Also write where a model is that this program did not make");
}

void tell_of_failed(const convert::failed_stage& failed, int threads) {
  const bool is_sharded = failed.parallel.shard == "optimizer";
  write_message(memory_plan(failed.stage, failed.settings, {failed.teacher, failed.trained},
                            threads, {ranks().size(), is_sharded, std::nullopt}));
}

}  // namespace radlads::program
