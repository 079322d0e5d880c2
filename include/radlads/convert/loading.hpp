// SPDX-License-Identifier: Apache-2.0
#pragma once
// Model directories and GGUF files into memory, and the teacher of a conversion.

#include "radlads/convert/identity.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/files/gguf.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/models/config.hpp"
#include "radlads/text/tokenizer.hpp"

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::convert {

namespace detail {

/// A save that was cut short left everything that one of the two models needs.
inline void repair(const std::filesystem::path& directory, const observer& events) {
  if (!io::has_interrupted_save(directory)) return;
  const files::directory_lock lock(directory);
  if (!io::repair_model_directory(directory)) return;
  events.tell("radlads: ", directory.string(), ": finished a save that had been cut short");
}

/// Tells of tensors that a model has no place for.
inline void tell_of_unread(const std::filesystem::path& directory,
                           const std::vector<std::string>& unread, const observer& events) {
  constexpr std::size_t most = 8;
  for (std::size_t i = 0; i < unread.size(); ++i) {
    if (i == most) return events.tell("radlads: and ", unread.size() - i, " more");
    events.tell("radlads: ", directory.string(), ": the model has no place for tensor ", unread[i]);
  }
}

/// Loads a model and tells `events`, which may be others than those of the run.
template <class Model, class Ranks>
std::unique_ptr<Model> load(const run_context<Model, Ranks>& run,
                            const std::filesystem::path& directory, const observer& events) {
  std::error_code code;
  const bool is_directory = std::filesystem::is_directory(directory, code);
  require(is_directory || files::is_gguf(directory), directory.string(),
          ": is neither a model directory nor a GGUF file");
  if (is_directory && run.ranks.is_first()) repair(directory, run.events);
  run.ranks.barrier();
  auto model = std::make_unique<Model>();
  const io::model_description described = io::read_description(directory);
  for (const std::string& note : described.notes) events.tell("radlads: ", note);
  model->build(run.backend, described.config);
  tell_of_unread(directory, io::read_parameters(run.backend, directory, model->weights), events);
  return model;
}

}  // namespace detail

/// Description and weights of a model directory or a GGUF file. Finishes a save there that was cut
/// short; tells of tensors that the model has no place for.
template <class Model, class Ranks>
std::unique_ptr<Model> load_model(const run_context<Model, Ranks>& run,
                                  const std::filesystem::path& directory) {
  return detail::load(run, directory, run.events);
}

/// A teacher that is in memory where somebody asks for it: stages in bf16 round it and let it go,
/// and step 3 has no use for it. The context outlives it.
template <class Model, class Ranks = alone>
class teacher_model {
 public:
  /// Loads it.
  teacher_model(const run_context<Model, Ranks>& run, std::filesystem::path directory)
      : run_(run),
        directory_(std::move(directory)),
        model_(load_model(run_, directory_)),
        config_(model_->config),
        parameters_(parameter_count(model_->weights)),
        identity_(model_identity(directory_, "teacher")) {}

  const std::filesystem::path& directory() const { return directory_; }
  const models::config& config() const { return config_; }
  std::int64_t parameters() const { return parameters_; }
  /// What makes it this teacher, by names that begin with "teacher.".
  const convert::identity& identity() const { return identity_; }

  /// The model; reads it again where it was let go, and throws when its files have changed.
  const Model& get() {
    if (!model_) {
      auto again = detail::load(run_, directory_, {});
      require(model_identity(directory_, "teacher") == identity_, directory_.string(),
              ": the model is not the one that this run began with");
      model_ = std::move(again);
    }
    return *model_;
  }
  void release() { model_.reset(); }

 private:
  run_context<Model, Ranks> run_;
  std::filesystem::path directory_;
  std::unique_ptr<Model> model_;
  models::config config_;
  std::int64_t parameters_;
  convert::identity identity_;
};

/// The tokenizer of a model directory. Throws, with both numbers, when it has more ids than the
/// model.
inline text::tokenizer load_tokenizer(const std::filesystem::path& directory,
                                      const models::config& model) {
  text::tokenizer tokenizer = text::tokenizer::load(directory);
  require(tokenizer.vocabulary_size() <= model.vocabulary, directory.string(),
          ": the tokenizer has ids up to ", tokenizer.vocabulary_size() - 1,
          ", the model's vocabulary is ", model.vocabulary);
  return tokenizer;
}

}  // namespace radlads::convert
