// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "eval_tasks.hpp"
#include "radlads/core/error.hpp"
#include "radlads/evaluate/request.hpp"
#include "radlads/files/folder.hpp"
#include "radlads/text/encoder.hpp"
#include "settings_value.hpp"
#include "spread_scores.hpp"
#include "task_progress.hpp"
#include "task_yaml.hpp"

#include <cmath>
#include <cstddef>
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

using evaluate::task_result;

std::vector<evaluate::request> requests_of(const loaded_task& task, text::encoder& encoder,
                                           std::optional<std::int32_t> prefix,
                                           std::int64_t context) {
  std::vector<evaluate::request> requests;
  for (const evaluate::scored_text& text : evaluate::all_options(task.set)) {
    requests.push_back(evaluate::encode_request(
        text, [&](std::string_view t) { return encoder.encode_document(t); },
        [&](std::string_view t) { return encoder.encode(t); }, prefix));
    evaluate::truncate(requests.back(), context);
  }
  return requests;
}

std::vector<task_result> results_of(backend_type& b, const model_type& model,
                                    const loaded_task& task,
                                    const std::vector<evaluate::request>& requests) {
  task_progress progress(task.name, requests.size());
  const auto scores =
      score_spread_requests(b, model, requests, [&](std::size_t done) { progress(done); });
  for (const evaluate::likelihood& each : scores) {
    require(std::isfinite(each.log_probability), "the log-probability of a continuation is ",
            each.log_probability);
  }
  return evaluate::task_results(task.name, task.set, scores);
}

/// Names of sets: those that have forms of their own, and the files of the folder.
std::vector<std::string> known_names(const std::filesystem::path& data) {
  std::vector<std::string> names;
  for (const evaluate::task& each : evaluate::named_tasks) names.push_back(each.name);
  for (const evaluate::task& each : evaluate::written_tasks) names.push_back(each.name);
  names.insert(names.end(), generation_tests.begin(), generation_tests.end());
  std::error_code code;
  for (const auto& entry : files::folder_entries(data, code)) {
    const std::filesystem::path file = entry.path().filename();
    const bool is_set = file.extension() == ".jsonl" && file.stem().extension() != ".fewshot";
    if (is_set) names.push_back(file.stem().string());
  }
  return names;
}

/// A set of a name, or of a YAML file.
loaded_task read_one(const task_options& o, const std::string& name) {
  if (is_generation_test(name)) return {name, {}};
  const auto shots = static_cast<std::size_t>(o.shots), limit = static_cast<std::size_t>(o.limit);
  require(!o.data.empty(), "--tasks ", name, " needs --data, the directory of its rows");
  if (name.ends_with(".yaml") || name.ends_with(".yml")) {
    const yaml_task own = read_task_yaml(name);
    return {own.kind.name, evaluate::read_task(o.data, own.data, own.kind, shots, limit)};
  }
  std::error_code code;
  const auto file_of = [&](const std::string& stem) { return o.data / (stem + ".jsonl"); };
  const evaluate::task* const known = evaluate::find_task(name);
  std::string stem = name;
  if (!std::filesystem::exists(file_of(name), code) && known && !known->other_file.empty())
    stem = known->other_file;
  const bool is_there = std::filesystem::exists(file_of(stem), code);
  require(is_there || known == nullptr, file_of(name).string(), ": there is no such file");
  require(is_there, file_of(name).string(), ": there is no such file; the set nearest to ", name,
          " is ", nearest(name, known_names(o.data)));
  const evaluate::task kind = known ? *known : evaluate::task_of_file(o.data, stem);
  return {name, evaluate::read_task(o.data, stem, kind, shots, limit)};
}

}  // namespace

std::vector<loaded_task> read_tasks(const task_options& options) {
  std::vector<loaded_task> tasks;
  for (const std::string& name : options.names) {
    loaded_task task = read_one(options, name);
    for (const loaded_task& other : tasks)
      require(other.name != task.name, "--tasks names ", task.name, " twice");
    tasks.push_back(std::move(task));
  }
  return tasks;
}

std::vector<scored_task> score_tasks(backend_type& b, const model_type& model,
                                     const model_type* teacher, const text::tokenizer& tokenizer,
                                     const std::vector<loaded_task>& tasks,
                                     const task_options& options, std::int64_t context) {
  const auto prefix = prefix_token(tokenizer, model.config);
  text::encoder encoder(tokenizer);
  std::vector<scored_task> scored;
  for (const loaded_task& task : tasks) {
    scored_task& s = scored.emplace_back();
    s.name = task.name;
    s.shots = task.set.shots;
    // A writing model reads what it wrote, so that both need their own pass.
    const auto score = [&](const model_type& m, const std::vector<evaluate::request>& requests) {
      const generation_subject subject{b, m, tokenizer, context};
      if (is_generation_test(task.name))
        return run_generation_test(subject, teacher, task.name, options.generation, options.limit);
      if (task.set.kind.form == evaluate::task_form::generation)
        return run_written_task(subject, task.name, task.set);
      return results_of(b, m, task, requests);
    };
    try {
      std::vector<evaluate::request> requests;
      if (task.set.kind.form != evaluate::task_form::generation)
        requests = requests_of(task, encoder, prefix, context);
      s.results = score(model, requests);
      const bool has_teacher = teacher != nullptr && task.name != "divergence";
      if (has_teacher) s.teacher = score(*teacher, requests);
    } catch (const error& problem) {
      fail(task.name, ": ", problem.what());
    }
  }
  return scored;
}

}  // namespace radlads::program
