// SPDX-License-Identifier: Apache-2.0
// The figures of evaluation sets as a table and as lm-eval's JSON.

#include "eval_tasks.hpp"
#include "markdown_table.hpp"
#include "radlads/evaluate/metrics.hpp"
#include "radlads/evaluate/strings.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

using evaluate::metric;
using evaluate::task_result;

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

}  // namespace

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
