// SPDX-License-Identifier: Apache-2.0
#pragma once
// One training step: loss and gradient of an objective, clip, update. Who reads the data, reports
// and saves is the caller's business.

#include "radlads/core/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/distill/backward_watch.hpp"
#include "radlads/distill/loss_over_ranks.hpp"
#include "radlads/distill/objective.hpp"
#include "radlads/ops/convert.hpp"
#include "radlads/optim/adamw.hpp"
#include "radlads/optim/clip.hpp"
#include "radlads/optim/gradient_sums.hpp"
#include "radlads/optim/schedule.hpp"
#include "radlads/optim/sharded_adamw.hpp"
#include "radlads/parallel/communicator.hpp"
#include "radlads/parallel/flat_tensors.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

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
  optim::sharding shard = optim::sharding::none;  ///< where there are several ranks
  std::int64_t bucket = parallel::usual_bucket;   ///< numbers that ranks send at a time
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

/// Has `watch` told of an objective's backward pass as long as this lives.
template <class Objective>
class watching {
 public:
  watching(Objective& objective, const backward_watch& watch) : objective_(objective) {
    objective.watch(&watch);
  }
  watching(const watching&) = delete;
  watching& operator=(const watching&) = delete;
  ~watching() { objective_.watch(nullptr); }

 private:
  Objective& objective_;
};

/// Optimizer of one stage for `Model`, which it changes in place. Moments exist for the tensors
/// that the stage trains; gradients are allocated in the first step, for the tensors that its
/// objective writes.
///
/// With a communicator of several ranks, each has the same model and runs a part of every batch's
/// rows: all of them then make the same calls, and what one throws in a step all throw. The weights
/// stay the same on all ranks. Gradients travel in the accumulation type.
template <class Model, class Ranks = parallel::single>
class trainer {
 public:
  using B = typename Model::backend_type;
  using params = typename Model::params;
  using scalar = typename Model::scalar_type;
  static constexpr bool is_alone = std::is_same_v<Ranks, parallel::single>;
  /// Whether parameters are of the accumulation type, as moments are.
  static constexpr bool is_exact = std::is_same_v<scalar, accumulate_t<scalar>>;
  /// Parameters themselves or, for a storage type, those of the accumulation type.
  using moments = typename std::conditional_t<is_exact, std::type_identity<Model>,
                                              sums_model<Model>>::type::params;

  trainer(B& b, Model& model, const trainer_options& options) requires is_alone
      : model_(model),
        options_(options) {
    check();
    optimizer_.start(b, model.weights, trained());
  }

  /// Trains as one of `ranks`, which outlive the trainer.
  trainer(B& b, Model& model, const trainer_options& options, Ranks& ranks) requires(!is_alone)
      : model_(model), options_(options), ranks_(&ranks) {
    check();
    share(b);
    if (is_sharded()) {
      sharded_->start(ranks, b, model.weights, trained());
    } else {
      optimizer_.start(b, model.weights, trained());
    }
  }

  /// Trains from `exact`, which becomes the master copy; the model's own weights, of a storage
  /// type, are overwritten with it, rounded.
  trainer(B& b, Model& model, const trainer_options& options, moments&& exact) requires is_alone
      : model_(model),
        options_(options) {
    check();
    optimizer_.start_from(b, model.weights, std::move(exact), trained());
  }

  /// The same as one of `ranks`.
  trainer(B& b, Model& model, const trainer_options& options, moments&& exact,
          Ranks& ranks) requires(!is_alone)
      : model_(model), options_(options), ranks_(&ranks) {
    check();
    share(b);
    if (is_sharded()) {
      sharded_->start_from(ranks, b, model.weights, exact, trained());
      ops::convert_all(b, exact, model.weights);
      optimizer_.master = std::move(exact);
      release_moments();
    } else {
      optimizer_.start_from(b, model.weights, std::move(exact), trained());
    }
  }

  trainer(const trainer&) = delete;
  trainer& operator=(const trainer&) = delete;

