// SPDX-License-Identifier: Apache-2.0
#pragma once
// The memory of a stage: one step is run on a backend that only counts. `DryModel` is the model on
// dry_run_backend, in float.

#include "radlads/convert/settings.hpp"
#include "radlads/convert/stage.hpp"
#include "radlads/core/dry_run/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/replicas.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/models/config.hpp"
#include "radlads/ops/dry_run/operations.hpp"
#include "radlads/optim/dry_run/adamw.hpp"
#include "radlads/parallel/flat_tensors.hpp"
#include "radlads/recurrence/dry_run/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

namespace radlads::convert {

/// The models of a stage, by their descriptions.
struct stage_models {
  std::optional<models::config> teacher;  ///< where the stage has one
  models::config trained;
};

/// Bytes by kind.
struct stage_memory {
  std::int64_t parameters = 0, teacher_parameters = 0;
  std::size_t teacher = 0, weights = 0, gradients = 0, optimizer = 0, step = 0;
  std::size_t exchange = 0;  ///< what ranks send and receive

  std::size_t total() const { return teacher + weights + gradients + optimizer + step + exchange; }
};

/// On what a stage is to run.
struct memory_target {
  std::int64_t ranks = 1;
  bool is_sharded = false;  ///< whether ranks have a part of the moments each
  int cpu_threads = 0;      ///< of the CPU's backend; 0: a GPU
};

/// One step of a stage on `rows` rows, with these tensors trained. T is the precision: float or
/// bf16, where the student's float weights are there as well, as its master copy.
template <class DryModel, class T>
stage_memory count_stage(const std::string& stage, const stage_settings& s,
                         const stage_models& models, std::int64_t rows, distill::trainable what) {
  constexpr bool is_rounded = !std::is_same_v<T, float>;
  dry_run_backend b;
  using exact_model = DryModel;
  using rounded_model = typename DryModel::template with_scalar<T>;
  stage_memory result;
  auto since = [&b, before = std::size_t{0}]() mutable {
    return b.allocated_bytes() - std::exchange(before, b.allocated_bytes());
  };
  exact_model exact_teacher, exact;
  rounded_model rounded_teacher, rounded;
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
  const auto run = [&](rounded_model& trained, const rounded_model& teacher,
                       auto&&... exact_weights) {
    distill::trainer_options options;
    options.what = what;
    options.schedule.steps =
        1;  // memory does not depend on the rates, nor on how many steps there are
    distill::trainer<rounded_model> trainer(b, trained, options, std::move(exact_weights)...);
    result.optimizer = since();
    rounded_model::params::for_each(
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
    const rounded_model& model = trained;
    using pair = rounded_model;
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

/// Parameters of a model, from its description alone.
template <class DryModel>
std::int64_t parameters_of(const models::config& model) {
  dry_run_backend b;
  DryModel counted;
  counted.build(b, model);
  return parameter_count(counted.weights);
}

namespace detail {

inline std::size_t times(std::size_t bytes, int count) {
  const auto factor = static_cast<std::size_t>(count);
  if (bytes > std::numeric_limits<std::size_t>::max() / 8 / factor) {
    throw out_of_memory(concatenate("memory plan: ", count, " threads with ", bytes,
                                    " bytes each are more than can be counted"));
  }
  return bytes * factor;
}

/// What a rank has: a bucket of gradients on its way; and its part of what is sharded, moments and a
/// master, with its part of the summed gradient and a bucket of new weights.
inline void share_out(stage_memory& m, const memory_target& target, bool has_master) {
  if (target.ranks == 1) return;
  const auto ranks = static_cast<std::size_t>(target.ranks);
  const std::size_t trained = m.optimizer / 2;  // one moment of two, in float
  const std::size_t bucket =
      std::min(trained, sizeof(float) * static_cast<std::size_t>(parallel::usual_bucket));
  m.exchange = bucket;
  if (!target.is_sharded) return;
  const std::size_t part = (trained + ranks - 1) / ranks;
  m.optimizer = 2 * part;
  if (has_master) m.weights -= trained - part;
  m.exchange += bucket + part;
}

}  // namespace detail

/// What a stage with `rows` rows at a time takes of one rank.
template <class DryModel>
stage_memory estimate_memory(const std::string& stage, const stage_settings& s,
                             const stage_models& models, std::int64_t rows,
                             const memory_target& target) {
  const distill::trainable what = trainer_options_of(s).what;
  stage_memory result = s.precision == "bf16"
                            ? count_stage<DryModel, bf16>(stage, s, models, rows, what)
                            : count_stage<DryModel, float>(stage, s, models, rows, what);
  // Each thread trains a part of the batch, with gradients of its own that are summed.
  const bool has_parts = target.cpu_threads > 0 && s.precision != "bf16";
  const int parts =
      has_parts ? distill::replica_count(models.trained.hidden, target.cpu_threads) : 1;
  if (parts > 1) {
    result.step = detail::times(result.step, parts);
    result.gradients = detail::times(result.gradients, parts + 1);
  }
  detail::share_out(result, target, s.precision == "bf16");
  return result;
}

/// Rows of a step that the rank with most of them has.
inline std::int64_t rows_of_rank(const stage_settings& s, const memory_target& target) {
  return (s.batch + target.ranks - 1) / target.ranks;
}

/// The most rows at a time that stay within `bytes`, at most a rank's; 0 when one is too many.
template <class DryModel>
std::int64_t most_rows(const std::string& stage, const stage_settings& s,
                       const stage_models& models, std::size_t bytes, const memory_target& target) {
  const auto is_within = [&](std::int64_t rows) {
    try {
      return estimate_memory<DryModel>(stage, s, models, rows, target).total() <= bytes;
    } catch (const out_of_memory&) {
      return false;  // more than can be counted is more than there is
    }
  };
  std::int64_t fits = 0, too_many = rows_of_rank(s, target) + 1;
  while (fits + 1 < too_many) {
    const std::int64_t middle = fits + (too_many - fits) / 2;
    (is_within(middle) ? fits : too_many) = middle;
  }
  return fits;
}

}  // namespace radlads::convert
