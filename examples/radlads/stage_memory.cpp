// SPDX-License-Identifier: Apache-2.0
// Apart from memory.cpp because it is the same for both devices, and long to compile.

#include "mixers.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/dry_run.hpp"
#include "stage_memory.hpp"

#include <type_traits>
#include <utility>

namespace radlads::program {

namespace {

template <class T>
using plan_model = model_of<T, dry_run_backend>;

}  // namespace

template <class T>
plan plan_stage(const std::string& stage, const stage_settings& s, const stage_models& models,
                std::int64_t rows, distill::trainable what) {
  constexpr bool is_rounded = !std::is_same_v<T, float>;
  dry_run_backend b;
  plan result;
  auto since = [&b, before = std::size_t{0}]() mutable {
    return b.allocated_bytes() - std::exchange(before, b.allocated_bytes());
  };
  plan_model<float> exact_teacher, exact;
  plan_model<T> rounded_teacher, rounded;
  if (models.teacher) {
    exact_teacher.build(b, *models.teacher);
    result.teacher_parameters = parameter_count(exact_teacher.weights);
    if constexpr (is_rounded) {
      rounded_teacher.build(b, *models.teacher);
      exact_teacher.weights = {};
    }
  }
  result.teacher = since();
  exact.build(b, models.trained);
  if constexpr (is_rounded) rounded.build(b, models.trained);
  result.parameters = parameter_count(exact.weights);
  result.weights = since();
  const auto run = [&](plan_model<T>& trained, const plan_model<T>& teacher,
                       auto&&... exact_weights) {
    distill::trainer_options options;
    options.what = what;
    options.schedule.steps =
        1;  // memory does not depend on the rates, nor on how many steps there are
    distill::trainer<plan_model<T>> trainer(b, trained, options, std::move(exact_weights)...);
    result.optimizer = since();
    plan_model<T>::params::for_each(
        [&](const tensor_info& info, const auto& each) {
          const bool has_gradient = stage != "align" || trainer.is_trained(info);
          if (has_gradient) result.gradients += static_cast<std::size_t>(each.size()) * sizeof(T);
        },
        trained.weights);
    const auto step = [&](auto&& objective) {
      tensor<std::int32_t, 2, dry_run_backend> ids(
          b, {rows, s.context + (objective.needs_targets() ? 1 : 0)});
      const std::size_t before = b.allocated_bytes();
      trainer.step(b, objective, ids);
      result.step = b.peak_bytes() - before - result.gradients;
    };
    const plan_model<T>& model = trained;
    using pair = plan_model<T>;
    if (stage == "align") {
      step(distill::alignment<pair, pair>(teacher, model, {.micro_batch = rows}));
    } else if (stage == "distill") {
      step(distill::distillation<pair, pair>(teacher, model,
                                             {.micro_batch = rows,
                                              .kl_weight = s.kl_weight,
                                              .ce_weight = s.ce_weight,
                                              .activation_checkpointing = s.recompute}));
    } else {
      step(distill::next_token<pair>(model, rows, s.recompute));
    }
  };
  if constexpr (is_rounded) {
    run(rounded, rounded_teacher, exact.weights);
  } else {
    run(exact, exact_teacher);
  }
  return result;
}

std::int64_t parameters_of(const models::config& model) {
  dry_run_backend b;
  plan_model<float> counted;
  counted.build(b, model);
  return parameter_count(counted.weights);
}

template plan plan_stage<float>(const std::string&, const stage_settings&, const stage_models&,
                                std::int64_t, distill::trainable);
template plan plan_stage<bf16>(const std::string&, const stage_settings&, const stage_models&,
                               std::int64_t, distill::trainable);

}  // namespace radlads::program
