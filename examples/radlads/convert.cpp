// SPDX-License-Identifier: Apache-2.0
// radlads convert: all steps in a row. The finished model is the output directory itself, the steps
// lie in its folder steps/; a rerun continues where the last one ended.

#include "begin_token.hpp"
#include "commands.hpp"
#include "memory.hpp"
#include "messages.hpp"
#include "model_readme.hpp"
#include "options.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/io/model_description.hpp"
#include "radlads/io/stored_type.hpp"
#include "radlads/parallel/communicator.hpp"
#include "ranks.hpp"
#include "recipe.hpp"
#include "scores.hpp"
#include "stages.hpp"
#include "student.hpp"
#include "texts.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace radlads::program {

namespace {

struct convert_options {
  common_options common;
  settings_options settings;
  std::filesystem::path teacher, out;
  std::vector<std::string> text, eval_text;
  std::string student;
  std::vector<std::int64_t> keep_attention;
  std::int64_t hold_out = 0;
  run_options run;
};

const std::vector<std::string> sections{"model", "align", "distill", "extend", "parallel"};

/// The table of scores on documents that training does not see.
class score_table {
 public:
  score_table(backend_type& b, teacher_model& teacher,
              std::vector<std::vector<std::int32_t>> documents)
      : backend_(b), teacher_(teacher), documents_(std::move(documents)) {}

  void add(const std::string& name, const model_type& model) {
    if (documents_.empty()) return;
    // Each rank scores its documents.
    const auto own = parallel::part_of(static_cast<std::int64_t>(documents_.size()), ranks().rank(),
                                       ranks().size());
    const auto mine =
        std::span(documents_)
            .subspan(static_cast<std::size_t>(own.begin), static_cast<std::size_t>(own.size()));
    const distill::score s =
        ranks().sum(score_documents(backend_, model, &teacher_.get(), mine).total);
    require(s.tokens > 0, "the documents to score hold no tokens to predict");
    if (rows_.empty()) add_row("teacher", s.tokens, s.per_token(s.teacher_nats), 0, 0, 1);
    add_row(name, s.tokens, s.per_token(s.nats), s.per_token(s.nats - s.teacher_nats),
            s.per_token(s.divergence), s.share(s.agreed));
  }

  /// Empty without documents.
  std::string text() const {
    if (rows_.empty()) return "";
    std::string table = fmt::format("{:<12} {:>10} {:>11} {:>9} {:>9} {:>9}\n", "model", "tokens",
                                    "nats/token", "gap", "KL", "agree %");
    for (const std::string& row : rows_) table += row + "\n";
    return table;
  }

 private:
  void add_row(const std::string& name, std::int64_t tokens, double nats, double gap, double kl,
               double agreement) {
    rows_.push_back(fmt::format("{:<12} {:>10} {:>11.5f} {:>9.5f} {:>9.5f} {:>9.2f}", name, tokens,
                                nats, gap, kl, 100 * agreement));
  }

