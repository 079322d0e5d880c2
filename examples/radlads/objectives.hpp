// SPDX-License-Identifier: Apache-2.0
#pragma once
// What each stage trains on, for models of any precision. An objective runs as the backend does it
// best: on the CPU parts of a batch side by side, on CUDA as it is.

#include "model.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "ranks.hpp"
#include "run_loop.hpp"
#include "stages.hpp"
#if defined(RADLADS_PROGRAM_CUDA)
#include "cuda/instances.cuh"
#endif

#include <cstdint>
#include <type_traits>
#include <utility>

namespace radlads::program {

/// Makes an objective that trains `trained`, from the arguments of Objective's constructor.
template <class Objective, class B, class Model, class... Arguments>
auto make_objective(B& b, const Model& trained, const Arguments&... arguments) {
  if constexpr (std::is_same_v<B, cpu_backend>) {
    return distill::replicas<Objective, typename Model::params>(
        distill::replica_count(trained.config.hidden, b.threads()), arguments...);
  } else {
    return Objective(arguments...);
  }
}

/// On the CPU one of the ranks of this run, on CUDA alone.
template <class Model>
using trainer_of = std::conditional_t<std::is_same_v<backend_type, cpu_backend>,
                                      distill::trainer<Model, run_ranks>, distill::trainer<Model>>;

/// Training of `trained` towards an objective. Where that is of a storage type, the weights of
/// `model`, in float, are its master copy, and lie in the trainer as long as this lives.
template <class Model, class Objective>
class training_of final : public training {
 public:
  training_of(backend_type& b, Model& trained, model_type& model, Objective& objective,
              const stage_task& task)
      : model_(model),
        objective_(objective),
        trainer_(make_trainer(b, trained, model, options_of(task))) {}
  ~training_of() override {
    if constexpr (is_rounded) model_.weights = std::move(trainer_.exact_weights());
  }

  bool needs_targets() const override { return objective_.needs_targets(); }
  distill::step_report step(backend_type& b,
                            view_on<const std::int32_t, 2, backend_type> ids) override {
    return trainer_.step(b, objective_, ids);
  }
  std::int64_t& steps() override { return trainer_.optimizer().steps; }
  params& weights() override { return trainer_.exact_weights(); }
  params& first_moments() override { return trainer_.optimizer().m; }
  params& second_moments() override { return trainer_.optimizer().v; }
  void collect_moments(backend_type& b) override { trainer_.collect_moments(b); }
  void release_moments() override { trainer_.release_moments(); }
  void prepare_moments(backend_type& b) override { trainer_.prepare_moments(b); }
  void restored(backend_type& b) override {
    trainer_.adopt_moments(b);
    trainer_.round_weights(b);
  }

 private:
  static constexpr bool is_rounded = !std::is_same_v<Model, model_type>;

  static distill::trainer_options options_of(const stage_task& task) {
    distill::trainer_options options = trainer_options_of(task.settings);
    if (task.parallel.shard == "optimizer") options.shard = optim::sharding::optimizer;
    return options;
  }

  static trainer_of<Model> make_trainer(backend_type& b, Model& trained,
                                        [[maybe_unused]] model_type& model,
                                        const distill::trainer_options& options) {
    if constexpr (is_rounded) {
      return trainer_of<Model>(b, trained, options, std::move(model.weights));
    } else if constexpr (trainer_of<Model>::is_alone) {
      return trainer_of<Model>(b, trained, options);
    } else {
      return trainer_of<Model>(b, trained, options, ranks());
    }
  }

  model_type& model_;
  Objective& objective_;
  trainer_of<Model> trainer_;
};

/// Runs all steps of a stage.
template <class Model, class Objective>
void run_stage_on(backend_type& b, Model& trained, model_type& model, Objective objective,
                  const data::token_stream& stream, const stage_task& task) {
  training_of<Model, Objective> one(b, trained, model, objective, task);
  run_loop(b, one, stream, task).run();
}

inline std::int64_t rows_at_a_time(const stage_task& task) {
  return task.settings.micro_batch > 0 ? task.settings.micro_batch : usual_micro_batch;
}

/// Step 1 of `trained`, whose exact weights are those of `model`.
template <class Model>
void align_on(backend_type& b, const Model& teacher, Model& trained, model_type& model,
              const data::token_stream& stream, const stage_task& task) {
  distill::alignment_options options;
  options.micro_batch = rows_at_a_time(task);
  options.is_squared = task.settings.loss == "mse";
  options.is_marked = is_marked(task.settings);
  run_stage_on(b, trained, model,
               make_objective<distill::alignment<Model, Model>>(b, trained, teacher,
                                                                std::as_const(trained), options),
               stream, task);
}

/// Step 2 or 2a.
template <class Model>
void distill_on(backend_type& b, const Model& teacher, Model& trained, model_type& model,
                const data::token_stream& stream, const stage_task& task) {
  distill::distillation_options options;
  options.micro_batch = rows_at_a_time(task);
  options.kl_weight = task.settings.kl_weight;
  options.ce_weight = task.settings.ce_weight;
  options.activation_checkpointing = task.settings.recompute;
  options.is_marked = is_marked(task.settings);
  run_stage_on(b, trained, model,
               make_objective<distill::distillation<Model, Model>>(b, trained, teacher,
                                                                   std::as_const(trained), options),
               stream, task);
}

/// Step 3, and a teacher from scratch.
template <class Model>
void next_token_on(backend_type& b, Model& trained, model_type& model,
                   const data::token_stream& stream, const stage_task& task) {
  run_stage_on(b, trained, model,
               make_objective<distill::next_token<Model>>(
                   b, trained, std::as_const(trained), rows_at_a_time(task),
                   task.settings.recompute, is_marked(task.settings)),
               stream, task);
}

}  // namespace radlads::program
