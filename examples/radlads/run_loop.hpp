// SPDX-License-Identifier: Apache-2.0
#pragma once
// The loop of every training stage: rows from the sampler, a step, a line of metrics, a checkpoint
// now and then. A stage that was interrupted goes on from its newest checkpoint.

#include "interruption.hpp"
#include "model.hpp"
#include "progress.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/data/sampler.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/io/file_descriptor.hpp"
#include "radlads/io/metrics.hpp"
#include "settings.hpp"

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <variant>
#include <vector>

extern template class radlads::distill::trainer<radlads::program::model_type>;

namespace radlads::program {

/// What a loop has to know beside the model.
struct stage_task {
  std::string stage;  ///< "align": for messages
  stage_settings settings;
  std::filesystem::path directory;  ///< of checkpoint/ and metrics.jsonl
  std::string record;  ///< text of resolved.yaml; a checkpoint of another one is refused
  std::int64_t samples_before = 0;  ///< rows that earlier stages have read
  bool is_restarted = false;        ///< whether an older checkpoint is thrown away
};

/// Number of steps: tokens over those of a step, rounded up.
std::int64_t step_count(const stage_settings& stage);

class run_loop {
 public:
  /// Makes the directory, or loads its newest checkpoint into `model`. Rows have one id more than
  /// the context when targets are needed. Throws before anything is written on too short a text.
  run_loop(backend_type& b, model_type& model, const data::token_stream& stream,
           const stage_task& task, bool needs_targets);

  /// Runs all steps that are left and saves the last. Throws `interrupted` after a signal, having
  /// saved.
  template <class Objective>
  void run(Objective& objective) {
    const interruption_guard guard;
    progress line(task_.stage, trainer_.steps(), total_, tokens_per_step(),
                  task_.settings.log_every);
    while (trainer_.steps() < total_) {
      const distill::step_report report = take_step(objective);
      write_metrics(report, line.show(trainer_.steps(), report.loss.loss, report.rate));
      const bool is_last = trainer_.steps() == total_;
      const bool is_stopping = guard.is_requested() && !is_last;
      if (is_last || is_stopping || trainer_.steps() % task_.settings.save_every == 0) save();
      if (is_stopping) stop();
    }
  }

  bool is_done() const { return trainer_.steps() == total_; }

 private:
  template <class Objective>
  distill::step_report take_step(Objective& objective) {
    read_rows();
    try {
      return trainer_.step(backend_, objective, ids_);
    } catch (const error& problem) {
      fail(task_.stage, ": ", problem.what(), "; ", last_checkpoint());
    }
  }

  std::int64_t tokens_per_step() const { return task_.settings.batch * task_.settings.context; }
  void lock();
  void resume();
  void announce() const;
  void read_rows();
  void write_metrics(const distill::step_report& report, double tokens_per_second);
  void save();
  [[noreturn]] void stop() const;
  std::string last_checkpoint() const;

  backend_type& backend_;
  model_type& model_;
  const data::token_stream& stream_;
  stage_task task_;
  std::int64_t total_;
  io::file_descriptor lock_;
  std::variant<data::cubic_sampler, data::epoch_sampler> sampler_;
  distill::trainer<model_type> trainer_;
  std::optional<io::metrics_log> metrics_;
  std::vector<std::int32_t> rows_;
  tensor<std::int32_t, 2, backend_type> ids_;  // (batch, context), or one more with targets
  std::int64_t saved_step_ = 0;
};

}  // namespace radlads::program
