// SPDX-License-Identifier: Apache-2.0
#pragma once
// What each stage trains on, for models of any precision. An objective runs as the backend does it
// best: on the CPU parts of a batch side by side, on CUDA as it is.

#include "radlads/convert/run_context.hpp"
#include "radlads/convert/stage.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/ops/convert.hpp"
#include "radlads/optim/sharded_adamw.hpp"
#include "radlads/parallel/communicator.hpp"

#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace radlads::convert {

namespace detail {

/// Makes an objective that trains `trained`, from the arguments of Objective's constructor.
template <class Objective, class B, class Model, class... Arguments>
auto make_objective(B& b, const Model& trained, const Arguments&... arguments) {
  if constexpr (is_on_host<B>) {
    return distill::replicas<Objective, typename Model::params>(
        distill::replica_count(trained.config.hidden, b.threads()), arguments...);
  } else {
    return Objective(arguments...);
  }
}

/// One of the ranks where they speak of this backend's memory, alone elsewhere.
template <class Trained, class Ranks>
using trainer_of =
    std::conditional_t<!std::is_same_v<Ranks, alone> &&
                           parallel::communicator<Ranks, typename Trained::backend_type>,
                       distill::trainer<Trained, Ranks>, distill::trainer<Trained>>;

/// Training of `trained` towards an objective. Where that is of a storage type, the weights of
/// `model`, in float, are its master copy, and lie in the trainer as long as this lives.
template <class Trained, class Model, class Ranks, class Objective>
class training_of final : public training<Model> {
 public:
  using params = typename Model::params;
  using B = typename Model::backend_type;

  training_of(const run_context<Model, Ranks>& run, Trained& trained, Model& model,
              Objective& objective, const stage_task& task)
      : model_(model),
        model_in_training_(trained),
        objective_(objective),
        trainer_(make_trainer(run, trained, model, options_of(task))) {}
  ~training_of() override {
    if constexpr (is_rounded) model_.weights = std::move(trainer_.exact_weights());
  }

  bool needs_targets() const override { return objective_.needs_targets(); }
  distill::step_report step(B& b, view_on<const std::int32_t, 2, B> ids) override {
    return trainer_.step(b, objective_, ids);
  }
  std::int64_t& steps() override { return trainer_.optimizer().steps; }
  std::int64_t parameters() const override { return parameter_count(model_in_training_.weights); }
  params& weights() override { return trainer_.exact_weights(); }
  params& first_moments() override { return trainer_.optimizer().m; }
  params& second_moments() override { return trainer_.optimizer().v; }
  void collect_moments(B& b) override { trainer_.collect_moments(b); }
  void collect_weights(B& b) { trainer_.collect_weights(b); }
  void release_moments() override { trainer_.release_moments(); }
  void prepare_moments(B& b) override { trainer_.prepare_moments(b); }
  void restored(B& b) override {
    trainer_.adopt_moments(b);
    trainer_.round_weights(b);
  }

 private:
  static constexpr bool is_rounded = !std::is_same_v<Trained, Model>;

  static distill::trainer_options options_of(const stage_task& task) {
    distill::trainer_options options = trainer_options_of(task.settings);
    if (task.parallel.shard == "optimizer") options.shard = optim::sharding::optimizer;
    return options;
  }

  using trainer = detail::trainer_of<Trained, Ranks>;

  static trainer make_trainer(const run_context<Model, Ranks>& run, Trained& trained,
                              [[maybe_unused]] Model& model,
                              const distill::trainer_options& options) {
    if constexpr (trainer::is_alone && is_rounded) {
      return trainer(run.backend, trained, options, std::move(model.weights));
    } else if constexpr (trainer::is_alone) {
      return trainer(run.backend, trained, options);
    } else if constexpr (is_rounded) {
      return trainer(run.backend, trained, options, std::move(model.weights), run.ranks);
    } else {
      return trainer(run.backend, trained, options, run.ranks);
    }
  }

