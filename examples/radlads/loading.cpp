// SPDX-License-Identifier: Apache-2.0
#include "loading.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/io/parameters.hpp"
#include "ranks.hpp"

#include <CLI/CLI.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

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
#endif
  return result;
}

int host_threads(const common_options& options) {
  if (options.threads > 0) return options.threads;
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

namespace {

/// A save that was cut short left everything that one of the two models needs.
void repair(const std::filesystem::path& directory) {
  if (!io::has_interrupted_save(directory)) return;
  const files::directory_lock lock(directory);
  if (!io::repair_model_directory(directory)) return;
  message("radlads: {}: finished a save that had been cut short\n", directory.string());
}

/// Loads a model and tells of tensors that it has no place for, if anybody is to be told.
std::unique_ptr<model_type> load(backend_type& b, const std::filesystem::path& directory,
                                 bool is_told) {
  std::error_code code;
  const bool is_directory = std::filesystem::is_directory(directory, code);
  require(is_directory || files::is_gguf(directory), directory.string(),
          ": is neither a model directory nor a GGUF file");
  if (is_directory && ranks().is_first()) repair(directory);
  ranks().barrier();
  auto model = std::make_unique<model_type>();
  const io::model_description described = io::read_description(directory);
  for (const std::string& note : described.notes) {
    if (is_told) message("radlads: {}\n", note);
  }
  model->build(b, described.config);
  const std::vector<std::string> unread = io::read_parameters(b, directory, model->weights);
  for (std::size_t i = 0; is_told && i < unread.size(); ++i) {
    if (i == 8) {
      message("radlads: and {} more\n", unread.size() - i);
      break;
    }
    message("radlads: {}: the model has no place for tensor {}\n", directory.string(), unread[i]);
  }
  return model;
}

}  // namespace

std::unique_ptr<model_type> load_model(backend_type& b, const std::filesystem::path& directory) {
  return load(b, directory, true);
}

teacher_model::teacher_model(backend_type& b, std::filesystem::path directory)
    : backend_(b),
      directory_(std::move(directory)),
      model_(load_model(b, directory_)),
      config_(model_->config),
      parameters_(parameter_count(model_->weights)),
      identity_(model_identity(directory_, "teacher")) {}

const model_type& teacher_model::get() {
  if (!model_) {
    auto again = load(backend_, directory_, false);
    require(model_identity(directory_, "teacher") == identity_, directory_.string(),
            ": the model is not the one that this run began with");
    model_ = std::move(again);
  }
  return *model_;
}

text::tokenizer load_tokenizer(const std::filesystem::path& directory,
                               const models::config& model) {
  text::tokenizer tokenizer = text::tokenizer::load(directory);
  require(tokenizer.vocabulary_size() <= model.vocabulary, directory.string(),
          ": the tokenizer has ids up to ", tokenizer.vocabulary_size() - 1,
          ", the model's vocabulary is ", model.vocabulary);
  return tokenizer;
}

}  // namespace radlads::program
