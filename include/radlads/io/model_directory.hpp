// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes a whole model directory: description, weights, and what another one hands on.

#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/json.hpp"
#include "radlads/files/left_over.hpp"
#include "radlads/files/replace.hpp"
#include "radlads/io/carried_files.hpp"
#include "radlads/io/config_writer.hpp"
#include "radlads/io/generation_config.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <map>
#include <string>
#include <string_view>
#include <system_error>
#include <type_traits>
#include <vector>

namespace radlads::io {

/// What save_model does with what the target directory holds already.
enum class replaced {
  model_files,     ///< replaces the files of a model and leaves everything else alone
  whole_directory  ///< replaces the directory with all it holds
};

/// How save_model writes.
struct save_options {
  write_options weights = {};
  replaced existing = replaced::model_files;
  /// Names in the target that are the caller's own, such as "steps": a directory that holds nothing
  /// else counts as empty.
  std::vector<std::string> own_entries = {};
  /// Further files, name and text, that appear with the model: neither is there without the other.
  std::map<std::string, std::string> texts = {};
};

/// The name that unfinished and replaced files stand under, inside the target, while a model is
/// saved (files/replace.hpp).
inline constexpr const char* staging_name = ".radlads";
/// The file without which no reader takes a directory for a model: it goes first and comes last.
inline constexpr std::string_view last_name = "config.json";

inline bool is_staging(std::string_view name) { return files::is_of_replacing(name, staging_name); }

using files::directory_names;

/// Puts right a directory in which a save was cut short: it then holds the older model or the new
/// one, whole. Returns whether there was anything to put right. The caller has the directory to
/// itself.
inline bool repair_model_directory(const std::filesystem::path& directory) {
  return files::finish_replacing(directory, staging_name, last_name);
}

/// Whether a save of a model was cut short in this directory, so that it holds no whole model.
inline bool has_interrupted_save(const std::filesystem::path& directory) {
  return !files::names_beside(directory, staging_name, "moved").empty() ||
         !files::names_beside(directory, staging_name, "replaced").empty();
}

/// Whether a config.json is that of a language model, and not of something else.
inline bool describes_model(const std::filesystem::path& config) {
  try {
    files::json file = files::read_json(config);
    const files::json_clearer clearer(file);
    return file.is_object() && file.contains("hidden_size") && file.contains("vocab_size");
  } catch (const error&) {
    return false;
  }
}

/// Throws unless a model may be written to `target`: it does not exist, is empty, or holds a model.
/// A program calls this before it works for hours.
inline void require_model_target(const std::filesystem::path& target,
                                 const std::vector<std::string>& own_entries = {}) {
  std::error_code code;
  if (!std::filesystem::exists(target, code)) return;
  require(std::filesystem::is_directory(target, code), "cannot save a model as ", target.string(),
          ": a file of that name exists");
  std::string stranger;
  for (const std::string& name : directory_names(target)) {
    const bool is_own =
        std::find(own_entries.begin(), own_entries.end(), name) != own_entries.end();
    // Unfinished files are left only where a model was being written before.
    if (is_staging(name) || (name == last_name && is_own)) return;
    if (name == last_name) {
      require(describes_model(target / name), "cannot save a model in ", target.string(), ": its ",
              name, " is not that of a model");
      return;
    }
    if (!is_own && stranger.empty()) stranger = name;
  }
  require(stranger.empty(), "cannot save a model in ", target.string(), ": it holds ", stranger,
          " but no config.json, so it is not a model directory");
}

/// Whether a name is that of a weight file: model.safetensors, its index, or a shard.
inline bool is_weight_file(const std::string& name) {
  if (name == "model.safetensors" || name == "model.safetensors.index.json") return true;
  unsigned number = 0, count = 0;
  int length = 0;
  const int found =
      std::sscanf(name.c_str(), "model-%5u-of-%5u.safetensors%n", &number, &count, &length);
  return found == 2 && length == static_cast<int>(name.size());
}

/// Names in `target` that belong to an older model and have no counterpart in the new one: weights,
/// generation_config.json and, where the tokenizer is replaced, its files.
inline std::vector<std::string> obsolete_files(const std::filesystem::path& target,
                                               bool replaces_tokenizer) {
  std::vector<std::string> obsolete;
  for (const std::string& name : directory_names(target)) {
    const bool is_tokenizer =
        replaces_tokenizer &&
        std::find(tokenizer_files.begin(), tokenizer_files.end(), name) != tokenizer_files.end();
    if (is_weight_file(name) || is_tokenizer || name == "generation_config.json") {
      obsolete.push_back(name);
    }
  }
  if (replaces_tokenizer) {
    for (const std::string& name : template_names(target)) obsolete.push_back(name);
  }
  return obsolete;
}

/// The description with the sizes of the low-rank maps that the tensors have.
template <parameter_set P>
models::config with_ranks(models::config c, const P& p) {
  layers::mixer_options& o = c.options;
  P::for_each(
      [&](const tensor_info& info, const auto& tensor) {
        if (info.role != tensor_role::low_rank_up) return;
        constexpr int axes = std::remove_cvref_t<decltype(tensor)>::rank;
        if constexpr (axes >= 2) {
          const std::int64_t rank = tensor.extent(axes - 2);
          if (info.purpose == tensor_purpose::decay) o.rank_decay = rank;
          if (info.purpose == tensor_purpose::iclr) o.rank_iclr = rank;
          if (info.purpose == tensor_purpose::value_mix) o.rank_value_mix = rank;
          if (info.purpose == tensor_purpose::gate) o.rank_gate = rank;
          if (info.purpose == tensor_purpose::token_shift) o.rank_token_shift = rank;
        }
      },
      p);
  return c;
}

/// Writes a model directory for other programs and for read_config and read_parameters. All files
/// are complete before the first of them appears in `target`, and appear as one act: a call that
/// fails leaves what was there, and a process that ends leaves what repair_model_directory or the
/// next save makes good. Tokenizer, chat templates, licence and settings of sampling come from
/// `tokenizer_source`; an empty path leaves those in the target as they are. Throws as
/// require_model_target does, and when the disk refuses the files. One process at a time may save
/// in a directory.
template <parameter_set P, backend B>
void save_model(B& b, const models::config& c, const P& p,
                const std::filesystem::path& tokenizer_source, const std::filesystem::path& target,
                const save_options& options = {}) {
  require_model_target(target, options.own_entries);
  bool has_head = false;
  P::for_each(
      [&](const tensor_info& info, const auto&) { has_head |= info.role == tensor_role::head; }, p);
  require(has_head != c.is_tied, "save_model: the description says ", c.is_tied ? "tied" : "untied",
          ", but the model has ", has_head ? "a" : "no", " tensor lm_head.weight");
  const auto write_files = [&](const std::filesystem::path& place) {
    write_config(with_ranks(c, p), options.weights.stored_as, place);
    write_generation_config(c, place, tokenizer_source);
    carry_files(tokenizer_source, place);
    write_parameters(b, p, place, options.weights);
    for (const auto& [name, text] : options.texts) {
      files::atomic_file file(place / name);
      file.write(text.data(), text.size());
      file.commit();
    }
  };
  std::error_code code;
  if (options.existing == replaced::whole_directory || !std::filesystem::exists(target, code)) {
    files::atomic_directory whole(target, files::existing_directory::replace);
    write_files(whole.path());
    whole.commit();
    return;
  }
  repair_model_directory(target);
  files::atomic_directory staging(target / staging_name, files::existing_directory::refuse);
  write_files(staging.path());
  files::replace_files(target, staging, obsolete_files(target, !tokenizer_source.empty()),
                       last_name);
}

}  // namespace radlads::io
