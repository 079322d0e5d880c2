// SPDX-License-Identifier: Apache-2.0
// A softmax teacher into a RAD-RWKV7 student by the library alone:
//
//   06_convert TEACHER TEXT STUDENT
//
// TEACHER and STUDENT are model directories, TEXT is .txt or .jsonl. SIGINT and SIGTERM save and
// stop; the same command continues from there, as it does after a crash.

#include "radlads/convert.hpp"

#include <csignal>
#include <cstdint>
#include <exception>
#include <iostream>
#include <string>

using namespace radlads;
using student_model =
    models::language_model<float, cpu_backend, layers::attention_mixer, layers::rad_rwkv7_mixer>;

namespace {

volatile std::sig_atomic_t signal_number = 0;
void note_signal(int number) { signal_number = number; }

/// Prints what the library says, one line for every 10 steps, and stops after a signal.
convert::observer watching() {
  convert::observer events;
  events.message = [](const std::string& text) { std::cerr << text << '\n'; };
  events.watch = [](const convert::stage_start& start) {
    convert::stage_watch watch;
    watch.on_step = [start](const convert::stage_progress& now) {
      if (now.steps_done % 10 != 0) return;
      std::cerr << start.stage << ' ' << now.steps_done << '/' << start.steps << ": loss "
                << now.loss << '\n';
    };
    watch.stop_signal = [] { return static_cast<int>(signal_number); };
    return watch;
  };
  return events;
}

/// Four passes over the text in each of the first two steps; the rates are the defaults.
convert::settings settings_for(std::int64_t tokens) {
  convert::settings values;
  for (convert::stage_settings* stage : {&values.align, &values.distill}) {
    stage->tokens = 4 * tokens;
    stage->batch = 4;
    stage->context = 64;
    stage->save_every = 10;
  }
  return values;
}

void run(const std::string& teacher_directory, const std::string& text_file,
         const std::string& out) {
  cpu_backend backend;
  convert::alone ranks;
  const convert::run_context<student_model> run{backend, ranks, watching()};
  convert::teacher_model<student_model> teacher(run, teacher_directory);
  const auto text = convert::read_training_text(run, convert::text_inputs({text_file}),
                                                teacher_directory, teacher.config());
  convert::settings values = settings_for(text.stream.size());
  convert::check_student<student_model>(teacher.config(), "rad_rwkv7", values);
  convert::run_conversion(run, teacher, text, values, {.student = "rad_rwkv7", .out = out});
}

}  // namespace

int main(int count, char** arguments) try {
  if (count != 4) throw error("usage: 06_convert TEACHER TEXT STUDENT");
  std::signal(SIGINT, note_signal);
  std::signal(SIGTERM, note_signal);
  run(arguments[1], arguments[2], arguments[3]);
} catch (const std::exception& problem) {
  std::cerr << problem.what() << '\n';
  return 1;
}
