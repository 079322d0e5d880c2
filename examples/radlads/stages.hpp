// SPDX-License-Identifier: Apache-2.0
#pragma once
// The stages as the commands run them: from settings, a text and a model to an output directory
// that says how it was made. A stage whose output is complete is not run again.

#include "documents.hpp"
#include "loading.hpp"
#include "model.hpp"
#include "record.hpp"
#include "run_loop.hpp"
#include "settings.hpp"

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace radlads::program {

/// Step 1 on `student`, in place.
void run_align(backend_type& b, teacher_model& teacher, model_type& student,
               const data::token_stream& stream, const stage_task& task);
/// Step 2 or 2a.
void run_distill(backend_type& b, teacher_model& teacher, model_type& student,
                 const data::token_stream& stream, const stage_task& task);
/// Step 3, and a teacher from nothing.
void run_next_token(backend_type& b, model_type& model, const data::token_stream& stream,
                    const stage_task& task);

/// What the stages of one program run have in common.
struct stage_inputs {
  backend_type& backend;
  teacher_model* teacher = nullptr;  ///< null where a stage has none
  const training_text& text;
  const settings& values;
  std::filesystem::path text_path;
  std::filesystem::path tokenizer_source;  ///< whose tokenizer files the output takes over
  int threads = 1;                         ///< of the host, for the record
  bool is_restarted = false;               ///< whether what an earlier run left is put aside
};

/// Throws unless a model may be written to `out`: nothing is there, or what this program put there.
void check_output(const std::filesystem::path& out);

/// Throws when `out` is the directory of an input.
void require_apart(const std::filesystem::path& out, const std::filesystem::path& input);

/// Throws when one of these stages is to train in a precision that this program's device lacks.
void require_precision(const settings& values, const std::vector<std::string>& stages);

/// Whether `out` holds the complete output of a run with this record. Throws when it holds that of
/// another one, naming the difference.
bool is_finished(const std::filesystem::path& out, const run_record& record);

/// Rows that all stages behind a model directory have read, 0 when nothing says so.
std::int64_t samples_of(const std::filesystem::path& directory);

/// Saves a model with its record, marked as complete.
void save_output(backend_type& b, const model_type& model,
                 const std::filesystem::path& tokenizer_source, const std::filesystem::path& out,
                 run_record record);

/// The record of a student just transferred, and of one that has gone through all stages.
run_record transfer_record(const settings& values, const std::string& mixer,
                           std::uint64_t teacher_hash, int threads);
run_record conversion_record(const settings& values, const std::string& mixer,
                             std::uint64_t teacher_hash, const training_text& text, int threads);

/// Trains `model` by the stage of that name into `out`, or loads what is complete there. Returns
/// the rows read by now, `samples_before` of them by earlier stages.
std::int64_t run_stage(const stage_inputs& inputs, const std::string& stage, model_type& model,
                       std::int64_t samples_before, const std::filesystem::path& out);

}  // namespace radlads::program
