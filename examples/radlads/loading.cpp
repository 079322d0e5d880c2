// SPDX-License-Identifier: Apache-2.0
#include "loading.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/random.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/parameters.hpp"

#include <CLI/CLI.hpp>

#include <bit>
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

/// Loads a model and tells of tensors that it has no place for, if anybody is to be told.
std::unique_ptr<model_type> load(backend_type& b, const std::filesystem::path& directory,
                                 bool is_told) {
  std::error_code code;
  require(std::filesystem::is_directory(directory, code), directory.string(),
          ": is not a model directory");
  auto model = std::make_unique<model_type>();
  const io::model_description described = io::read_description(directory);
  for (const std::string& note : described.notes) {
    if (is_told) std::cerr << "radlads: " << note << '\n';
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
      hash_(weights_hash(b, *model_)) {}

const model_type& teacher_model::get() {
  if (!model_) {
    auto again = load(backend_, directory_, false);
    require(weights_hash(backend_, *again) == hash_, directory_.string(),
            ": the weights are not those that this run began with");
    model_ = std::move(again);
  }
  return *model_;
}

std::uint64_t weights_hash(backend_type& b, const model_type& model) {
  constexpr std::uint64_t factor = 0x100000001b3u;
  std::uint64_t hash = 0xcbf29ce484222325u;
  model_type::params::for_each(
      [&](const std::string& name, const auto& tensor) {
        hash = (hash ^ stream_of(name)) * factor;
        read_on_host(b, tensor, [&](const float* from) {
          for (std::int64_t i = 0; i < tensor.size(); ++i) {
            hash = (hash ^ std::bit_cast<std::uint32_t>(from[i])) * factor;
          }
        });
      },
      model.weights);
  return hash;
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
