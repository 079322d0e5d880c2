// SPDX-License-Identifier: Apache-2.0
#include "identity.hpp"
#include "memory.hpp"
#include "messages.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/left_over.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/metrics.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/io/parameters.hpp"
#include "ranks.hpp"
#include "stages.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

/// Whether a name is one that stages write beside a model, also unfinished or set aside.
bool is_run_name(const std::string& name) {
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
bool has_own_record(const std::filesystem::path& out) {
  const std::optional<std::string> text = read_record(out);
  return text && record_value(*text, "about", "stage").has_value();
}

/// Names in a directory that are this program's. Where its record is, so are the files of a model:
/// version 0.1.0 could leave them without a config.json.
std::vector<std::string> own_entries(const std::filesystem::path& out, bool is_overwriting) {
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

void add_data(const training_text& text, run_record& record) {
  record.run["data_hash"] = hex(text.hash);
  record.run["data_tokens"] = std::to_string(text.stream.size());
}

run_record record_of(const stage_inputs& inputs, const std::string& stage, const model_type& model,
                     std::int64_t samples_before) {
  run_record record;
  record.settings =
      to_yaml(inputs.values, stage == "train" ? std::vector<std::string>{"model", "train"}
                                              : std::vector<std::string>{stage});
  add_data(inputs.text, record);
  record.run["format"] = record_format;
  if (!inputs.start.empty()) record.run.merge(model_identity(inputs.start, "start"));
  // Of the model in memory, which may be one that was just made.
  record.run["start.weights"] = hex(weights_hash(inputs.backend, model));
  record.run["samples_before"] = std::to_string(samples_before);
  if (inputs.teacher != nullptr) {
    record.run.insert(inputs.teacher->identity().begin(), inputs.teacher->identity().end());
  } else {
    record.run["tokenizer"] = hex(tokenizer_hash(inputs.tokenizer_source));
  }
  record.about["stage"] = stage;
  record.about["text"] = inputs.text_name;
  record.about["threads"] = std::to_string(inputs.threads);
  record.about["device"] = device_name;
  record.about["ranks"] = std::to_string(ranks().size());
  record.about["finished"] = "false";
  return record;
}

}  // namespace

void add_run_options(CLI::App& app, run_options& options) {
  app.add_flag("--restart", options.is_restarted,
               "Start over instead of going on from a checkpoint");
  add_number(app, "--keep-checkpoints", options.kept_checkpoints,
             "Checkpoints that stay, the newest included", 1);
  app.add_flag("--overwrite", options.is_overwriting,
               "Also write where a model is that this program did not make");
}

files::directory_lock claim_output(const std::filesystem::path& out, bool is_overwriting) {
  if (!ranks().is_first()) return {};
  std::error_code code;
  if (!std::filesystem::is_directory(out, code)) {
    io::require_model_target(out);
    return {};
  }
  files::directory_lock lock(out);
  if (io::has_interrupted_save(out) && io::repair_model_directory(out)) {
    message("{}: finished a save that had been cut short\n", out.string());
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

void hold_output(const std::filesystem::path& out, files::directory_lock& lock) {
  if (lock.is_held() || !ranks().is_first()) return;
  make_directory(out);
  lock = files::directory_lock(out);
}

void require_apart(const std::filesystem::path& out, const std::filesystem::path& input) {
  std::error_code code;
  require(!std::filesystem::equivalent(out, input, code), "--out ", out.string(),
          " is the directory of an input");
}

void require_precision(const settings& values, const std::vector<std::string>& stages) {
  for (const std::string& stage : stages) {
    require(values.stage(stage).precision == "float" || device_name == "cuda", stage,
            ".precision is ", values.stage(stage).precision, ", which the CPU does not train in; ",
            "--device cuda does, or --", stage, ".precision float");
  }
}

namespace {

bool looks_finished(const std::filesystem::path& out, const run_record& record) {
  const std::optional<std::string> text = read_record(out);
  if (!text || record_value(*text, "about", "finished") != "true") return false;
  const std::string difference = find_difference(*text, record.text());
  require(difference.empty(), out.string(), " is complete, but not of this run: ", difference,
          "; --restart makes it again");
  if (is_old_record(*text)) {
    message("{} is of version 0.1.0, which kept no hashes: text and models cannot be compared\n",
            out.string());
  }
  return true;
}

}  // namespace

bool is_finished(const std::filesystem::path& out, const run_record& record) {
  return ranks().from_first([&] { return looks_finished(out, record); });
}

std::int64_t samples_of(const std::filesystem::path& directory) {
  const std::optional<std::string> text = read_record(directory);
  if (!text) return 0;
  return std::stoll(record_value(*text, "about", "samples").value_or("0"));
}

void save_output(backend_type& b, const model_type& model,
                 const std::filesystem::path& tokenizer_source, const std::filesystem::path& out,
                 run_record record, files::directory_lock& lock, const output_form& form) {
  if (!ranks().is_first()) return;
  hold_output(out, lock);
  io::save_options options;
  options.weights.stored_as = form.stored_as;
  options.texts = form.texts;
  // claim_output has looked at what is there.
  options.own_entries = own_entries(out, true);
  record.about["finished"] = "true";
  // With the model, so that no record speaks of another one.
  options.texts[record_name] = record.text();
  io::save_model(b, model.config, model.weights, tokenizer_source, out, options);
}

run_record transfer_record(const settings& values, const std::string& mixer,
                           const identity& teacher, int threads) {
  run_record record;
  record.settings = to_yaml(values, {"model"});
  record.run = teacher;
  record.run["format"] = record_format;
  record.run["student"] = mixer;
  record.about["stage"] = "transfer";
  record.about["threads"] = std::to_string(threads);
  record.about["device"] = device_name;
  record.about["samples"] = "0";
  return record;
}

run_record conversion_record(const settings& values, const std::string& mixer,
                             const identity& teacher, const training_text& text, int threads) {
  run_record record = transfer_record(values, mixer, teacher, threads);
  record.settings = to_yaml(values, {"model", "align", "distill", "extend"});
  add_data(text, record);
  record.about["stage"] = "convert";
  return record;
}

std::int64_t run_stage(const stage_inputs& inputs, const std::string& stage, model_type& model,
                       std::int64_t samples_before, const std::filesystem::path& out,
                       files::directory_lock& lock) {
  const stage_settings& s = inputs.values.stage(stage);
  require(s.tokens > 0, stage, ".tokens is 0: there is nothing to do; --", stage,
          ".tokens says how many to train on");
  require(s.batch >= ranks().size(), stage, ".batch is ", s.batch, ", fewer rows than the ",
          ranks().size(), " ranks");
  run_record record = record_of(inputs, stage, model, samples_before);
  run_record made_of{record.settings, record.run, {}};
  ranks().require_same(made_of.text(), stage + ": what the stage is made from");
  const std::int64_t samples = samples_before + step_count(s) * s.batch;
  record.about["samples"] = std::to_string(samples);
  if (!inputs.options.is_restarted && is_finished(out, record)) {
    message("{}: {} is complete\n", stage, out.string());
    const std::vector<std::string> unread = io::read_parameters(inputs.backend, out, model.weights);
    require(unread.empty(), out.string(), ": the model has no place for tensor ",
            unread.empty() ? "" : unread.front());
    return samples;
  }
  // A teacher from scratch is for this context; a student keeps its teacher's when that is longer.
  model.config.max_positions = std::max(model.config.max_positions, s.context);
  const stage_task task{stage,
                        s,
                        out,
                        lock,
                        record.text(),
                        samples_before,
                        inputs.options.is_restarted,
                        inputs.options.kept_checkpoints,
                        inputs.values.parallel};
  ranks().set_time_limit(static_cast<double>(task.parallel.time_limit));
  // In bf16 the weights lie elsewhere while they are trained; their description stays.
  const models::config trained = model.config;
  try {
    if (stage == "align") {
      run_align(inputs.backend, *inputs.teacher, model, inputs.text.stream, task);
    } else if (stage == "distill") {
      run_distill(inputs.backend, *inputs.teacher, model, inputs.text.stream, task);
    } else {
      // Nobody needs the teacher, and longer contexts need the memory.
      if (inputs.teacher != nullptr) inputs.teacher->release();
      run_next_token(inputs.backend, model, inputs.text.stream, task);
    }
  } catch (const out_of_memory&) {
    stage_models all{{}, trained};
    if (inputs.teacher != nullptr && stage != "extend") all.teacher = inputs.teacher->config();
    const bool is_sharded = task.parallel.shard == "optimizer";
    write_message(
        memory_plan(stage, s, all, inputs.threads, {ranks().size(), is_sharded, std::nullopt}));
    throw;
  }
  save_output(inputs.backend, model, inputs.tokenizer_source, out, record, lock);
  return samples;
}

}  // namespace radlads::program
