// SPDX-License-Identifier: Apache-2.0
#pragma once
// One stage of training: what it is told, and the interface through which its loop trains a model
// of any precision.

#include "radlads/convert/settings.hpp"
#include "radlads/core/view.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/files/lock.hpp"
#include "radlads/io/checkpoint_places.hpp"
#include "radlads/optim/schedule.hpp"

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>

namespace radlads::convert {

/// What a stage has to know beside the models.
struct stage_task {
  std::string stage;  ///< "align", "distill" (step 2 or 2a), "extend" or "train"
  stage_settings settings;
  std::filesystem::path directory;  ///< of checkpoint/ and metrics.jsonl
  files::directory_lock& lock;      ///< of the directory; taken when it is made
  std::string record;  ///< text of resolved.yaml; a checkpoint of another one is refused
  std::int64_t samples_before = 0;  ///< rows that earlier stages have read
  bool is_restarted = false;        ///< whether older checkpoints are thrown away
  std::int64_t kept_checkpoints = io::usual_kept_checkpoints;
  parallel_settings parallel{};
};

/// The teacher of a stage, or two empty functions.
template <class Model>
struct teacher_access {
  std::function<const Model&()> get;
  std::function<void()> release;  ///< called when the stage has no more use for it
};

/// A model in training, whatever it trains on and in which precision. Its weights and moments are
/// those of `Model`.
template <class Model>
class training {
 public:
  using params = typename Model::params;
  using B = typename Model::backend_type;

  virtual ~training() = default;
  virtual bool needs_targets() const = 0;
  virtual distill::step_report step(B& b, view_on<const std::int32_t, 2, B> ids) = 0;
  virtual std::int64_t& steps() = 0;
  virtual std::int64_t parameters() const = 0;
  /// What a checkpoint holds, in float.
  virtual params& weights() = 0;
  virtual params& first_moments() = 0;
  virtual params& second_moments() = 0;
  /// Called on all ranks before the moments are read on rank 0, and afterwards.
  virtual void collect_moments(B& b) = 0;
  virtual void release_moments() = 0;
  /// Called on all ranks before weights and moments are loaded, and afterwards.
  virtual void prepare_moments(B& b) = 0;
  virtual void restored(B& b) = 0;
};

/// Takes all steps of a training.
template <class Model>
using take_steps = std::function<void(training<Model>&)>;

/// Trains by the objective that a stage names (objectives.hpp).
struct train_here;

/// Whether the loss is on marked tokens alone (data/loss_mark.hpp).
inline bool is_marked(const stage_settings& s) { return s.loss_on == "assistant"; }

namespace detail {

inline double exact_steps(const stage_settings& s) {
  return static_cast<double>(s.tokens) / static_cast<double>(s.context * s.batch);
}

inline optim::schedule_options schedule_of(const stage_settings& s, double initial, double final) {
  optim::schedule_options schedule;
  schedule.shape = optim::decay_shape_of(s.lr_decay_type);
  schedule.initial = initial;
  schedule.final = final;
  schedule.steps = exact_steps(s);
  schedule.warmup_steps = s.warmup_steps;
  schedule.wait = s.lr_wait;
  schedule.endpoint = s.lr_endpoint;
  return schedule;
}

}  // namespace detail

/// Number of steps: tokens over those of a step, rounded up.
inline std::int64_t step_count(const stage_settings& s) {
  return static_cast<std::int64_t>(std::ceil(detail::exact_steps(s)));
}

/// Optimizer options of a stage's settings.
inline distill::trainer_options trainer_options_of(const stage_settings& s) {
  distill::trainer_options options;
  options.schedule = detail::schedule_of(s, s.lr_init, s.lr_final);
  if (s.lr2_init)
    options.mixer_schedule = detail::schedule_of(s, *s.lr2_init, s.lr2_final.value_or(s.lr_final));
  options.adamw = {s.beta1, s.beta2, s.adam_eps, s.weight_decay};
  options.clip_norm = s.gradient_clip_val;
  if (s.trainable == "mixers") options.what = distill::trainable::mixers;
  if (s.trainable == "decay_and_shift") options.what = distill::trainable::decay_and_shift;
  return options;
}

}  // namespace radlads::convert
