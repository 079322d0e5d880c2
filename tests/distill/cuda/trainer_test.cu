// SPDX-License-Identifier: Apache-2.0
// Training on CUDA, where micro-batches are captured graphs: the same bits as without them, step by
// step. That they are the CPU's is what tests/program/cuda.sh looks at.
#include "radlads/distill.hpp"
#include "support/cuda_model.cuh"

#include <cstdint>
#include <memory>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace trainer_test {

using model = cuda_language_model<float>;

class cuda_trainer : public cuda_case<float> {
 protected:
  static constexpr std::int64_t rows = 4, tokens = 20;
  static constexpr int steps = 6;

  model model_of(const std::vector<std::string>& mixers, double factor) {
    const models::config c = small_model(mixers);
    named_values<double> point = model_point(cpu(), c);
    for (auto& [name, values] : point) {
      for (double& each : values) each *= factor;
    }
    return model_on<float>(cuda(), model_at<float>(cpu(), c, convert<float>(point)));
  }

  void put_ids(tensor<std::int32_t, 2, cuda_backend>& ids, int step) {
    write_on_host(cuda(), ids, [&](std::int32_t* to) {
      for (std::int64_t i = 0; i < ids.size(); ++i)
        to[i] = static_cast<std::int32_t>((i * i + (3 + step) * i + step) % 13);
    });
  }

  /// Losses of some steps on ids that change; next(step) is the objective.
  template <class Next>
  std::vector<double> losses(model& trained, distill::trainable what, Next&& next) {
    distill::trainer_options options;
    options.schedule.initial = options.schedule.final = 1e-2;
    options.schedule.steps = steps;
    options.what = what;
    distill::trainer<model> trainer(cuda(), trained, options);
    std::vector<double> result;
    // Memory that comes and goes would have the graphs captured again.
    tensor<std::int32_t, 2, cuda_backend> ids(cuda(), {rows, tokens + 1});
    for (int step = 0; step < steps; ++step) {
      auto& objective = next(step);
      ids.resize(cuda(), {rows, tokens + (objective.needs_targets() ? 1 : 0)});
      put_ids(ids, step);
      result.push_back(trainer.step(cuda(), objective, ids).loss.loss);
    }
    return result;
  }

  /// Objective(models..., options...) once for all steps and once for each.
  template <class Objective, class... Arguments>
  void check(const std::vector<std::string>& mixers, distill::trainable what, std::int64_t batches,
             const Arguments&... arguments) {
    const model teacher = model_of(std::vector<std::string>(mixers.size(), "attention"), 1);
    model trained = model_of(mixers, 0.9), again = model_of(mixers, 0.9);
    const auto make = [&](model& student) {
      if constexpr (std::is_same_v<Objective, distill::next_token<model>>) {
        return std::make_unique<Objective>(student, arguments...);
      } else {
        return std::make_unique<Objective>(teacher, student, arguments...);
      }
    };
    const auto captured = make(trained);
    std::vector<std::unique_ptr<Objective>> plain;
    const auto found = losses(trained, what, [&](int) -> Objective& { return *captured; });
    EXPECT_EQ(found, losses(again, what, [&](int) -> Objective& {
                plain.push_back(make(again));
                return *plain.back();
              }));
    // The first run of a shape allocates, the second shows that none is needed.
    EXPECT_GE(captured->graph().replays(), batches * steps - 2);
    for (const auto& each : plain) EXPECT_LE(each->graph().replays(), batches - 1);
  }
};

TEST_F(cuda_trainer, aligns) {
  check<distill::alignment<model, model>>({"rad_rwkv7", "rad_rwkv7", "rad_rwkv6"},
                                          distill::trainable::mixers, 2,
                                          distill::alignment_options{.micro_batch = 2});
}

TEST_F(cuda_trainer, distills) {
  for (const bool activation_checkpointing : {false, true}) {
    check<distill::distillation<model, model>>(
        {"rad_rwkv7", "attention"}, distill::trainable::everything, 1,
        distill::distillation_options{.micro_batch = rows,
                                      .ce_weight = 0.5,
                                      .activation_checkpointing = activation_checkpointing});
  }
}

TEST_F(cuda_trainer, predicts_the_next_token) {
  check<distill::next_token<model>>({"rad_rwkv6", "rad_rwkv7"}, distill::trainable::everything, 1,
                                    rows);
}

TEST_F(cuda_trainer, finds_a_bad_id_where_there_is_a_graph) {
  const model trained = model_of({"rad_rwkv7"}, 1);
  distill::next_token<model> objective(trained, rows);
  tensor<std::int32_t, 2, cuda_backend> ids(cuda(), {rows, tokens});
  const auto run = [&](std::int32_t id) {
    write_on_host(cuda(), ids, [&](std::int32_t* to) {
      for (std::int64_t i = 0; i < ids.size(); ++i) to[i] = i == 7 ? id : 1;
    });
    objective(cuda(), ids, nullptr);
  };
  for (int i = 0; i < 4; ++i) run(5);
  ASSERT_GT(objective.graph().replays(), 0);
  EXPECT_THROW(run(13), error);
  EXPECT_NO_THROW(run(12));
}

}  // namespace trainer_test
}  // namespace radlads::test
