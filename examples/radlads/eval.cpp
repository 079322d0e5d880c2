// SPDX-License-Identifier: Apache-2.0
// radlads eval: scores of a model on text and on evaluation sets, alone or against its teacher.

#include "begin_token.hpp"
#include "commands.hpp"
#include "documents.hpp"
#include "eval_tasks.hpp"
#include "loading.hpp"
#include "messages.hpp"
#include "model.hpp"
#include "options.hpp"
#include "output_file.hpp"
#include "radlads/core/error.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/distill/evaluate.hpp"
#include "radlads/files/atomic.hpp"
#include "radlads/files/json.hpp"
#include "ranks.hpp"
#include "spread_scores.hpp"
#include "texts.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <limits>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace radlads::program {
namespace {

struct eval_options {
  common_options common;
  std::filesystem::path model, teacher, json;
  std::vector<std::string> text;
  std::optional<std::int64_t> context;
  task_options tasks;
  bool is_overwriting = false;

  std::int64_t text_context() const { return context.value_or(512); }
};

using documents = std::vector<std::vector<std::int32_t>>;

/// The ids of every document, the first `context` of them.
documents encode_documents(const eval_options& o, const text_inputs& given,
                           const text::tokenizer& tokenizer, std::optional<std::int32_t> prefix,
                           int threads) {
  const std::vector<document> texts = make_documents(given.rows(), o.model, false);
  documents result;
  const auto encode = [&](const document& text) {
    return ids_to_score(tokenizer, prefix, text, o.text_context());
  };
  try {
    const auto stream = data::token_stream::from_documents(texts, encode, threads);
    const std::vector<std::int64_t> offsets = stream.document_offsets();
    for (std::size_t i = 0; i + 1 < offsets.size(); ++i) {
      result.emplace_back(static_cast<std::size_t>(offsets[i + 1] - offsets[i]));
      stream.copy(offsets[i], offsets[i + 1] - offsets[i], result.back().data());
    }
  } catch (const error& problem) {
    // The tokenizer does not know where the text came from.
    fail(given.name(), ": ", problem.what());
  }
  return result;
}

/// Bytes of the text that the scored ids decode to.
std::int64_t scored_bytes(const text::tokenizer& tokenizer, const documents& all) {
  std::size_t bytes = 0;
  for (const std::vector<std::int32_t>& ids : all) {
    bytes += tokenizer.decode(std::span(ids).subspan(1)).size();
  }
  return static_cast<std::int64_t>(bytes);
}

files::json json_of(const distill::score& s, bool has_teacher) {
  files::json result = {
      {"tokens", s.tokens}, {"nats_per_token", s.per_token(s.nats)}, {"top1", s.share(s.right)}};
  if (!has_teacher) return result;
  result["kl"] = s.per_token(s.divergence);
  result["agreement"] = s.share(s.agreed);
  result["delta_nats"] = s.per_token(s.nats - s.teacher_nats);
  return result;
}

/// "128-255"; the last bucket ends with the context.
std::string bucket_name(std::size_t bucket, std::int64_t context) {
  const std::int64_t end = std::min(distill::bucket_begin(bucket + 1), context) - 1;
  return fmt::format("{}-{}", distill::bucket_begin(bucket), end);
}

files::json json_of(const distill::evaluation& e, double bits_per_byte, const eval_options& o) {
  const bool has_teacher = !o.teacher.empty();
  files::json result = json_of(e.total, has_teacher);
  result["perplexity"] = std::exp(e.total.per_token(e.total.nats));
  result["bits_per_byte"] = bits_per_byte;
  result["by_position"] = files::json::array();
  for (std::size_t i = 0; i < e.by_position.size(); ++i) {
    files::json bucket = json_of(e.by_position[i], has_teacher);
    bucket["positions"] = bucket_name(i, o.text_context());
    result["by_position"].push_back(std::move(bucket));
  }
  return result;
}

void print_row(const std::string& name, const distill::score& s, bool has_teacher) {
  print("{:>12} {:>10} {:>11.5f} {:>8.2f}", name, s.tokens, s.per_token(s.nats),
        100 * s.share(s.right));
  if (has_teacher) {
    print(" {:>11.5f} {:>9.5f} {:>9.2f}", s.per_token(s.nats - s.teacher_nats),
          s.per_token(s.divergence), 100 * s.share(s.agreed));
  }
  print("\n");
}

void print_tables(const distill::evaluation& e, double bits_per_byte, const eval_options& o) {
  const bool has_teacher = !o.teacher.empty();
  const distill::score& s = e.total;
  print("{}: {:.5f} nats/token, perplexity {:.4f}, {:.4f} bits/byte, top-1 {:.2f} %\n",
        o.model.string(), s.per_token(s.nats), std::exp(s.per_token(s.nats)), bits_per_byte,
        100 * s.share(s.right));
  if (has_teacher) {
    print("against {}: {:+.5f} nats/token, KL {:.5f}, agreement {:.2f} %\n", o.teacher.string(),
          s.per_token(s.nats - s.teacher_nats), s.per_token(s.divergence), 100 * s.share(s.agreed));
  }
  print("\n{:>12} {:>10} {:>11} {:>8}", "position", "tokens", "nats/token", "top-1 %");
  if (has_teacher) print(" {:>11} {:>9} {:>9}", "delta nats", "KL", "agree %");
  print("\n");
  for (std::size_t i = 0; i < e.by_position.size(); ++i) {
    print_row(bucket_name(i, o.text_context()), e.by_position[i], has_teacher);
  }
  print_row("all", s, has_teacher);
}

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

/// Scores text; returns the figures.
files::json run_text(backend_type& b, const eval_options& o, const text_inputs& given,
                     const model_type& model, const model_type* teacher,
                     const text::tokenizer& tokenizer) {
  const documents all = encode_documents(
      o, given, tokenizer, scoring_prefix(tokenizer, model.config), host_threads(o.common));
  const distill::evaluation e = score_spread_documents(b, model, teacher, all);
  require(e.total.tokens > 0, given.name(), ": holds no token to score");
  require(std::isfinite(e.total.nats), o.model.string(), ": the loss on ", given.name(), " is ",
          e.total.nats);
  const double bits_per_byte =
      e.total.nats / std::log(2.0) / static_cast<double>(scored_bytes(tokenizer, all));
  print_tables(e, bits_per_byte, o);
  return json_of(e, bits_per_byte, o);
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
