// SPDX-License-Identifier: Apache-2.0
#include "memory.hpp"
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/io/checkpoint.hpp"
#include "radlads/io/model_directory.hpp"
#include "radlads/io/parameters.hpp"
#include "stages.hpp"

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

/// Names in a directory that stages put there beside a model, also unfinished ones.
std::vector<std::string> own_entries(const std::filesystem::path& out) {
  std::vector<std::string> own{"checkpoint", "metrics.jsonl", record_name, "steps"};
  std::error_code code;
  if (!std::filesystem::is_directory(out, code)) return own;
  for (const std::string& name : io::directory_names(out)) {
    for (const std::string_view each : {"checkpoint.", "resolved.yaml."}) {
      if (name.starts_with(each)) own.push_back(name);
    }
  }
  return own;
}

std::string hex(std::uint64_t value) { return fmt::format("{:016x}", value); }

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
  record.run["model_hash"] = hex(weights_hash(inputs.backend, model));
  record.run["samples_before"] = std::to_string(samples_before);
  if (inputs.teacher != nullptr) record.run["teacher_hash"] = hex(inputs.teacher->hash());
  record.about["stage"] = stage;
  record.about["text"] = inputs.text_path.string();
  record.about["threads"] = std::to_string(inputs.threads);
  record.about["device"] = device_name;
  record.about["finished"] = "false";
  return record;
}

}  // namespace

void check_output(const std::filesystem::path& out) {
  io::require_model_target(out, own_entries(out));
  std::error_code code;
  const bool has_model = std::filesystem::exists(out / "config.json", code);
  require(!has_model || std::filesystem::exists(out / record_name, code), out.string(),
          " holds a model without ", record_name,
          ", so it was not made by this command; it is left alone");
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

bool is_finished(const std::filesystem::path& out, const run_record& record) {
  const std::optional<std::string> text = read_record(out);
  if (!text || record_value(*text, "about", "finished") != "true") return false;
  const std::string difference = find_difference(*text, record.text());
  require(difference.empty(), out.string(), " is complete, but not of this run: ", difference,
          "; --restart makes it anew");
  return true;
}

std::int64_t samples_of(const std::filesystem::path& directory) {
  const std::optional<std::string> text = read_record(directory);
  if (!text) return 0;
  return std::stoll(record_value(*text, "about", "samples").value_or("0"));
}

void save_output(backend_type& b, const model_type& model,
                 const std::filesystem::path& tokenizer_source, const std::filesystem::path& out,
                 run_record record) {
  make_directory(out);
  io::save_options options;
  options.own_entries = own_entries(out);
  io::save_model(b, model.config, model.weights, tokenizer_source, out, options);
  record.about["finished"] = "true";
  write_record(out, record.text());
}

run_record transfer_record(const settings& values, const std::string& mixer,
                           std::uint64_t teacher_hash, int threads) {
  run_record record;
  record.settings = to_yaml(values, {"model"});
  record.run["student"] = mixer;
  record.run["teacher_hash"] = hex(teacher_hash);
  record.about["stage"] = "transfer";
  record.about["threads"] = std::to_string(threads);
  record.about["device"] = device_name;
  record.about["samples"] = "0";
  return record;
}

run_record conversion_record(const settings& values, const std::string& mixer,
                             std::uint64_t teacher_hash, const training_text& text, int threads) {
  run_record record = transfer_record(values, mixer, teacher_hash, threads);
  record.settings = to_yaml(values, {"model", "align", "distill", "extend"});
  add_data(text, record);
  record.about["stage"] = "convert";
  return record;
}

std::int64_t run_stage(const stage_inputs& inputs, const std::string& stage, model_type& model,
                       std::int64_t samples_before, const std::filesystem::path& out) {
  const stage_settings& s = inputs.values.stage(stage);
  require(s.tokens > 0, stage, ".tokens is 0: there is nothing to do; --", stage,
          ".tokens says how many to train on");
  run_record record = record_of(inputs, stage, model, samples_before);
  const std::int64_t samples = samples_before + step_count(s) * s.batch;
  record.about["samples"] = std::to_string(samples);
  if (!inputs.is_restarted && is_finished(out, record)) {
    message("{}: {} is complete\n", stage, out.string());
    const std::vector<std::string> unread = io::read_parameters(inputs.backend, out, model.weights);
    require(unread.empty(), out.string(), ": the model has no place for tensor ",
            unread.empty() ? "" : unread.front());
    return samples;
  }
  // A teacher from nothing is for this context; a student keeps its teacher's when that is longer.
  model.config.max_positions = std::max(model.config.max_positions, s.context);
  const stage_task task{stage, s, out, record.text(), samples_before, inputs.is_restarted};
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
    write_message(memory_plan(stage, s, all, inputs.threads));
    throw;
  }
  save_output(inputs.backend, model, inputs.tokenizer_source, out, record);
  return samples;
}

}  // namespace radlads::program
