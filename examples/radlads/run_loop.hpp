// SPDX-License-Identifier: Apache-2.0
#pragma once
// The loop of every training stage: rows from the sampler, a step, a line of metrics, a checkpoint
// now and then. A stage that was interrupted continues from its newest checkpoint.

#include "interruption.hpp"
#include "model.hpp"
#include "progress.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/data/sampler.hpp"
#include "radlads/data/token_stream.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/checkpoint_places.hpp"
#include "radlads/io/metrics.hpp"
#include "settings.hpp"

#include <cstdint>
#include <filesystem>
#include <future>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace radlads::program {

/// What a loop has to know beside the model.
struct stage_task {
  std::string stage;  ///< "align": for messages
  stage_settings settings;
  std::filesystem::path directory;  ///< of checkpoint/ and metrics.jsonl
  files::directory_lock& lock;      ///< of the directory; taken when it is made
  std::string record;  ///< text of resolved.yaml; a checkpoint of another one is refused
  std::int64_t samples_before = 0;  ///< rows that earlier stages have read
  bool is_restarted = false;        ///< whether older checkpoints are thrown away
  std::int64_t kept_checkpoints = io::usual_kept_checkpoints;
  parallel_settings parallel{};
};

/// Whether the loss is on marked tokens alone (data/loss_mark.hpp).
bool is_marked(const stage_settings& stage);

/// Number of steps: tokens over those of a step, rounded up.
std::int64_t step_count(const stage_settings& stage);

/// Optimizer options of a stage's settings.
distill::trainer_options trainer_options_of(const stage_settings& settings);

/// A model in training, whatever it trains on and in which precision.
class training {
 public:
  using params = model_type::params;

  virtual ~training() = default;
  virtual bool needs_targets() const = 0;
  virtual distill::step_report step(backend_type& b,
                                    view_on<const std::int32_t, 2, backend_type> ids) = 0;
  virtual std::int64_t& steps() = 0;
  /// What a checkpoint holds, in float.
  virtual params& weights() = 0;
  virtual params& first_moments() = 0;
  virtual params& second_moments() = 0;
  /// Called on all ranks before the moments are read on rank 0, and afterwards.
  virtual void collect_moments(backend_type& b) = 0;
  virtual void release_moments() = 0;
  /// Called on all ranks before weights and moments are loaded, and afterwards.
  virtual void prepare_moments(backend_type& b) = 0;
  virtual void restored(backend_type& b) = 0;
};

class run_loop {
 public:
  /// Makes the directory, or loads its newest checkpoint into `trained`. Rows have one id more than
  /// the context when targets are needed. Throws before anything is written on too short a text.
  run_loop(backend_type& b, training& trained, const data::token_stream& stream,
           const stage_task& task);

  /// Runs all steps that are left and saves the last. Throws `interrupted` after a signal, having
  /// saved.
  void run();

  bool is_done() const { return trained_.steps() == total_; }

 private:
  distill::step_report take_step();
  std::int64_t tokens_per_step() const { return task_.settings.batch * task_.settings.context; }
  void resume();
  /// The newest checkpoint's place, empty when the run begins; leaves the directory clean.
  std::string place_to_resume();
  void resume_from(const std::filesystem::path& place);
  void resume_metrics();
  /// Throws when the checkpoint is of another run; tells of settings that change rounding.
  void check_settings(const std::filesystem::path& place) const;
  /// Throws when step, rows or seed are not those of this run.
  void check_position(const io::checkpoint_state& state, const std::filesystem::path& place) const;
  /// What `read` returns; where it throws, the sentence says which checkpoint is whole.
  template <class F>
  auto or_way_back(const std::filesystem::path& place, F&& read) const;
  void announce() const;
  /// The ids of a step, as ids_ has them.
  std::vector<std::int32_t> rows_of(std::int64_t step) const;
  void write_metrics(const distill::step_report& report, double tokens_per_second);
  void save();
  void write_checkpoint();
  /// Whether any rank was told to stop, since when all are.
  bool is_told_to_stop() const;
  [[noreturn]] void stop() const;
  std::string last_checkpoint() const;

  backend_type& backend_;
  training& trained_;
  const data::token_stream& stream_;
  stage_task task_;
  std::int64_t total_;
  std::variant<data::cubic_sampler, data::epoch_sampler> sampler_;
  std::optional<io::metrics_log> metrics_;
  tensor<std::int32_t, 2, backend_type>
      ids_;  // (batch, context), or one more with targets; then marks
  std::int64_t saved_step_ = 0;
  std::future<std::vector<std::int32_t>> next_rows_;  // goes first: it reads the others
};

}  // namespace radlads::program