  /// Steps taken so far, also those before a resume.
  std::int64_t steps() const { return optimizer_.steps; }
  /// Moments and step count: with the weights, all that a resume needs.
  optim::adamw<params, moments>& optimizer() { return optimizer_; }
  /// The weights as the update changes them: the master copy where there is one. Of a sharded
  /// master the trained tensors are here between collect and release alone.
  moments& exact_weights() {
    if constexpr (optim::adamw<params, moments>::has_master) {
      return optimizer_.master;
    } else {
      return model_.weights;
    }
  }
  /// Brings the model's weights up to exact_weights() after these were loaded.
  void round_weights(B& b) {
    if constexpr (!is_exact) {
      if (!is_sharded()) ops::convert_all(b, optimizer_.master, model_.weights);
    }
  }

  /// Whether each rank has its part of the moments and of a master alone, and optimizer() none.
  bool is_sharded() const { return is_spread() && options_.shard == optim::sharding::optimizer; }

  /// The buckets of the last step's gradients, in the order in which ranks summed them.
  const std::vector<optim::bucket_place>& summed() const requires(!is_alone) {
    return sums_->places();
  }

  /// Brings sharded moments, and the master, to optimizer() on rank 0, to be saved there;
  /// release_moments() frees them. Does nothing where they are not sharded.
  void collect_moments(B& b) {
    if constexpr (!is_alone) {
      if (!is_sharded()) return;
      const bool is_first = ranks_->rank() == 0;
      if (is_first) allocate_moments(b);
      sharded_->collect(*ranks_, b, optimizer_.m, optimizer_.v, model_.weights, trained());
      collect_master(b, is_first);
    }
  }
  void release_moments() {
    if (!is_sharded()) return;
    optimizer_.m = moments{};
    optimizer_.v = moments{};
    if constexpr (!is_exact) {
      moments::for_each(
          [&](const tensor_info& info, auto& each) {
            if (is_trained(info)) each.release();
          },
          optimizer_.master);
    }
  }

  /// Brings a sharded master to exact_weights() on all ranks, for good: no step may follow.
  void collect_weights(B& b) {
    if constexpr (!is_alone && !is_exact) {
      if (!is_sharded()) return;
      sharded_->release_moments();
      collect_master(b, true);
    }
  }

  /// Gives sharded moments a place in optimizer() to be loaded to, on all ranks; adopt_moments()
  /// takes them from there and frees it.
  void prepare_moments(B& b) {
    if (is_sharded()) allocate_moments(b);
  }
  void adopt_moments(B& b) {
    if constexpr (!is_alone) {
      if (!is_sharded()) return;
      sharded_->adopt(*ranks_, b, optimizer_.m, optimizer_.v, trained());
      if constexpr (!is_exact) {
        sharded_->adopt_master(*ranks_, b, optimizer_.master, trained());
        ops::convert_all(b, optimizer_.master, model_.weights);
      }
      release_moments();
    }
  }

