// SPDX-License-Identifier: Apache-2.0
// Several ranks train as one does: losses, norms and weights of 20 steps on the same batches, with
// the moments whole and sharded, and what ranks do together when one of them fails. The ranks are
// threads.

#include "models/language_model_case.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/loss_over_ranks.hpp"
#include "radlads/distill/replicas.hpp"
#include "radlads/distill/trainer.hpp"
#include "support/error_of.hpp"
#include "support/thread_ranks.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {
namespace loss_over_ranks_test {

using B = cpu_backend;
template <class T>
using model_of = models::language_model<T, B, layers::attention_mixer, layers::rad_rwkv7_mixer>;
template <class T>
using trainer_of = distill::trainer<model_of<T>, thread_ranks>;
constexpr std::int64_t steps = 20, rows = 6, tokens = 5;

/// What a run leaves.
struct outcome {
  std::vector<double> losses, layers, norms, weights;
  bool operator==(const outcome&) const = default;
};

std::vector<std::int32_t> batch(std::int64_t step) {
  std::vector<std::int32_t> ids;
  for (std::int64_t i = 0; i < rows * tokens; ++i)
    ids.push_back(static_cast<std::int32_t>((i * i + 5 * step + i * step) % 13));
  return ids;
}

/// A teacher, a student, and a run of one of the stages on them.
template <class T>
class run_of {
 public:
  using model = model_of<T>;

  run_of() {
    teacher_.build(b_, small_model({"attention", "attention"}));
    teacher_.initialise(b_, 3);
    student_.build(b_, small_model({"rad_rwkv7", "attention"}));
    student_.initialise(b_, 5);
    options_.schedule = {.initial = 3e-3, .final = 1e-4, .steps = steps, .warmup_steps = 2};
    options_.adamw.weight_decay = 0.01;
    options_.clip_norm = 0.3;
    options_.bucket = 1000;  // cuts tensors, and has several small ones
  }

  /// A stage's steps from the first on.
  outcome operator()(const std::string& stage, optim::sharding shard, thread_ranks& ranks) {
    options_.shard = shard;
    if (stage == "align") options_.what = distill::trainable::mixers;
    trainer_of<T> trainer(b_, student_, options_, ranks);
    if (stage == "align") {
      distill::alignment<model, model> objective(teacher_, student_, {.micro_batch = 1});
      return train(trainer, objective);
    }
    if (stage == "divergence") {
      sharpen();
      distill::distillation<model, model> objective(teacher_, student_, {.micro_batch = 2});
      return train(trainer, objective);
    }
    if (stage == "distill") {
      distill::distillation<model, model> objective(
          teacher_, student_, {.micro_batch = 2, .kl_weight = 0.7, .ce_weight = 0.3});
      return train(trainer, objective);
    }
    distill::replicas<distill::next_token<model>, typename model::params> objective(
        2, student_, std::int64_t{4});
    return train(trainer, objective);
  }

 private:
  template <class Trainer, class Objective>
  outcome train(Trainer& trainer, Objective& objective) {
    outcome result;
    while (trainer.steps() < steps) {
      const std::vector<std::int32_t> ids = batch(trainer.steps());
      const auto report = trainer.step(b_, objective, {ids.data(), {rows, tokens}});
      result.losses.push_back(report.loss.loss);
      result.norms.push_back(report.gradient_norm);
      result.layers.insert(result.layers.end(), report.loss.layers.begin(),
                           report.loss.layers.end());
    }
    model::params::for_each(
        [&](const std::string&, const auto& each) {
          result.weights.insert(result.weights.end(), each.data(), each.data() + each.size());
        },
        student_.weights);
    return result;
  }

  /// Makes the teacher's logits of size one: of those that it begins with all are nearly the same,
  /// and a divergence of 1e-4 nats has few digits in float.
  void sharpen() {
    model::params::for_each(
        [](const tensor_info& info, auto& each) {
          if (info.role != tensor_role::head && info.role != tensor_role::norm) return;
          for (std::int64_t i = 0; i < each.size(); ++i) each.data()[i] *= 6;
        },
        teacher_.weights);
  }

  B b_{cpu_options{.threads = 1, .poison = true}};
  model teacher_, student_;
  distill::trainer_options options_;
};

/// Largest difference, relative to what is expected.
double largest(const std::vector<double>& found, const std::vector<double>& expected) {
  EXPECT_EQ(found.size(), expected.size());
  double most = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (found[i] != expected[i])
      most = std::max(most, std::abs(found[i] - expected[i]) / std::abs(expected[i]));
  }
  return most;
}

