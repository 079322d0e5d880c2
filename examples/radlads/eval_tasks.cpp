// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "eval_tasks.hpp"
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/request.hpp"
#include "radlads/files/folder.hpp"
#include "radlads/text/encoder.hpp"
#include "settings_value.hpp"
#include "spread_scores.hpp"
#include "task_progress.hpp"
#include "task_yaml.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
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

using evaluate::metric;
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

/// What share of the teacher's figure the student has. Others than shares of right answers have no
/// chance to count from.
std::optional<double> relative_of(const task_result& student, const metric& own,
                                  const metric& teacher) {
  if (!evaluate::is_share_right(own.name)) return {};
  return evaluate::relative_score(own.value, teacher.value, student.chance);
}

files::json json_of(const std::optional<double>& value) {
  return value ? files::json(*value) : files::json("N/A");
}

/// "2" is a whole number, "1.0" is not.
files::json version_of(const std::string& version) {
  if (version.find('.') == std::string::npos) return std::stoi(version);
  return std::stod(version);
}

/// One entry of lm-eval's "results". Figures have no filter: ",none".
files::json json_of(const task_result& r) {
  files::json entry = {{"name", r.name}, {"alias", r.name}, {"sample_len", r.documents}};
  for (const metric& m : r.metrics) {
    entry[m.name + ",none"] = m.value;
    entry[m.name + "_stderr,none"] = json_of(m.standard_error);
  }
  return entry;
}

void add_teacher_json(files::json& report, const scored_task& task) {
  for (std::size_t i = 0; i < task.teacher.size(); ++i) {
    const task_result &own = task.results[i], &teacher = task.teacher[i];
    report["teacher"][own.name] = json_of(teacher);
    for (std::size_t j = 0; j < own.metrics.size(); ++j) {
      if (!evaluate::is_share_right(own.metrics[j].name)) continue;
      report["relative"][own.name][own.metrics[j].name + ",none"] =
          json_of(relative_of(own, own.metrics[j], teacher.metrics[j]));
    }
  }
}

/// A line of the table, cell by cell.
using table_row = std::vector<std::string>;

std::string cell(const std::optional<double>& value) {
  return value ? fmt::format("{:.4f}", *value) : "N/A";
}

/// The lines of one set or part; what they share stands in the first alone.
void add_rows(std::vector<table_row>& rows, const scored_task& task, std::size_t index,
              bool has_teacher) {
  const task_result& r = task.results[index];
  for (std::size_t j = 0; j < r.metrics.size(); ++j) {
    const metric& m = r.metrics[j];
    table_row row(3);
    if (j == 0)
      row = {(index > 0 ? " - " : "") + r.name, r.version.empty() ? "N/A" : r.version,
             fmt::format("{}", task.shots)};
    row.insert(row.end(), {m.name, cell(m.value), "±", cell(m.standard_error)});
    if (has_teacher && task.teacher.empty()) row.insert(row.end(), {"N/A", "N/A"});
    if (!task.teacher.empty()) {
      const metric& other = task.teacher[index].metrics[j];
      row.insert(row.end(), {cell(other.value), cell(relative_of(r, m, other))});
    }
    rows.push_back(std::move(row));
  }
}

/// Characters of a cell: of its bytes those that begin one.
std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(evaluate::character_count(text));
}

std::string markdown(const std::vector<table_row>& rows) {
  const std::array<bool, 9> is_number{false, true, true, false, true, false, true, true, true};
  std::vector<std::size_t> widths(rows[0].size(), 3);
  for (const table_row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string space(widths[i] - width_of(rows[n][i]), ' ');
      text += "|" + (is_number[i] ? space + rows[n][i] : rows[n][i] + space);
    }
    text += "|\n";
    if (n > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      text += "|" + std::string(widths[i] - 1, '-') + (is_number[i] ? ":" : "-");
    text += "|\n";
  }
  return text;
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

std::string task_table(const std::vector<scored_task>& tasks) {
  std::vector<table_row> rows{{"Tasks", "Version", "n-shot", "Metric", "Value", "", "Stderr"}};
  const bool has_teacher = std::any_of(tasks.begin(), tasks.end(),
                                       [](const scored_task& t) { return !t.teacher.empty(); });
  if (has_teacher) rows[0].insert(rows[0].end(), {"Teacher", "Relative"});
  for (const scored_task& task : tasks) {
    for (std::size_t i = 0; i < task.results.size(); ++i) add_rows(rows, task, i, has_teacher);
  }
  return markdown(rows);
}

void add_task_json(files::json& report, const std::vector<scored_task>& tasks) {
  for (const scored_task& task : tasks) {
    files::json& parts = report["group_subtasks"][task.name] = files::json::array();
    for (const task_result& r : task.results) {
      report["results"][r.name] = json_of(r);
      if (!r.version.empty()) report["versions"][r.name] = version_of(r.version);
      report["n-shot"][r.name] = task.shots;
      report["n-samples"][r.name] = {{"effective", r.documents}};
      report["chance"][r.name] = r.chance;
      for (const metric& m : r.metrics)
        report["higher_is_better"][r.name][m.name] = evaluate::is_higher_better(m.name);
      if (&r != &task.results[0]) parts.push_back(r.name);
    }
    if (task.results.size() > 1) {
      files::json& whole = report["results"][task.name];
      for (const metric& m : task.results[0].metrics)
        whole["sample_count"][m.name + ",none"] = task.results[0].documents;
      report["groups"][task.name] = whole;
    }
    add_teacher_json(report, task);
  }
}

}  // namespace radlads::program
