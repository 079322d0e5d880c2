// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stages as the commands run them: from settings, a text and a model to an output directory
// that says how it was made. A stage whose output is complete is not run again.

#include "documents.hpp"
#include "identity.hpp"
#include "loading.hpp"
#include "model.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/checkpoint_places.hpp"
#include "radlads/io/dtype.hpp"
#include "record.hpp"
#include "run_loop.hpp"
#include "settings.hpp"

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

namespace CLI {
class App;
}

namespace radlads::program {

/// Step 1 on `student`, in place.
void run_align(backend_type& b, teacher_model& teacher, model_type& student,
               const data::token_stream& stream, const stage_task& task);
/// Step 2 or 2a.
void run_distill(backend_type& b, teacher_model& teacher, model_type& student,
                 const data::token_stream& stream, const stage_task& task);
/// Step 3, and a teacher from scratch.
void run_next_token(backend_type& b, model_type& model, const data::token_stream& stream,
                    const stage_task& task);

/// Options of every command that writes a model's directory.
struct run_options {
  bool is_restarted = false;    ///< whether what an earlier run left is put aside
  bool is_overwriting = false;  ///< whether models of others are replaced
  std::int64_t kept_checkpoints = io::usual_kept_checkpoints;
};

/// Adds --restart, --keep-checkpoints and --overwrite to a command.
void add_run_options(CLI::App& app, run_options& options);

/// What the stages of one program run have in common.
struct stage_inputs {
  backend_type& backend;
  teacher_model* teacher = nullptr;  ///< null where a stage has none
  const training_text& text;
  const settings& values;
  std::string text_name;
  std::filesystem::path tokenizer_source;  ///< whose tokenizer files the output takes over
  int threads = 1;                         ///< of the host, for the record
  run_options options;
  std::filesystem::path start;  ///< directory that the stage's model was read from, if any
};

/// Throws unless a model may be written to `out`: nothing is there, or what this program put there,
/// or `is_overwriting`. Returns the lock of the directory, which holds nothing where there is none
/// yet; throws when another process has it. Puts right what an earlier process left unfinished.
files::directory_lock claim_output(const std::filesystem::path& out, bool is_overwriting);

/// Makes the directory and locks it, unless `lock` holds it already.
void hold_output(const std::filesystem::path& out, files::directory_lock& lock);

/// Throws when `out` is the directory of an input.
void require_apart(const std::filesystem::path& out, const std::filesystem::path& input);

/// Throws when one of these stages is to train in a precision that this program's device lacks.
void require_precision(const settings& values, const std::vector<std::string>& stages);

/// Whether `out` holds the complete output of a run with this record. Throws when it holds that of
/// another one, naming the difference.
bool is_finished(const std::filesystem::path& out, const run_record& record);

/// Rows that all stages behind a model directory have read, 0 when nothing says so.
std::int64_t samples_of(const std::filesystem::path& directory);

/// How a finished model is stored, and the files beside it by name.
struct output_form {
  io::dtype stored_as = io::dtype::f32;
  std::map<std::string, std::string> texts = {};
};

/// Saves a model with its record, marked as complete, where claim_output gave `lock`.
void save_output(backend_type& b, const model_type& model,
                 const std::filesystem::path& tokenizer_source, const std::filesystem::path& out,
                 run_record record, files::directory_lock& lock, const output_form& form = {});

/// The record of a student just transferred, and of one that has gone through all stages.
run_record transfer_record(const settings& values, const std::string& mixer,
                           const identity& teacher, int threads);
run_record conversion_record(const settings& values, const std::string& mixer,
                             const identity& teacher, const training_text& text, int threads);

/// Trains `model` by the stage of that name into `out`, for which claim_output gave `lock`, or
/// loads what is complete there. Returns the rows read by now, `samples_before` of them by earlier
/// stages.
std::int64_t run_stage(const stage_inputs& inputs, const std::string& stage, model_type& model,
                       std::int64_t samples_before, const std::filesystem::path& out,
                       files::directory_lock& lock);

}  // namespace radlads::program
