// SPDX-License-Identifier: Apache-2.0
#pragma once
// A stage from settings, a text and a model to an output directory that says how it was made. A
// stage whose output is complete is not run again; one that was interrupted continues.

#include "radlads/convert/identity.hpp"
#include "radlads/convert/loading.hpp"
#include "radlads/convert/output.hpp"
#include "radlads/convert/record.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/convert/run_loop.hpp"
#include "radlads/convert/settings.hpp"
#include "radlads/convert/settings_text.hpp"
#include "radlads/convert/stage.hpp"
#include "radlads/convert/training_text.hpp"
#include "radlads/core/error.hpp"
#include "radlads/io/parameters.hpp"

#include <algorithm>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace radlads::convert {

/// A stage that memory did not suffice for, by its models' descriptions.
struct failed_stage {
  std::string stage;
  stage_settings settings;
  parallel_settings parallel;
  std::optional<models::config> teacher;  ///< where the stage has one
  models::config trained;
};

/// What the stages of one run have in common. `Train` takes the steps of a stage as train_here
/// does; a program that compiles this elsewhere names a type of its own.
template <class Model, class Ranks = alone, class Train = train_here>
struct stage_inputs {
  const run_context<Model, Ranks>& run;
  teacher_model<Model, Ranks>* teacher = nullptr;  ///< null where a stage has none
  const training_text& text;
  const settings& values;
  std::string text_name;
  std::filesystem::path tokenizer_source;  ///< whose tokenizer files the output takes over
  run_options options = {};
  std::filesystem::path start = {};  ///< directory that the stage's model was read from, if any
  /// Hears of a stage that ran out of memory before the exception leaves it.
  std::function<void(const failed_stage&)> on_out_of_memory = {};
};

namespace detail {

inline void add_data(const training_text& text, run_record& record) {
  record.run["data_hash"] = hex(text.hash);
  record.run["data_tokens"] = std::to_string(text.stream.size());
}

template <class Model, class Ranks, class Train>
run_record record_of(const stage_inputs<Model, Ranks, Train>& inputs, const std::string& stage,
                     const Model& model, std::int64_t samples_before) {
  run_record record;
  record.settings =
      settings_text(inputs.values, stage == "train" ? std::vector<std::string>{"model", "train"}
                                                    : std::vector<std::string>{stage});
  add_data(inputs.text, record);
  record.run["format"] = record_format;
  if (!inputs.start.empty()) record.run.merge(model_identity(inputs.start, "start"));
  // Of the model in memory, which may be one that was just made.
  record.run["start.weights"] = hex(weights_hash(inputs.run.backend, model));
  record.run["samples_before"] = std::to_string(samples_before);
  if (inputs.teacher != nullptr) {
    record.run.insert(inputs.teacher->identity().begin(), inputs.teacher->identity().end());
  } else {
    record.run["tokenizer"] = hex(tokenizer_hash(inputs.tokenizer_source));
  }
  record.about["stage"] = stage;
  record.about["text"] = inputs.text_name;
  record.about["threads"] = std::to_string(inputs.run.threads);
  record.about["device"] = device_name<typename Model::backend_type>;
  record.about["ranks"] = std::to_string(inputs.run.ranks.size());
  record.about["finished"] = "false";
  return record;
}

template <class Model, class Ranks, class Train>
void train_task(const stage_inputs<Model, Ranks, Train>& inputs, Model& model,
                const stage_task& task) {
  teacher_access<Model> teacher;
  if (inputs.teacher != nullptr) {
    teacher.get = [&]() -> const Model& { return inputs.teacher->get(); };
    teacher.release = [&] { inputs.teacher->release(); };
    // Nobody needs the teacher in step 3, and longer contexts need the memory.
    if (task.stage == "extend") teacher.release();
  }
  const take_steps<Model> steps = [&](training<Model>& trained) {
    run_loop<Model, Ranks>(inputs.run, trained, inputs.text.stream, task).take_steps();
  };
  Train()(inputs.run, teacher, model, task, steps);
}

}  // namespace detail

/// Throws when one of these stages is to train in a precision that the backend lacks.
template <class B>
void require_precision(const settings& values, const std::vector<std::string>& stages) {
  for (const std::string& stage : stages) {
    require(values.stage(stage).precision == "float" || trains_rounded<B>, stage, ".precision is ",
            values.stage(stage).precision, ", which the CPU does not train in; ",
            "--device cuda does, or --", stage, ".precision float");
  }
}

/// The record of a student just transferred.
template <class Model, class Ranks>
run_record transfer_record(const run_context<Model, Ranks>& run, const settings& values,
                           const std::string& mixer, const identity& teacher) {
  run_record record;
  record.settings = settings_text(values, {"model"});
  record.run = teacher;
  record.run["format"] = record_format;
  record.run["student"] = mixer;
  record.about["stage"] = "transfer";
  record.about["threads"] = std::to_string(run.threads);
  record.about["device"] = device_name<typename Model::backend_type>;
  record.about["samples"] = "0";
  return record;
}

/// The record of one that has gone through all stages.
template <class Model, class Ranks>
run_record conversion_record(const run_context<Model, Ranks>& run, const settings& values,
                             const std::string& mixer, const identity& teacher,
                             const training_text& text) {
  run_record record = transfer_record(run, values, mixer, teacher);
  record.settings = settings_text(values, {"model", "align", "distill", "extend"});
  detail::add_data(text, record);
  record.about["stage"] = "convert";
  return record;
}

/// Trains `model` by the stage of that name into `out`, for which claim_output gave `lock`, or
/// loads what is complete there. Returns the rows read by now, `samples_before` of them by earlier
/// stages.
template <class Model, class Ranks, class Train>
std::int64_t run_stage(const stage_inputs<Model, Ranks, Train>& inputs, const std::string& stage,
                       Model& model, std::int64_t samples_before, const std::filesystem::path& out,
                       files::directory_lock& lock) {
  const run_context<Model, Ranks>& run = inputs.run;
  const stage_settings& s = inputs.values.stage(stage);
  require(s.tokens > 0, stage, ".tokens is 0: there is nothing to do; --", stage,
          ".tokens says how many to train on");
  require(s.batch >= run.ranks.size(), stage, ".batch is ", s.batch, ", fewer rows than the ",
          run.ranks.size(), " ranks");
  run_record record = detail::record_of(inputs, stage, model, samples_before);
  run_record made_of{record.settings, record.run, {}};
  run.ranks.require_same(made_of.text(), stage + ": what the stage is made from");
  const std::int64_t samples = samples_before + step_count(s) * s.batch;
  record.about["samples"] = std::to_string(samples);
  if (!inputs.options.is_restarted && is_finished(run, out, record)) {
    run.events.tell(stage, ": ", out.string(), " is complete");
    const std::vector<std::string> unread = io::read_parameters(run.backend, out, model.weights);
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
  run.ranks.set_time_limit(static_cast<double>(task.parallel.time_limit));
  // In bf16 the weights lie elsewhere while they are trained; their description stays.
  const models::config trained = model.config;
  try {
    detail::train_task(inputs, model, task);
  } catch (const out_of_memory&) {
    failed_stage failed{stage, s, task.parallel, {}, trained};
    if (inputs.teacher != nullptr && stage != "extend") failed.teacher = inputs.teacher->config();
    if (inputs.on_out_of_memory) inputs.on_out_of_memory(failed);
    throw;
  }
  save_output(run, model, inputs.tokenizer_source, out, record, lock);
  return samples;
}

}  // namespace radlads::convert
