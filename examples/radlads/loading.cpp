// SPDX-License-Identifier: Apache-2.0
#include "loading.hpp"
#include "options.hpp"
#include "ranks.hpp"
#include "watching.hpp"

#include <CLI/CLI.hpp>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <thread>

namespace radlads::convert {
template class teacher_model<program::model_type, program::run_ranks>;
}  // namespace radlads::convert

namespace radlads::program {

void add_common(CLI::App& app, common_options& options) {
  add_number(app, "--threads", options.threads, "Threads to use (0: all of the machine)", 0, 4096);
  app.add_option("--device", options.device, "Where to compute")
      ->check(CLI::IsMember({"cpu", "cuda"}));
}

backend_options_type backend_options([[maybe_unused]] const common_options& options) {
  backend_options_type result;
#if !defined(RADLADS_PROGRAM_CUDA)
  result.threads = options.threads;
#else
  result.device = ranks().device();
#endif
  return result;
}

int host_threads(const common_options& options) {
  if (options.threads > 0) return options.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

run_context run_on(backend_type& b, const common_options& options) {
  return {b, ranks(), watching(), host_threads(options)};
}

std::unique_ptr<model_type> load_model(backend_type& b, const std::filesystem::path& directory) {
  return convert::load_model(run_on(b, {}), directory);
}

}  // namespace radlads::program