/// Runs on `count` ranks; all ranks must have the same bytes.
template <class T>
outcome on_threads(int count, const std::string& stage, optim::sharding shard) {
  std::vector<outcome> outcomes(static_cast<std::size_t>(count));
  on_ranks(count, [&](thread_ranks& ranks) {
    outcomes[static_cast<std::size_t>(ranks.rank())] = run_of<T>()(stage, shard, ranks);
  });
  for (const outcome& each : outcomes) EXPECT_EQ(each, outcomes.front()) << stage;
  return outcomes.front();
}

/// A stage on several ranks, against the same on one.
template <class T>
void expect_as_one(const std::string& stage, const std::vector<optim::sharding>& shards,
                   double loss_tolerance, double weight_tolerance) {
  const outcome alone = on_threads<T>(1, stage, optim::sharding::none);
  EXPECT_LT(alone.losses.back(), alone.losses.front()) << stage << " does not train";
  for (const int count : {2, 3, 4}) {
    for (const optim::sharding shard : shards) {
      SCOPED_TRACE(concatenate(stage, " on ", count, " ranks, sharded ", static_cast<int>(shard)));
      const outcome found = on_threads<T>(count, stage, shard);
      EXPECT_LT(largest(found.losses, alone.losses), loss_tolerance);
      EXPECT_LT(largest(found.layers, alone.layers), loss_tolerance);
      EXPECT_LT(largest(found.norms, alone.norms), 100 * loss_tolerance);
      EXPECT_LT(relative_error(found.weights, alone.weights), weight_tolerance);
    }
  }
}

constexpr auto whole = optim::sharding::none, sharded = optim::sharding::optimizer;

TEST(ranks, train_as_one_in_double) {
  for (const char* stage : {"align", "divergence", "distill", "next_token"}) {
    expect_as_one<double>(stage, {whole, sharded}, 1e-9, 1e-9);
  }
}
TEST(ranks, train_as_one_in_float) {
  expect_as_one<float>("align", {sharded}, 1e-5, 1e-3);
  expect_as_one<float>("divergence", {whole, sharded}, 1e-5, 1e-3);
  expect_as_one<float>("distill", {whole}, 1e-5, 1e-3);
}
TEST(ranks, give_the_same_bytes_twice) {
  for (const optim::sharding shard : {whole, sharded}) {
    EXPECT_EQ(on_threads<float>(3, "distill", shard), on_threads<float>(3, "distill", shard));
  }
}

TEST(rows_of_rank, are_all_rows_once) {
  const std::vector<std::int32_t> ids(7 * 3);
  const view<const std::int32_t, 2> all(ids.data(), {7, 3});
  const std::int32_t* next = ids.data();
  for (int rank = 0; rank < 3; ++rank) {
    const auto own = distill::rows_of_rank(all, rank, 3);
    EXPECT_EQ(own.pointer, next);
    EXPECT_EQ(own.extent(1), 3);
    next += own.size();
  }
  EXPECT_EQ(next, ids.data() + ids.size());
  EXPECT_EQ(error_of([&] { distill::rows_of_rank(all, 0, 8); }),
            "a batch of 7 rows is too small for 8 ranks: each has at least one row");
}

/// An objective whose gradient is its share, not finite where a rank is to fail.
struct given {
  int rank, bad_loss, bad_gradient;
  using params = model_of<float>::params;

  distill::batch_loss operator()(B&, view<const std::int32_t, 2>, params* grads, double share = 1) {
    require(rank != bad_loss, "align: the loss of layer 2 is nan");
    params::for_each(
        [&](const std::string& name, auto& each) {
          const bool is_bad = rank == bad_gradient && name == "model.norm.weight";
          const double value = is_bad ? std::numeric_limits<double>::infinity() : share;
          for (std::int64_t i = 0; i < each.size(); ++i)
            each.data()[i] += static_cast<float>(value);
        },
        *grads);
    return {share, {}};
  }
};

distill::trainer_options options_of(optim::sharding shard) {
  distill::trainer_options options;
  options.schedule.steps = 9;
  options.shard = shard;
  options.bucket = 50;
  return options;
}

struct without_share {
  distill::batch_loss operator()(B&, view<const std::int32_t, 2>, given::params*) { return {}; }
};

/// Everything that a step may change.
named_values<float> state_of(const model_of<float>& model) {
  return values_by_name<float>(model.weights);
}

