// SPDX-License-Identifier: Apache-2.0
#pragma once
// Writes a whole model directory: description, weights, and what another one hands on.

#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/io/carried_files.hpp"
#include "radlads/io/config_writer.hpp"
#include "radlads/io/generation_config.hpp"
#include "radlads/io/parameters.hpp"
#include "radlads/models/config.hpp"

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <filesystem>
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
};

/// Unfinished files stand in a directory of this name inside the target until they are complete.
inline constexpr std::string_view staging_name = ".radlads";

inline bool is_staging(std::string_view name) {
  return name.starts_with(std::string(staging_name) + ".partial-");
}

/// Names in a directory, sorted; throws naming it when it cannot be read.
inline std::vector<std::string> directory_names(const std::filesystem::path& directory) {
  std::vector<std::string> names;
  std::error_code code;
  std::filesystem::directory_iterator entry(directory, code);
  for (; !code && entry != std::filesystem::directory_iterator(); entry.increment(code)) {
    names.push_back(entry->path().filename().string());
  }
  require(!code, "cannot read directory ", directory.string(), ": ", code.message());
  std::sort(names.begin(), names.end());
  return names;
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
    // Unfinished files are left only where a model was being written before.
    if (name == "config.json" || is_staging(name)) return;
    const bool is_own =
        std::find(own_entries.begin(), own_entries.end(), name) != own_entries.end();
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

/// Moves finished files into `target` and removes older ones of the same model. config.json goes
/// first and comes last: an interruption leaves a directory that no reader takes for a model.
inline void move_model_files(const std::filesystem::path& staging,
                             const std::filesystem::path& target, bool replaces_tokenizer) {
  std::vector<std::string> finished = directory_names(staging);
  std::erase(finished, "config.json");
  std::erase(finished, template_directory);
  const auto discard = [&](const std::string& name) {
    std::error_code code;
    std::filesystem::remove(target / name, code);
    require(!code, "cannot replace ", (target / name).string(), ": ", code.message());
  };
  discard("config.json");
  for (const std::string& name : directory_names(target)) {
    const bool is_tokenizer =
        replaces_tokenizer &&
        std::find(tokenizer_files.begin(), tokenizer_files.end(), name) != tokenizer_files.end();
    const bool is_older = is_weight_file(name) || is_tokenizer || name == "generation_config.json";
    if (is_older && !std::binary_search(finished.begin(), finished.end(), name)) discard(name);
  }
  if (replaces_tokenizer) replace_templates(staging, target);
  finished.push_back("config.json");
  for (const std::string& name : finished) {
    // Apart from require, whose arguments are evaluated in any order.
    const bool is_moved = std::rename((staging / name).c_str(), (target / name).c_str()) == 0;
    require(is_moved, "cannot write ", (target / name).string(), ": ", files::system_text(errno));
  }
  files::sync_directory(target);
}

/// The description with the sizes of the low-rank maps that the tensors have.
template <parameter_set P>
models::config with_ranks(models::config c, const P& p) {
  layers::mixer_options& o = c.options;
  P::for_each(
      [&](const std::string& name, const auto& tensor) {
        if constexpr (std::remove_cvref_t<decltype(tensor)>::rank >= 2) {
          const std::int64_t rank = tensor.extent(1);
          if (name.ends_with(".self_attn.w1") || name.ends_with(".time_decay_w1")) {
            o.rank_decay = rank;
          }
          if (name.ends_with(".self_attn.a1")) o.rank_iclr = rank;
          if (name.ends_with(".self_attn.v1")) o.rank_value_mix = rank;
          if (name.ends_with(".self_attn.g1")) o.rank_gate = rank;
          if (name.ends_with(".self_attn.time_maa_w2")) o.rank_token_shift = rank;
        }
      },
      p);
  return c;
}

/// Writes a model directory for other programs and for read_config and read_parameters. All files
/// are complete before the first of them appears in `target`. Tokenizer, chat
/// templates, licence and settings of sampling come from `tokenizer_source`; an empty path leaves
/// those in the target as they are. Throws as
/// require_model_target does, and when the disk refuses the files; the target is then unchanged.
template <parameter_set P, backend B>
void save_model(B& b, const models::config& c, const P& p,
                const std::filesystem::path& tokenizer_source, const std::filesystem::path& target,
                const save_options& options = {}) {
  require_model_target(target, options.own_entries);
  bool has_head = false;
  P::for_each([&](const std::string& name, const auto&) { has_head |= name == "lm_head.weight"; },
              p);
  require(has_head != c.is_tied, "save_model: the description says ", c.is_tied ? "tied" : "untied",
          ", but the model has ", has_head ? "a" : "no", " tensor lm_head.weight");
  const auto write_files = [&](const std::filesystem::path& place) {
    write_config(with_ranks(c, p), options.weights.stored_as, place);
    write_generation_config(c, place, tokenizer_source);
    carry_files(tokenizer_source, place);
    write_parameters(b, p, place, options.weights);
  };
  std::error_code code;
  if (options.existing == replaced::whole_directory || !std::filesystem::exists(target, code)) {
    files::atomic_directory whole(target, files::existing_directory::replace);
    write_files(whole.path());
    whole.commit();
    return;
  }
  for (const std::string& name : directory_names(target)) {
    if (is_staging(name)) std::filesystem::remove_all(target / name, code);
  }
  const files::atomic_directory staging(target / staging_name, files::existing_directory::refuse);
  write_files(staging.path());
  move_model_files(staging.path(), target, !tokenizer_source.empty());
}

}  // namespace radlads::io
