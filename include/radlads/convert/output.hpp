// SPDX-License-Identifier: Apache-2.0
#pragma once
// The directory that a run writes: locked, left alone where it is somebody else's, and saved with a
// record that says how the model was made.

#include "radlads/convert/record.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/left_over.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/checkpoint_places.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/metrics.hpp"
#include "radlads/io/model_directory.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::convert {

/// How a run treats what it finds.
struct run_options {
  bool is_restarted = false;    ///< whether what an earlier run left is put aside
  bool is_overwriting = false;  ///< whether models of others are replaced
  std::int64_t kept_checkpoints = io::usual_kept_checkpoints;
};

namespace detail {

/// Whether a name is one that stages write beside a model, also unfinished or set aside.
inline bool is_run_name(const std::string& name) {
  constexpr std::string_view metrics = "metrics.jsonl";
  if (name == metrics || name == record_name || name == "steps") return true;
  if (io::is_checkpoint_name(name)) return true;
  const std::string damaged = concatenate(metrics, io::damaged_mark);
  if (name.starts_with(damaged))
    return files::whole_number(name.substr(damaged.size())).has_value();
  const auto parts = files::parse_beside_name(name);
  return parts && parts->word == "partial" &&
         (parts->base == metrics || parts->base == record_name);
}

/// Whether a directory has a record that this program wrote.
inline bool has_own_record(const std::filesystem::path& out) {
  const std::optional<std::string> text = read_record(out);
  return text && record_value(*text, "about", "stage").has_value();
}

/// Names in a directory that are this program's. Where its record is, so are the files of a model:
/// version 0.1.0 could leave them without a config.json.
inline std::vector<std::string> own_entries(const std::filesystem::path& out, bool is_overwriting) {
  std::error_code code;
  if (!std::filesystem::is_directory(out, code)) return {};
  std::vector<std::string> own = io::directory_names(out);
  if (is_overwriting) return own;
  std::erase_if(own, [](const std::string& name) { return !is_run_name(name); });
  if (!has_own_record(out)) return own;
  for (std::string& name : io::obsolete_files(out, true)) own.push_back(std::move(name));
  own.emplace_back(io::last_name);
  return own;
}

inline files::directory_lock claim(const std::filesystem::path& out, bool is_overwriting,
                                   const observer& events) {
  std::error_code code;
  if (!std::filesystem::is_directory(out, code)) {
    io::require_model_target(out);
    return {};
  }
  files::directory_lock lock(out);
  if (io::has_interrupted_save(out) && io::repair_model_directory(out)) {
    events.tell(out.string(), ": finished a save that had been cut short");
  }
  io::require_model_target(out, own_entries(out, is_overwriting));
  const bool has_model = std::filesystem::exists(out / "config.json", code);
  require(!has_model || is_overwriting || has_own_record(out), out.string(),
          " holds a model without a ", record_name,
          " of this program, so it was not made by this command; it is left alone; --overwrite ",
          "replaces its files");
  io::repair_model_directory(out);
  io::remove_left_checkpoints(out);
  files::remove_left_over(out / record_name);
  files::remove_left_over(out / "metrics.jsonl");
  return lock;
}

/// Whether `out` holds the complete output of a run with this record.
inline bool looks_finished(const std::filesystem::path& out, const run_record& record,
                           const observer& events) {
  const std::optional<std::string> text = read_record(out);
  if (!text || record_value(*text, "about", "finished") != "true") return false;
  const std::string difference = find_difference(*text, record.text());
  require(difference.empty(), out.string(), " is complete, but not of this run: ", difference,
          "; --restart makes it again");
  if (is_old_record(*text)) {
    events.tell(out.string(),
                " is of version 0.1.0, which kept no hashes: text and models cannot be compared");
  }
  return true;
}

}  // namespace detail

/// Throws unless a model may be written to `out`: nothing is there, or what a run put there, or
/// `is_overwriting`. Returns the lock of the directory, which holds nothing where there is none
/// yet; throws when another process has it. Puts right what an earlier process left unfinished.
template <class Model, class Ranks>
files::directory_lock claim_output(const run_context<Model, Ranks>& run,
                                   const std::filesystem::path& out, bool is_overwriting = false) {
  if (!run.ranks.is_first()) return {};
  return detail::claim(out, is_overwriting, run.events);
}

/// Makes the directory and locks it, unless `lock` holds it already.
template <class Model, class Ranks>
void hold_output(const run_context<Model, Ranks>& run, const std::filesystem::path& out,
                 files::directory_lock& lock) {
  if (lock.is_held() || !run.ranks.is_first()) return;
  make_directory(out);
  lock = files::directory_lock(out);
}

/// Throws when `out` is the directory of an input.
inline void require_apart(const std::filesystem::path& out, const std::filesystem::path& input) {
  std::error_code code;
  require(!std::filesystem::equivalent(out, input, code), "--out ", out.string(),
          " is the directory of an input");
}

/// Whether `out` holds the complete output of a run with this record. Throws when it holds that of
/// another one, naming the difference.
template <class Model, class Ranks>
bool is_finished(const run_context<Model, Ranks>& run, const std::filesystem::path& out,
                 const run_record& record) {
  return run.ranks.from_first([&] { return detail::looks_finished(out, record, run.events); });
}

/// Rows that all stages behind a model directory have read, 0 when nothing says so.
inline std::int64_t samples_of(const std::filesystem::path& directory) {
  const std::optional<std::string> text = read_record(directory);
  if (!text) return 0;
  return std::stoll(record_value(*text, "about", "samples").value_or("0"));
}

/// How a finished model is stored, and the files beside it by name.
struct output_form {
  io::dtype stored_as = io::dtype::f32;
  std::map<std::string, std::string> texts = {};
};

/// Saves a model with its record, marked as complete, where claim_output gave `lock`.
template <class Model, class Ranks>
void save_output(const run_context<Model, Ranks>& run, const Model& model,
                 const std::filesystem::path& tokenizer_source, const std::filesystem::path& out,
                 run_record record, files::directory_lock& lock, const output_form& form = {}) {
  if (!run.ranks.is_first()) return;
  hold_output(run, out, lock);
  io::save_options options;
  options.weights.stored_as = form.stored_as;
  options.texts = form.texts;
  // claim_output has looked at what is there.
  options.own_entries = detail::own_entries(out, true);
  record.about["finished"] = "true";
  // With the model, so that no record speaks of another one.
  options.texts[record_name] = record.text();
  io::save_model(run.backend, model.config, model.weights, tokenizer_source, out, options);
}

}  // namespace radlads::convert