TEST(ranks, fail_together_and_change_nothing) {
  for (const auto shard : {optim::sharding::none, optim::sharding::optimizer}) {
    on_ranks(3, [&](thread_ranks& ranks) {
      B b({.threads = 1, .poison = true});
      model_of<float> model;
      model.build(b, small_model({"rad_rwkv7"}));
      model.initialise(b, 5);
      trainer_of<float> trainer(b, model, options_of(shard), ranks);
      const std::vector<std::int32_t> ids(12);
      const auto step = [&](int bad_loss, int bad_gradient) {
        given objective{ranks.rank(), bad_loss, bad_gradient};
        return trainer.step(b, objective, {ids.data(), {4, 3}});
      };
      // The gradient of all ranks is 1 everywhere.
      const auto report = step(-1, -1);
      EXPECT_DOUBLE_EQ(report.loss.loss, 1);
      EXPECT_NEAR(report.gradient_norm,
                  std::sqrt(static_cast<double>(parameter_count(model.weights))), 1e-5);
      const auto before = state_of(model);
      EXPECT_EQ(error_of([&] { step(1, -1); }),
                "step 1: rank 1 of 3: align: the loss of layer 2 is nan");
      EXPECT_EQ(error_of([&] { step(-1, 2); }),
                "step 1: clip: the gradient of model.norm.weight is not finite");
      without_share none;
      EXPECT_EQ(
          error_of([&] {
            trainer.step(b, none, {ids.data(), {4, 3}});
          }),
          "step 1: rank 0 of 3: an objective without a share of the batch trains on one rank");
      EXPECT_EQ(state_of(model), before);
      EXPECT_EQ(step(-1, -1).step, 1);
    });
  }
}

// What is saved is the same file on any number of ranks, and another number continues from it.
TEST(ranks, hand_moments_over_whole) {
  using model_type = model_of<float>;
  const std::vector<std::int32_t> ids(12);
  const auto run = [&](auto& ranks, optim::sharding shard, model_type::params* m,
                       model_type::params* v, B& b) {
    model_type model;
    model.build(b, small_model({"rad_rwkv7"}));
    model.initialise(b, 5);
    trainer_of<float> trainer(b, model, options_of(shard), ranks);
    given objective{ranks.rank(), -1, -1};
    trainer.step(b, objective, {ids.data(), {4, 3}});
    trainer.collect_moments(b);
    if (ranks.rank() == 0) {
      allocate_like(b, trainer.optimizer().m, *m);
      allocate_like(b, trainer.optimizer().v, *v);
      copy_all(b, trainer.optimizer().m, *m);
      copy_all(b, trainer.optimizer().v, *v);
    }
    trainer.release_moments();
    if (!trainer.is_sharded()) return;
    EXPECT_EQ(parameter_count(trainer.optimizer().m), 0);
    // Loaded moments are taken up: collected again, they are what was loaded.
    trainer.prepare_moments(b);
    double next = 1;
    for (auto* set : {&trainer.optimizer().m, &trainer.optimizer().v}) {
      model_type::params::for_each(
          [&](const std::string&, auto& each) {
            for (std::int64_t i = 0; i < each.size(); ++i)
              each.data()[i] = static_cast<float>(next++);
          },
          *set);
    }
    trainer.adopt_moments(b);
    trainer.collect_moments(b);
    if (ranks.rank() != 0) return;
    next = 1;
    for (auto* set : {&trainer.optimizer().m, &trainer.optimizer().v}) {
      for (const auto& [name, values] : values_by_name<float>(*set)) EXPECT_FALSE(values.empty());
      model_type::params::for_each(
          [&](const std::string& name, const auto& each) {
            for (std::int64_t i = 0; i < each.size(); ++i)
              ASSERT_EQ(each.data()[i], static_cast<float>(next++)) << name;
          },
          *set);
    }
  };
  B b({.threads = 1});
  std::vector<named_values<float>> m, v;
  for (const auto& [count, shard] : {std::pair{1, optim::sharding::none},
                                     {2, optim::sharding::none},
                                     {2, optim::sharding::optimizer},
                                     {4, optim::sharding::optimizer}}) {
    model_type::params first, second;
    on_ranks(count, [&](thread_ranks& ranks) {
      B own({.threads = 1, .poison = true});
      run(ranks, shard, &first, &second, ranks.rank() == 0 ? b : own);
    });
    m.push_back(values_by_name<float>(first));
    v.push_back(values_by_name<float>(second));
  }
  // The gradient is 1 everywhere on any of them, up to the clipping factor's last digit.
  for (std::size_t i = 1; i < m.size(); ++i) {
    for (const auto& [name, values] : m.front()) {
      EXPECT_LT(relative_error(m[i].at(name), values), 1e-6) << name;
      EXPECT_LT(relative_error(v[i].at(name), v.front().at(name)), 1e-6) << name;
    }
  }
}

}  // namespace loss_over_ranks_test
}  // namespace radlads::test
