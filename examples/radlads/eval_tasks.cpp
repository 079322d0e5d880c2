// SPDX-License-Identifier: Apache-2.0
#include "begin_token.hpp"
#include "eval_tasks.hpp"
#include "messages.hpp"
#include "radlads/core/error.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/request.hpp"
#include "radlads/text/encoder.hpp"
#include "scores.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace radlads::program {
namespace {

using evaluate::metric;
using evaluate::task_result;

/// Says how many texts of a set are scored: on one line of a terminal, and now and then elsewhere.
class task_progress {
 public:
  task_progress(std::string name, std::size_t total)
      : name_(std::move(name)), total_(total), is_terminal_(::isatty(STDERR_FILENO) == 1) {}
  ~task_progress() {
    if (is_line_open_) write_message("\r\x1b[K");
  }
  task_progress(const task_progress&) = delete;
  task_progress& operator=(const task_progress&) = delete;

  void operator()(std::size_t done) {
    const auto now = clock::now();
    if (now < next_) return;
    next_ = now + (is_terminal_ ? std::chrono::milliseconds(200) : std::chrono::seconds(30));
    if (is_terminal_) {
      message("\r{}: {} of {} texts\x1b[K", name_, done, total_);
      is_line_open_ = true;
    } else {
      message("{}: {} of {} texts\n", name_, done, total_);
    }
  }

 private:
  using clock = std::chrono::steady_clock;

  std::string name_;
  std::size_t total_;
  bool is_terminal_, is_line_open_ = false;
  clock::time_point next_ = clock::now() + std::chrono::seconds(1);
};

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
  const auto scores = score_requests(b, model, requests, [&](std::size_t done) { progress(done); });
  for (const evaluate::likelihood& each : scores) {
    require(std::isfinite(each.log_probability), task.name,
            ": the log-probability of a continuation is ", each.log_probability);
  }
  return evaluate::task_results(task.name, task.set, scores);
}

/// The teacher's figure of the same name, and what share of it the student has. Perplexity has no
/// chance to count from.
std::optional<double> relative_of(const task_result& student, const metric& own,
                                  const metric& teacher) {
  if (own.name == "perplexity") return {};
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
      if (own.metrics[j].name == "perplexity") continue;
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
void add_rows(std::vector<table_row>& rows, const scored_task& task, std::size_t index) {
  const task_result& r = task.results[index];
  for (std::size_t j = 0; j < r.metrics.size(); ++j) {
    const metric& m = r.metrics[j];
    table_row row(3);
    if (j == 0)
      row = {(index > 0 ? " - " : "") + r.name, r.version.empty() ? "N/A" : r.version,
             fmt::format("{}", task.shots)};
    row.insert(row.end(), {m.name, cell(m.value), "±", cell(m.standard_error)});
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

}  // namespace

std::vector<loaded_task> read_tasks(const task_options& options) {
  std::vector<loaded_task> tasks;
  for (const std::string& name : options.names) {
    require(std::count(options.names.begin(), options.names.end(), name) == 1, "--tasks names ",
            name, " twice");
    tasks.push_back(
        {name, evaluate::read_task(options.data, name, static_cast<std::size_t>(options.shots),
                                   static_cast<std::size_t>(options.limit))});
  }
  return tasks;
}

std::vector<scored_task> score_tasks(backend_type& b, const model_type& model,
                                     const model_type* teacher, const text::tokenizer& tokenizer,
                                     const std::vector<loaded_task>& tasks, std::int64_t context) {
  const auto prefix = prefix_token(tokenizer, model.config);
  text::encoder encoder(tokenizer);
  std::vector<scored_task> scored;
  for (const loaded_task& task : tasks) {
    std::vector<evaluate::request> requests;
    try {
      requests = requests_of(task, encoder, prefix, context);
    } catch (const error& problem) {
      fail(task.name, ": ", problem.what());
    }
    scored_task& s = scored.emplace_back();
    s.name = task.name;
    s.shots = task.set.shots;
    s.results = results_of(b, model, task, requests);
    if (teacher != nullptr) s.teacher = results_of(b, *teacher, task, requests);
  }
  return scored;
}

std::string task_table(const std::vector<scored_task>& tasks) {
  std::vector<table_row> rows{{"Tasks", "Version", "n-shot", "Metric", "Value", "", "Stderr"}};
  if (!tasks.empty() && !tasks[0].teacher.empty())
    rows[0].insert(rows[0].end(), {"Teacher", "Relative"});
  for (const scored_task& task : tasks) {
    for (std::size_t i = 0; i < task.results.size(); ++i) add_rows(rows, task, i);
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
        report["higher_is_better"][r.name][m.name] = m.name != "perplexity";
      if (&r != &task.results[0]) parts.push_back(r.name);
    }
    if (task.results.size() > 1) {
      files::json& whole = report["results"][task.name];
      whole["sample_count"] = {{"acc,none", task.results[0].documents}};
      report["groups"][task.name] = whole;
    }
    add_teacher_json(report, task);
  }
}

}  // namespace radlads::program
