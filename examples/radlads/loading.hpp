// SPDX-License-Identifier: Apache-2.0
#pragma once
// Model directories and their tokenizers into memory, and the options that say on what they run.

#include "identity.hpp"
#include "model.hpp"
#include "radlads/models/config.hpp"
#include "radlads/text/tokenizer.hpp"

#include <filesystem>
#include <memory>
#include <string>

namespace CLI {
class App;
}

namespace radlads::program {

/// Options that every command has that runs a model.
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

/// Description and weights of a model directory. Tensors that the model has no place for are named
/// on standard error.
std::unique_ptr<model_type> load_model(backend_type& b, const std::filesystem::path& directory);

/// A teacher that is in memory where somebody asks for it: stages in bf16 round it and let it go,
/// and step 3 has no use for it.
class teacher_model {
 public:
  /// Loads it.
  teacher_model(backend_type& b, std::filesystem::path directory);

  const models::config& config() const { return config_; }
  std::int64_t parameters() const { return parameters_; }
  /// What makes it this teacher, by names that begin with "teacher.".
  const program::identity& identity() const { return identity_; }
  /// The model; reads it again where it was let go, and throws when its files have changed.
  const model_type& get();
  void release() { model_.reset(); }

 private:
  backend_type& backend_;
  std::filesystem::path directory_;
  std::unique_ptr<model_type> model_;
  models::config config_;
  std::int64_t parameters_;
  program::identity identity_;
};

/// The tokenizer of a model directory. Throws, with both numbers, when it has more ids than the
/// model.
text::tokenizer load_tokenizer(const std::filesystem::path& directory, const models::config& model);

}  // namespace radlads::program