  Model& model_;
  const Trained& model_in_training_;
  Objective& objective_;
  trainer trainer_;
};

/// Takes all steps of `objective`, which trains `trained`; the exact weights are those of `model`.
template <class Trained, class Model, class Ranks, class Objective>
void train_towards(const run_context<Model, Ranks>& run, Trained& trained, Model& model,
                   Objective objective, const stage_task& task, const take_steps<Model>& steps) {
  training_of<Trained, Model, Ranks, Objective> one(run, trained, model, objective, task);
  steps(one);
  one.collect_weights(run.backend);
}

template <class B>
std::int64_t rows_at_a_time(const stage_task& task) {
  return task.settings.micro_batch > 0 ? task.settings.micro_batch : usual_micro_batch<B>;
}

/// Step 1 of `trained`.
template <class Trained, class Model, class Ranks>
void align(const run_context<Model, Ranks>& run, const Trained& teacher, Trained& trained,
           Model& model, const stage_task& task, const take_steps<Model>& steps) {
  distill::alignment_options options;
  options.micro_batch = rows_at_a_time<typename Model::backend_type>(task);
  options.is_squared = task.settings.loss == "mse";
  options.is_marked = is_marked(task.settings);
  train_towards(run, trained, model,
                make_objective<distill::alignment<Trained, Trained>>(
                    run.backend, trained, teacher, std::as_const(trained), options),
                task, steps);
}

/// Step 2 or 2a.
template <class Trained, class Model, class Ranks>
void distill_logits(const run_context<Model, Ranks>& run, const Trained& teacher, Trained& trained,
                    Model& model, const stage_task& task, const take_steps<Model>& steps) {
  distill::distillation_options options;
  options.micro_batch = rows_at_a_time<typename Model::backend_type>(task);
  options.kl_weight = task.settings.kl_weight;
  options.ce_weight = task.settings.ce_weight;
  options.activation_checkpointing = task.settings.recompute;
  options.is_marked = is_marked(task.settings);
  train_towards(run, trained, model,
                make_objective<distill::distillation<Trained, Trained>>(
                    run.backend, trained, teacher, std::as_const(trained), options),
                task, steps);
}

/// Step 3, and a teacher from scratch.
template <class Trained, class Model, class Ranks>
void next_token(const run_context<Model, Ranks>& run, Trained& trained, Model& model,
                const stage_task& task, const take_steps<Model>& steps) {
  train_towards(run, trained, model,
                make_objective<distill::next_token<Trained>>(
                    run.backend, trained, std::as_const(trained),
                    rows_at_a_time<typename Model::backend_type>(task), task.settings.recompute,
                    is_marked(task.settings)),
                task, steps);
}

/// A model of the same description; its values are undefined.
template <class Rounded, class Model>
Rounded empty_copy(typename Model::backend_type& b, const Model& model) {
  Rounded copy;
  copy.build(b, model.config);
  return copy;
}

/// The teacher's copy; the teacher itself is let go.
template <class Rounded, class Model>
Rounded rounded_copy(typename Model::backend_type& b, const teacher_access<Model>& teacher) {
  Rounded copy = empty_copy<Rounded>(b, teacher.get());
  ops::convert_all(b, teacher.get().weights, copy.weights);
  teacher.release();
  return copy;
}

}  // namespace detail

/// Trains `model` by the stage of the task, with parameters and activations in T. Where T is not
/// the model's own type, statistics, losses, recurrent states, moments and the master weights stay
/// in that, and the teacher is let go once its rounded copy is made.
template <class T, class Model, class Ranks>
void train_in(const run_context<Model, Ranks>& run, const teacher_access<Model>& teacher,
              Model& model, const stage_task& task, const take_steps<Model>& steps) {
  const bool has_teacher = task.stage == "align" || task.stage == "distill";
  if constexpr (std::is_same_v<T, typename Model::scalar_type>) {
    if (!has_teacher) return detail::next_token(run, model, model, task, steps);
    if (task.stage == "align") return detail::align(run, teacher.get(), model, model, task, steps);
    detail::distill_logits(run, teacher.get(), model, model, task, steps);
  } else {
    using rounded = typename Model::template with_scalar<T>;
    if (!has_teacher) {
      rounded to = detail::empty_copy<rounded>(run.backend, model);
      return detail::next_token(run, to, model, task, steps);
    }
    const rounded from = detail::rounded_copy<rounded>(run.backend, teacher);
    rounded to = detail::empty_copy<rounded>(run.backend, model);
    if (task.stage == "align") return detail::align(run, from, to, model, task, steps);
    detail::distill_logits(run, from, to, model, task, steps);
  }
}

/// Trains `model` by the stage of the task, in the precision of its settings.
template <class Model, class Ranks>
void train(const run_context<Model, Ranks>& run, const teacher_access<Model>& teacher, Model& model,
           const stage_task& task, const take_steps<Model>& steps) {
  if constexpr (trains_rounded<typename Model::backend_type>) {
    if (task.settings.precision == "bf16") return train_in<bf16>(run, teacher, model, task, steps);
  }
  train_in<typename Model::scalar_type>(run, teacher, model, task, steps);
}

/// What a stage trains by, unless its inputs name something else.
struct train_here {
  template <class Model, class Ranks>
  void operator()(const run_context<Model, Ranks>& run, const teacher_access<Model>& teacher,
                  Model& model, const stage_task& task, const take_steps<Model>& steps) const {
    train(run, teacher, model, task, steps);
  }
};

}  // namespace radlads::convert
