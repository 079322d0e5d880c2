// SPDX-License-Identifier: Apache-2.0
#pragma once
// One training step: loss and gradient of an objective, clip, update. Who reads the data, reports
// and saves is the caller's business.

#include "radlads/core/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/ops/convert.hpp"
#include "radlads/optim/adamw.hpp"
#include "radlads/optim/clip.hpp"
#include "radlads/optim/schedule.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>

namespace radlads::distill {

/// Which tensors a stage trains.
enum class trainable {
  everything,
  mixers,           ///< recurrent mixers: step 1
  decay_and_shift,  ///< their decay and the low-rank maps of their token shift: step 3a
};

struct trainer_options {
  optim::schedule_options schedule;
  std::optional<optim::schedule_options> mixer_schedule;  ///< of mixers, else `schedule`
  optim::adamw_options adamw;
  double clip_norm = 1;
  trainable what = trainable::everything;
};

/// What one step reports.
struct step_report {
  std::int64_t step = 0;  ///< counted from 0
  batch_loss loss;
  double gradient_norm = 0;
  double rate = 0;
};

/// The model whose parameters are an optimizer's moments.
template <class Model>
struct sums_model {
  using type = typename Model::template with_scalar<accumulate_t<typename Model::scalar_type>>;
};

/// Optimizer of one stage for `Model`, which it changes in place. Moments exist for the tensors
/// that the stage trains; gradients are allocated in the first step, for the tensors that its
/// objective writes.
template <class Model>
class trainer {
 public:
  using B = typename Model::backend_type;
  using params = typename Model::params;
  using scalar = typename Model::scalar_type;
  /// Parameters themselves or, for a storage type, those of the accumulation type.
  using moments =
      typename std::conditional_t<std::is_same_v<scalar, accumulate_t<scalar>>,
                                  std::type_identity<Model>, sums_model<Model>>::type::params;

  trainer(B& b, Model& model, const trainer_options& options) : model_(model), options_(options) {
    check();
    optimizer_.start(b, model.weights, trained());
  }

  /// Trains from `exact`, which becomes the master copy; the model's own weights, of a storage
  /// type, are overwritten with it, rounded.
  trainer(B& b, Model& model, const trainer_options& options, moments&& exact)
      : model_(model), options_(options) {
    check();
    optimizer_.start_from(b, model.weights, std::move(exact), trained());
  }

  /// Steps taken so far, also those before a resume.
  std::int64_t steps() const { return optimizer_.steps; }
  /// Moments and step count: with the weights, all that a resume needs.
  optim::adamw<params, moments>& optimizer() { return optimizer_; }
  /// The weights as the update changes them: the master copy where there is one.
  moments& exact_weights() {
    if constexpr (optim::adamw<params, moments>::has_master) {
      return optimizer_.master;
    } else {
      return model_.weights;
    }
  }
  /// Brings the model's weights up to exact_weights() after these were loaded.
  void round_weights(B& b) {
    if constexpr (optim::adamw<params, moments>::has_master) {
      ops::convert_all(b, optimizer_.master, model_.weights);
    }
  }

  /// One step on ids (rows, tokens). Throws, leaving weights and moments as they were, when loss or
  /// gradient is not finite.
  template <class Objective>
  step_report step(B& b, Objective& objective, view_on<const std::int32_t, 2, B> ids) {
    step_report report;
    report.step = optimizer_.steps;
    take_gradients<Objective>(b);
    set_zero_all(b, gradients_);
    try {
      report.loss = objective(b, ids, &gradients_);
      const auto counts = [&](const tensor_info& info) { return is_trained(info); };
      const optim::gradient_norm norm = optim::clip(b, gradients_, options_.clip_norm, counts);
      report.gradient_norm = norm.norm;
      const double rest = optim::learning_rate(options_.schedule, report.step);
      const double mixer = options_.mixer_schedule
                               ? optim::learning_rate(*options_.mixer_schedule, report.step)
                               : rest;
      report.rate = options_.what == trainable::everything ? rest : mixer;
      const optim::group_rates rates{rest, mixer};
      optimizer_.update(
          b, model_.weights, gradients_,
          [&](const tensor_info& info) { return is_trained(info) ? rates(info) : 0.0; },
          norm.factor);
    } catch (const out_of_memory&) {
      throw;
    } catch (const error& problem) {
      fail("step ", report.step, ": ", problem.what());
    }
    return report;
  }

  /// Whether this stage trains a tensor.
  bool is_trained(const tensor_info& info) const {
    if (options_.what == trainable::everything) return true;
    if (info.part != tensor_part::recurrent_mixer) return false;
    if (options_.what == trainable::mixers) return true;
    const bool is_factor =
        info.role == tensor_role::low_rank_down || info.role == tensor_role::low_rank_up;
    return info.purpose == tensor_purpose::decay ||
           (info.purpose == tensor_purpose::token_shift && is_factor);
  }

 private:
  void check() {
    optim::require_schedule(options_.schedule);
    if (options_.mixer_schedule) optim::require_schedule(*options_.mixer_schedule);
    optimizer_.options = options_.adamw;
  }

  auto trained() const {
    return [this](const tensor_info& info) { return is_trained(info); };
  }

  /// Before the first step, gradients of the trained tensors; of all where the objective may write
  /// others, also when an earlier one did not.
  template <class Objective>
  void take_gradients(B& b) {
    constexpr bool is_for_mixers = requires {
      requires std::remove_cvref_t<Objective>::trains_mixers_alone;
    };
    if (is_for_mixers && options_.what == trainable::mixers) {
      if (extent_ == extent::none) allocate_like(b, model_.weights, gradients_, trained());
      extent_ = std::max(extent_, extent::trained);
    } else {
      if (extent_ != extent::all) allocate_like(b, model_.weights, gradients_);
      extent_ = extent::all;
    }
  }

  Model& model_;
  trainer_options options_;
  params gradients_;
  enum class extent { none, trained, all };
  extent extent_ = extent::none;  ///< of the tensors that have a gradient
  optim::adamw<params, moments> optimizer_;
};

}  // namespace radlads::distill
