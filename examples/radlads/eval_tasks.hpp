// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scores of a model, and of its teacher, on evaluation sets: table and JSON.

#include "generation_tests.hpp"
#include "model.hpp"
#include "radlads/evaluate/results.hpp"
#include "radlads/evaluate/task_file.hpp"
#include "radlads/files/json.hpp"
#include "radlads/text/tokenizer.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace radlads::program {

/// Which sets, and how much of them.
struct task_options {
  std::vector<std::string> names;
  std::filesystem::path data;  ///< folder with NAME.jsonl and NAME.fewshot.jsonl
  std::int64_t shots = 0;
  std::int64_t limit = 0;  ///< documents of each set, or of each of its parts; 0 all
  generation_options generation;
};

/// A set that is in memory; tests of generation have no documents.
struct loaded_task {
  std::string name;
  evaluate::task_documents set;
};

/// Figures of a set and its parts; the teacher's stand at the same places, if there is one.
struct scored_task {
  std::string name;
  std::size_t shots = 0;
  std::vector<evaluate::task_result> results, teacher;
};

/// Reads all sets: of names, of YAML files, and tests that need no data. Throws naming file, line
/// and field, the nearest name where there is none, or a set that is named twice.
std::vector<loaded_task> read_tasks(const task_options& options);

/// Scores sets under a model and, unless it is null, its teacher. Both read at most `context` ids
/// of a text, the last ones. Tells how far it is.
std::vector<scored_task> score_tasks(backend_type& b, const model_type& model,
                                     const model_type* teacher, const text::tokenizer& tokenizer,
                                     const std::vector<loaded_task>& tasks,
                                     const task_options& options, std::int64_t context);

/// The table of lm-eval in Markdown; with a teacher, its figures and the relative scores as well.
std::string task_table(const std::vector<scored_task>& tasks);

/// Adds the figures as lm-eval writes them: results.TASK."acc,none" and so on; with a teacher, its
/// own under "teacher" and relative scores under "relative".
void add_task_json(files::json& report, const std::vector<scored_task>& tasks);

}  // namespace radlads::program