  /// One step on ids (rows, tokens), the same on all ranks. Throws, leaving weights and moments as
  /// they were, when loss or gradient is not finite.
  template <class Objective>
  step_report step(B& b, Objective& objective, view_on<const std::int32_t, 2, B> ids) {
    step_report report;
    report.step = optimizer_.steps;
    take_gradients<Objective>(b);
    set_zero_all(b, gradients_);
    try {
      report.loss = take_loss(b, objective, ids);
      const optim::gradient_norm norm = take_norm(b);
      report.gradient_norm = norm.norm;
      const double rest = optim::learning_rate(options_.schedule, report.step);
      const double mixer = options_.mixer_schedule
                               ? optim::learning_rate(*options_.mixer_schedule, report.step)
                               : rest;
      report.rate = options_.what == trainable::everything ? rest : mixer;
      update(b, optim::group_rates{rest, mixer}, norm.factor);
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

  bool is_spread() const {
    if constexpr (is_alone) {
      return false;
    } else {
      return ranks_->size() > 1;
    }
  }

  /// Makes what ranks need to sum gradients.
  void share(B& b) requires(!is_alone) {
    if (!is_spread()) return;
    sums_.emplace(b, options_.bucket);
    watch_.emplace([this](std::int64_t index) { sums_->mark(index); },
                   [this] { sums_->launched(); });
    sharded_.emplace(options_.bucket);
  }

  template <class Objective>
  batch_loss take_loss(B& b, Objective& objective, view_on<const std::int32_t, 2, B> ids) {
    if constexpr (!is_alone) {
      if (is_spread()) return take_loss_of_ranks(b, objective, ids);
    }
    return objective(b, ids, &gradients_);
  }

  /// Sums gradients as the objective's backward pass finishes them, or behind it.
  template <class Objective>
  batch_loss take_loss_of_ranks(B& b, Objective& objective,
                                view_on<const std::int32_t, 2, B> ids) requires(!is_alone) {
    const auto sum = [this](B& beside, const auto& row, const auto& place, auto* staging) {
      if (is_sharded()) return sharded_->sum_bucket(*ranks_, beside, row, place, staging);
      optim::all_reduce_bucket(*ranks_, beside, row, place, staging);
    };
    const auto begin = [&](const auto& visit) {
      sums_->begin(gradients_, trained(), ranks_->rank(), ranks_->size(), visit, sum);
    };
    const auto run = [&] {
      return loss_over_ranks(*ranks_, b, objective, ids, &gradients_, [&] { sums_->finish(); });
    };
    if constexpr (requires(const backward_watch* watch) { objective.watch(watch); }) {
      begin([&](const auto& f) { objective.for_each_by_finish(gradients_, f); });
      const watching<Objective> scope(objective, *watch_);
      return run();
    } else {
      begin([](const auto&) {});
      return run();
    }
  }

  optim::gradient_norm take_norm(B& b) {
    if constexpr (!is_alone) {
      if (is_sharded())
        return sharded_->norm_of_sum(*ranks_, b, gradients_, trained(), options_.clip_norm);
      if (is_spread()) parallel::wait_for_ranks(*ranks_, b);
    }
    return optim::clip(b, gradients_, options_.clip_norm, trained());
  }

  void update(B& b, const optim::group_rates& rates, double factor) {
    const auto rate_of = [&](const tensor_info& info) {
      return is_trained(info) ? rates(info) : 0.0;
    };
    if constexpr (!is_alone) {
      if (is_sharded()) {
        ++optimizer_.steps;
        sharded_->update(*ranks_, b, model_.weights, trained(), options_.adamw, optimizer_.steps,
                         rate_of, factor);
        return;
      }
    }
    optimizer_.update(b, model_.weights, gradients_, rate_of, factor);
  }

  void allocate_moments(B& b) {
    allocate_like(b, model_.weights, optimizer_.m, trained());
    allocate_like(b, model_.weights, optimizer_.v, trained());
    if constexpr (!is_exact) allocate_like(b, model_.weights, optimizer_.master, trained());
  }

  /// Fills in the trained tensors of the master, on ranks that are `to_keep` them.
  void collect_master([[maybe_unused]] B& b, [[maybe_unused]] bool to_keep) requires(!is_alone) {
    if constexpr (!is_exact) {
      if (to_keep) allocate_like(b, model_.weights, optimizer_.master, trained());
      sharded_->collect_master(*ranks_, b, optimizer_.master, model_.weights, trained(), to_keep);
    }
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
  // Only where there are several ranks.
  struct nothing {};
  std::conditional_t<is_alone, nothing, Ranks*> ranks_{};
  std::conditional_t<is_alone, nothing, std::optional<optim::gradient_sums<scalar, B>>> sums_{};
  std::conditional_t<is_alone, nothing, std::optional<backward_watch>> watch_{};
  std::conditional_t<is_alone, nothing, std::optional<optim::sharded_adamw<scalar, B>>> sharded_{};
};

}  // namespace radlads::distill