  backend_type& backend_;
  teacher_model& teacher_;
  std::vector<std::vector<std::int32_t>> documents_;
  std::vector<std::string> rows_;
};

/// The files of --eval-text, if it is given.
std::optional<text_inputs> texts_to_score(const convert_options& o, const text_inputs& trained) {
  if (o.eval_text.empty()) return std::nullopt;
  text_inputs scored(o.eval_text);
  require(!scored.has_standard_input() || !trained.has_standard_input(),
          "--text and --eval-text both read standard input, which can be read once");
  require(!scored.holds_ids(), scored.name(),
          ": holds token ids, not text; expected .txt or .jsonl");
  return scored;
}

std::vector<std::vector<std::int32_t>> documents_to_score(const convert_options& o,
                                                          const training_text& text,
                                                          const std::optional<text_inputs>& scored,
                                                          const models::config& teacher,
                                                          std::int64_t context) {
  std::vector<std::vector<std::int32_t>> ids;
  if (!scored && text.held_out.empty()) return ids;
  const text::tokenizer tokenizer = load_tokenizer(o.teacher, teacher);
  const std::optional<std::int32_t> prefix = scoring_prefix(tokenizer, teacher);
  const auto add = [&](const document& document) {
    ids.push_back(scoring_ids(tokenizer, prefix, document, context));
  };
  std::for_each(text.held_out.begin(), text.held_out.end(), add);
  if (!scored) return ids;
  const std::vector<document> documents = make_documents(scored->rows(), o.teacher, false);
  std::for_each(documents.begin(), documents.end(), add);
  return ids;
}

/// The transferred student, made or read back from steps/transfer.
std::unique_ptr<model_type> transferred(backend_type& b, const convert_options& o,
                                        const settings& values, teacher_model& teacher) {
  const std::string mixer = mixer_name(o.student);
  const std::filesystem::path place = o.out / "steps" / "transfer";
  files::directory_lock lock = claim_output(place, o.run.is_overwriting);
  const run_record record =
      transfer_record(values, mixer, teacher.identity(), host_threads(o.common));
  if (!o.run.is_restarted && is_finished(place, record)) return load_model(b, place);
  made_student student = make_student(b, teacher.get(), mixer, values.model);
  save_output(b, *student.model, o.teacher, place, record, lock);
  return std::move(student.model);
}

/// Prints settings and memory.
void run_dry(const convert_options& o, settings values) {
  const models::config teacher = io::read_description(o.teacher).config;
  settle_by_size(values, o.settings, {"align", "distill"}, parameters_of(teacher), std::nullopt);
  complete_student(values.model, teacher);
  write_output(to_yaml(values, sections));
  const models::config student = student_config(teacher, mixer_name(o.student), values.model);
  for (const std::string stage : {"align", "distill", "extend"}) {
    const stage_settings& s = values.stage(stage);
    if (s.tokens == 0) continue;
    stage_models models{teacher, student};
    if (stage == "extend") models.teacher.reset();
    write_output(
        memory_plan(stage, s, models, host_threads(o.common), target_of(o.settings, values)));
  }
}

/// The teacher's type, in which the steps before, from which training continues, are not rounded. A
/// half does not hold every float.
io::dtype type_of_student(backend_type& b, const std::filesystem::path& teacher,
                          const model_type& student) {
  const io::dtype type = io::stored_type_of(teacher);
  if (type != io::dtype::f16) return type;
  constexpr float largest_half = 65504;
  bool fits = true;
  model_type::params::for_each(
      [&](const tensor_info&, const auto& tensor) {
        read_on_host(b, tensor, [&](const float* values) {
          fits = fits && std::all_of(values, values + tensor.size(),
                                     [](float v) { return std::abs(v) <= largest_half; });
        });
      },
      student.weights);
  if (!fits)
    message(
        "convert: the student has values too large for its teacher's F16; it is stored as F32\n");
  return fits ? type : io::dtype::f32;
}

void run(const CLI::App& app, const convert_options& o) {
  settings values = read_settings(app, o.settings, sections);
  if (!o.keep_attention.empty()) values.model.keep_attention = o.keep_attention;
  if (o.settings.is_dry_run) return run_dry(o, values);
  require_precision(values, {"align", "distill", "extend"});
  require_apart(o.out, o.teacher);
  const text_inputs given(o.text);
  const std::optional<text_inputs> scored = texts_to_score(o, given);
  backend_type b(backend_options(o.common));
  teacher_model teacher(b, o.teacher);
  complete_student(values.model, teacher.config());
  student_config(teacher.config(), mixer_name(o.student), values.model);
  const training_text text =
      read_training_text(given, o.teacher, teacher.config(), o.hold_out, host_threads(o.common),
                         has_loss_on_answers(values, {"align", "distill", "extend"}));
  files::directory_lock lock = claim_output(o.out, o.run.is_overwriting);
  settle_by_size(values, o.settings, {"align", "distill"}, teacher.parameters(),
                 text.stream.size());
  score_table table(b, teacher,
                    documents_to_score(o, text, scored, teacher.config(), values.distill.context));

  hold_output(o.out, lock);
  const auto student = transferred(b, o, values, teacher);
  table.add("transferred", *student);
  const stage_inputs inputs{
      b, &teacher, text, values, given.name(), o.teacher, host_threads(o.common), o.run, {}};
  std::int64_t samples = 0;
  for (const std::string stage : {"align", "distill", "extend"}) {
    if (values.stage(stage).tokens == 0) continue;
    const std::filesystem::path place = o.out / "steps" / stage;
    files::directory_lock step_lock = claim_output(place, o.run.is_overwriting);
    samples = run_stage(inputs, stage, *student, samples, place, step_lock);
    table.add(stage, *student);
  }
  run_record record = conversion_record(values, mixer_name(o.student), teacher.identity(), text,
                                        host_threads(o.common));
  record.about["samples"] = std::to_string(samples);
  output_form form{type_of_student(b, o.teacher, *student), {}};
  if (!has_foreign_readme(o.out)) {
    form.texts[readme_name] = model_readme(
        student->config, {base_name(o.out), base_name(o.teacher), record.text(), table.text()});
  }
  save_output(b, *student, o.teacher, o.out, record, lock, form);
  write_output(table.text());
}

}  // namespace

void add_convert(CLI::App& app) {
  CLI::App* command = app.add_subcommand(
      "convert",
      "Turn a softmax teacher into a linear-attention model: transfer, align, distill, extend");
  const auto o = std::make_shared<convert_options>();
  command->add_option("--teacher", o->teacher, "model directory")->required();
  add_texts(*command, "--text", o->text, training_texts_help)->required();
  command->add_option("--student", o->student, student_names("or"))->required();
  command->add_option("--out", o->out, "directory of the finished model; its steps lie in steps/")
      ->required();
  add_list(*command, "--keep-attention", o->keep_attention,
           "layers that stay softmax attention: 4,7");
  add_number(*command, "--hold-out", o->hold_out,
             "keep every N-th document for the table of scores", 0);
  add_texts(*command, "--eval-text", o->eval_text, "documents for the table of scores");
  add_run_options(*command, o->run);
  add_settings(*command, o->settings);
  add_loss_on(*command, o->settings);
  add_common(*command, o->common);
  command->callback([command, o] { run(*command, *o); });
}

}  // namespace radlads::program
