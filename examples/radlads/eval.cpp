// SPDX-License-Identifier: Apache-2.0
// radlads eval: scores of a model on text and on evaluation sets, alone or against its teacher.

#include "commands.hpp"
#include "eval_tasks.hpp"
#include "eval_text.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "options.hpp"
#include "output_file.hpp"
#include "radlads/core/error.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/json.hpp"
#include "ranks.hpp"
#include "texts.hpp"

#include <CLI/CLI.hpp>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace radlads::program {
namespace {

/// The teacher, when one is named; it must read the same ids as the model.
std::unique_ptr<model_type> load_teacher(backend_type& b, const eval_options& o,
                                         const text::tokenizer& tokenizer) {
  if (o.teacher.empty()) return nullptr;
  std::unique_ptr<model_type> teacher = load_model(b, o.teacher);
  const text::tokenizer other = load_tokenizer(o.teacher, teacher->config);
  require(other.fingerprint() == tokenizer.fingerprint(), o.teacher.string(), " and ",
          o.model.string(), " have different tokenizers, of ", other.vocabulary_size(), " and ",
          tokenizer.vocabulary_size(), " tokens");
  return teacher;
}

/// Ids that a model reads of a text of an evaluation set.
std::int64_t task_context(const eval_options& o, const models::config& model) {
  if (o.context) return *o.context;
  return model.max_positions > 0 ? model.max_positions : std::numeric_limits<std::int32_t>::max();
}

void run(const eval_options& o) {
  require(!o.text.empty() || !o.tasks.names.empty(), "eval needs --text, --tasks or both");
  // Refuses a place that cannot be written before the work instead of after it.
  if (!o.json.empty() && ranks().is_first()) {
    require_new_file(o.json, o.is_overwriting);
    const files::atomic_file refused_now(o.json);
  }
  for (const std::string& name : o.tasks.names)
    require(name != "divergence" || !o.teacher.empty(),
            "--tasks divergence compares a student with its teacher: give --teacher");
  const std::vector<loaded_task> tasks = read_tasks(o.tasks);
  std::optional<text_inputs> given;
  if (!o.text.empty()) given.emplace(o.text);
  require(ranks().size() == 1 || !given || !given->has_standard_input(),
          "--text - is one process's standard input; ", ranks().size(),
          " ranks all read the text, so give a file");
  backend_type b(backend_options(o.common));
  const std::unique_ptr<model_type> model = load_model(b, o.model);
  const text::tokenizer tokenizer = load_tokenizer(o.model, model->config);
  const std::unique_ptr<model_type> teacher = load_teacher(b, o, tokenizer);
  files::json report = files::json::object();
  if (given) report = run_text(b, o, *given, *model, teacher.get(), tokenizer);
  if (!tasks.empty()) {
    const std::vector<scored_task> scored = score_tasks(b, *model, teacher.get(), tokenizer, tasks,
                                                        o.tasks, task_context(o, model->config));
    write_output((given ? "\n" : "") + task_table(scored));
    add_task_json(report, scored);
  }
  if (!o.json.empty() && ranks().is_first()) files::write_json(o.json, report);
}

void add_task_options(CLI::App& command, task_options& o) {
  CLI::Option* const tasks = add_list(
      command, "--tasks", o.names,
      "evaluation sets: lambada_openai, piqa, arc_easy, arc_challenge, openbookqa, winogrande, "
      "hellaswag, boolq, copa, mmlu, blimp; texts that the model writes: repeat_copy, arithmetic, "
      "needle, repetition and, with --teacher, divergence; others by a file NAME.yaml or rows of "
      "query, choices and gold, of context_options, continuation and gold, or of context and "
      "continuation");
  tasks->type_name("NAME,NAME");
  command.add_option("--data", o.data, "directory of NAME.jsonl for each of --tasks")->needs(tasks);
  add_number(command, "--shots", o.shots,
             "examples before each document, the first of NAME.fewshot.jsonl", 0)
      ->needs(tasks);
  add_number(command, "--limit", o.limit, "documents of each set; 0: all", 0)->needs(tasks);
  add_number(command, "--new-tokens", o.generation.new_tokens,
             "tokens of each text of repetition and divergence", 1)
      ->needs(tasks);
  add_list(command, "--lengths", o.generation.lengths,
           "tokens of needle's texts (default: 256, 512 and 1024)")
      ->needs(tasks);
  add_number(command, "--seed", o.generation.seed, "of needle's texts and of sampled ones")
      ->needs(tasks);
}

}  // namespace

void add_eval(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "eval",
      "Score a model on text: every document begins a fresh sequence and its first tokens are "
      "predicted; and on evaluation sets, as lm-eval does; shares in the JSON file are from 0 to "
      "1");
  const auto o = std::make_shared<eval_options>();
  command->add_option("--model", o->model, "model directory")->required();
  command->add_option("--teacher", o->teacher, "model directory to compare with");
  add_texts(*command, "--text", o->text);
  add_number(*command, "--ctx", o->context,
             "ids of each document, a token in front included (default: 512 of a text, of an "
             "evaluation set what the model was made for)",
             2);
  add_task_options(*command, o->tasks);
  command->add_option("--json", o->json, "file for the figures");
  command->add_flag("--overwrite", o->is_overwriting, overwrite_help);
  add_common(*command, o->common);
  command->callback([o] { run(*o); });
}

}  // namespace radlads::program
