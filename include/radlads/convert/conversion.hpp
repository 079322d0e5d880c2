// SPDX-License-Identifier: Apache-2.0
#pragma once
// All steps of a conversion in a row. The finished model is the output directory itself, the steps
// lie in its folder steps/; a rerun continues where the last one ended.

#include "radlads/convert/loading.hpp"
#include "radlads/convert/output.hpp"
#include "radlads/convert/run_context.hpp"
#include "radlads/convert/settings.hpp"
#include "radlads/convert/stage.hpp"
#include "radlads/convert/stages.hpp"
#include "radlads/convert/student.hpp"
#include "radlads/convert/training_text.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/tensor_info.hpp"
#include "radlads/io/dtype.hpp"
#include "radlads/io/stored_type.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <utility>

namespace radlads::convert {

/// What is converted, and how.
struct conversion {
  std::string student;  ///< a mixer's name, as mixer_name takes it
  std::filesystem::path out;
  run_options options = {};
  std::string text_name = "text";  ///< what the record calls the text
};

/// Where a caller has a part in it.
template <class Model>
struct conversion_hooks {
  /// Called once the output is claimed and before anything is written: may settle settings.
  std::function<void()> on_begin;
  /// A student after a step: "transferred", "align", "distill", "extend".
  std::function<void(const std::string& step, const Model& student)> on_step;
  /// Further files beside the finished model, by name, from its description and its record.
  std::function<std::map<std::string, std::string>(const models::config&, const run_record&)> texts;
  /// Hears of a stage that ran out of memory.
  std::function<void(const failed_stage&)> on_out_of_memory;
};

namespace detail {

/// The transferred student, made or read back from steps/transfer.
template <class Model, class Ranks>
std::unique_ptr<Model> transferred(const run_context<Model, Ranks>& run, const conversion& c,
                                   const settings& values, teacher_model<Model, Ranks>& teacher) {
  const std::string mixer = mixer_name<Model>(c.student);
  const std::filesystem::path place = c.out / "steps" / "transfer";
  files::directory_lock lock = claim_output(run, place, c.options.is_overwriting);
  const run_record record = transfer_record(run, values, mixer, teacher.identity());
  if (!c.options.is_restarted && is_finished(run, place, record)) return load_model(run, place);
  made_student<Model> student = make_student(run.backend, teacher.get(), mixer, values.model);
  save_output(run, *student.model, teacher.directory(), place, record, lock);
  return std::move(student.model);
}

/// The teacher's type, in which the steps before, from which training continues, are not rounded. A
/// half does not hold every float.
template <class Model, class Ranks>
io::dtype type_of_student(const run_context<Model, Ranks>& run,
                          const std::filesystem::path& teacher, const Model& student) {
  const io::dtype type = io::stored_type_of(teacher);
  if (type != io::dtype::f16) return type;
  constexpr float largest_half = 65504;
  bool fits = true;
  Model::params::for_each(
      [&](const tensor_info&, const auto& tensor) {
        read_on_host(run.backend, tensor, [&](const float* values) {
          fits = fits && std::all_of(values, values + tensor.size(),
                                     [](float v) { return std::abs(v) <= largest_half; });
        });
      },
      student.weights);
  if (!fits) {
    run.events.tell(
        "convert: the student has values too large for its teacher's F16; it is stored as F32");
  }
  return fits ? type : io::dtype::f32;
}

}  // namespace detail

/// Throws unless `values` describe a student of this teacher; settles what the teacher decides.
template <class Model>
void check_student(const models::config& teacher, const std::string& student, settings& values) {
  complete_student(values.model, teacher);
  student_config(teacher, mixer_name<Model>(student), values.model);
}

/// Transfers, aligns, distills and extends, leaving out stages of 0 tokens. `values` are those that
/// check_student has seen. Throws `interrupted` when it was stopped and saved.
template <class Model, class Ranks, class Train = train_here>
std::unique_ptr<Model> run_conversion(const run_context<Model, Ranks>& run,
                                      teacher_model<Model, Ranks>& teacher,
                                      const training_text& text, const settings& values,
                                      const conversion& c,
                                      const conversion_hooks<Model>& hooks = {}) {
  require_apart(c.out, teacher.directory());
  files::directory_lock lock = claim_output(run, c.out, c.options.is_overwriting);
  if (hooks.on_begin) hooks.on_begin();
  hold_output(run, c.out, lock);
  std::unique_ptr<Model> student = detail::transferred(run, c, values, teacher);
  const auto tell = [&](const std::string& step) {
    if (hooks.on_step) hooks.on_step(step, *student);
  };
  tell("transferred");
  const stage_inputs<Model, Ranks, Train> inputs{run,       &teacher,    text,
                                                 values,    c.text_name, teacher.directory(),
                                                 c.options, {},          hooks.on_out_of_memory};
  std::int64_t samples = 0;
  for (const std::string stage : {"align", "distill", "extend"}) {
    if (values.stage(stage).tokens == 0) continue;
    const std::filesystem::path place = c.out / "steps" / stage;
    files::directory_lock step_lock = claim_output(run, place, c.options.is_overwriting);
    samples = run_stage(inputs, stage, *student, samples, place, step_lock);
    tell(stage);
  }
  run_record record =
      conversion_record(run, values, mixer_name<Model>(c.student), teacher.identity(), text);
  record.about["samples"] = std::to_string(samples);
  output_form form{detail::type_of_student(run, teacher.directory(), *student), {}};
  if (hooks.texts) form.texts = hooks.texts(student->config, record);
  save_output(run, *student, teacher.directory(), c.out, record, lock, form);
  return student;
}

}  // namespace radlads::convert
