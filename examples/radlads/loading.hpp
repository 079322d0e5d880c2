// SPDX-License-Identifier: Apache-2.0
#pragma once
// Options of every command that runs a model, and what they make: a backend, a run, a model.

#include "model.hpp"
#include "radlads/convert/loading.hpp"
#include "radlads/convert/run_context.hpp"
#include "ranks.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace radlads::program {

using run_context = convert::run_context<model_type, run_ranks>;
using teacher_model = convert::teacher_model<model_type, run_ranks>;
using convert::load_tokenizer;

/// Options of every command that runs a model.
struct common_options {
  int threads = 0;  ///< 0: as many as the machine has
  std::string device{device_name};
};

/// Adds --threads and --device to a command.
void add_common(CLI::App& app, common_options& options);

/// Options of the backend that this program is built for.
backend_options_type backend_options(const common_options& options);

/// Threads of the host for what is no model: reading text.
int host_threads(const common_options& options);

/// A command's run on its backend.
run_context run_on(backend_type& b, const common_options& options);

/// Description and weights of a model directory or a GGUF file. Tensors that the model has no place
/// for are named on standard error.
std::unique_ptr<model_type> load_model(backend_type& b, const std::filesystem::path& directory);

}  // namespace radlads::program

namespace radlads::convert {
extern template class teacher_model<program::model_type, program::run_ranks>;
}  // namespace radlads::convert
