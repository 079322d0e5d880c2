// SPDX-License-Identifier: Apache-2.0
#pragma once
// A whole conversion of the tiny teacher, which can be stopped after any step.

#include "convert/tiny_conversion.hpp"
#include "radlads/convert/conversion.hpp"
#include "radlads/convert/objectives.hpp"
#include "radlads/cpu.hpp"
#include "support/temporary_directory.hpp"

#include <cstdint>
#include <string>

namespace radlads::test {

class conversion_case : public temporary_directory {
 protected:
  conversion_case() {
    write_tiny_teacher(b_, path("teacher"));
    write_text(path("text.txt"), tiny_text());
    run_.events.message = [this](const std::string& text) { said_ += text + "\n"; };
    run_.events.watch = [this](const convert::stage_start& start) {
      convert::stage_watch watch;
      watch.on_step = [this](const convert::stage_progress&) { ++steps_; };
      watch.stop_signal = [this, stage = start.stage] { return steps_ == stop_after_ ? 15 : 0; };
      return watch;
    };
  }

  /// Converts into a directory of this name. `steps_` counts the steps taken.
  void convert_to(const std::string& name) {
    steps_ = 0;
    said_.clear();
    convert::teacher_model<tiny_model> teacher(run_, path(teacher_));
    const convert::text_inputs files({path(text_).string()});
    const convert::training_text text =
        convert::read_training_text(run_, files, path(teacher_), teacher.config());
    convert::settings values = values_;
    convert::check_student<tiny_model>(teacher.config(), student_, values);
    convert::run_conversion(run_, teacher, text, values, {student_, path(name), options_}, hooks_);
  }

  std::string weights(const std::string& name) const { return get(name + "/model.safetensors"); }

  cpu_backend b_{{.threads = 1}};
  convert::alone ranks_;
  convert::run_context<tiny_model> run_{b_, ranks_};
  convert::settings values_ = tiny_settings();
  convert::run_options options_;
  convert::conversion_hooks<tiny_model> hooks_;
  std::string teacher_ = "teacher", text_ = "text.txt", student_ = "rad_rwkv7", said_;
  std::int64_t steps_ = 0, stop_after_ = -1;
};

}  // namespace radlads::test
