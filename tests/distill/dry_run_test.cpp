// SPDX-License-Identifier: Apache-2.0
// A step of training on the backend that only counts: its parts are the sizes of the tensors.

#include "models/language_model_case.hpp"
#include "radlads/distill/align.hpp"
#include "radlads/distill/distillation.hpp"
#include "radlads/distill/trainer.hpp"
#include "radlads/dry_run.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace radlads::test {
namespace dry_run_test {

template <class T>
using dry_run_model = models::language_model<T, dry_run_backend, layers::attention_mixer,
                                             layers::rad_rwkv7_mixer, layers::rad_rwkv6_mixer>;

distill::trainer_options options() {
  distill::trainer_options o;
  o.schedule.initial = o.schedule.final = 1e-3;
  o.schedule.steps = 10;
  return o;
}

/// Bytes of a step's activations and scratch on `rows` of 32 tokens.
template <class T, class Make>
std::size_t bytes_of_step(std::int64_t rows, const models::config& c, Make&& make) {
  dry_run_backend b;
  dry_run_model<T> teacher, student;
  models::config softmax = c;
  softmax.mixers.assign(c.mixers.size(), "attention");
  teacher.build(b, softmax);
  student.build(b, c);
  distill::trainer<dry_run_model<T>> trainer(b, student, options());
  tensor<std::int32_t, 2, dry_run_backend> ids(b, {rows, 33});
  const std::size_t before = b.allocated_bytes();
  auto objective = make(std::as_const(teacher), std::as_const(student));
  const auto report = trainer.step(b, objective, ids);
  EXPECT_EQ(report.loss.loss, 0);
  EXPECT_EQ(trainer.steps(), 1);
  return b.peak_bytes() - before;
}

TEST(dry_run, model_and_optimizer_are_their_tensors) {
  const models::config c = small_model({"rad_rwkv7", "attention", "rad_rwkv6"});
  dry_run_backend b;
  dry_run_model<float> exact;
  exact.build(b, c);
  const auto count = static_cast<std::size_t>(parameter_count(exact.weights));
  EXPECT_EQ(b.allocated_bytes(), 4 * count);
  dry_run_model<bf16> rounded;
  rounded.build(b, c);
  EXPECT_EQ(b.allocated_bytes(), (4 + 2) * count);
  // Two moments of four bytes; the master is what was there. Gradients come with the first step.
  distill::trainer<dry_run_model<bf16>> trainer(b, rounded, options(), std::move(exact.weights));
  EXPECT_EQ(b.allocated_bytes(), (4 + 2 + 8) * count);
}

TEST(dry_run, activations_grow_with_the_rows_and_activation_checkpointing_needs_fewer) {
  const models::config c = small_model({"rad_rwkv7", "attention", "rad_rwkv6", "rad_rwkv7",
                                        "rad_rwkv7", "rad_rwkv7", "rad_rwkv7", "rad_rwkv7"});
  const auto next_token = [](bool activation_checkpointing) {
    return [=](const auto&, const auto& student) {
      using model = std::remove_cvref_t<decltype(student)>;
      return distill::next_token<model>(student, 1024, activation_checkpointing);
    };
  };
  const std::size_t one = bytes_of_step<float>(256, c, next_token(false));
  const std::size_t two = bytes_of_step<float>(512, c, next_token(false));
  EXPECT_GT(static_cast<double>(two), 1.8 * static_cast<double>(one));
  EXPECT_LT(static_cast<double>(two), 2.2 * static_cast<double>(one));
  EXPECT_LT(2 * bytes_of_step<float>(256, c, next_token(true)), one);
  EXPECT_LT(bytes_of_step<bf16>(256, c, next_token(false)), one);
}

TEST(dry_run, alignment_has_gradients_and_moments_of_mixers_alone) {
  const models::config c = small_model({"rad_rwkv7", "attention", "rad_rwkv7"});
  models::config softmax = c;
  softmax.mixers.assign(3, "attention");
  dry_run_backend b;
  dry_run_model<float> teacher, student;
  teacher.build(b, softmax);
  student.build(b, c);
  const std::size_t models = b.allocated_bytes();
  distill::trainer_options mixers = options();
  mixers.what = distill::trainable::mixers;
  std::size_t trained = 0;
  {
    distill::trainer<dry_run_model<float>> trainer(b, student, mixers);
    dry_run_model<float>::params::for_each(
        [&](const tensor_info& info, const auto& each) {
          if (trainer.is_trained(info)) trained += 4 * static_cast<std::size_t>(each.size());
        },
        student.weights);
    EXPECT_EQ(b.allocated_bytes(), models + 2 * trained);
    distill::alignment<dry_run_model<float>, dry_run_model<float>> objective(teacher, student);
    tensor<std::int32_t, 2, dry_run_backend> ids(b, {2, 8});
    const std::size_t before = b.allocated_bytes();
    trainer.step(b, objective, ids);
    const std::size_t after = b.allocated_bytes();
    trainer.step(b, objective, ids);
    EXPECT_EQ(b.allocated_bytes(), after) << "the second step took memory";
    EXPECT_GT(after, before + trained);
  }
}

TEST(dry_run, alignment_needs_the_activations_of_a_layer) {
  const auto align = [](const auto& teacher, const auto& student) {
    using model = std::remove_cvref_t<decltype(student)>;
    return distill::alignment<model, model>(teacher, student, {.micro_batch = 1024});
  };
  const auto distil = [](const auto& teacher, const auto& student) {
    using model = std::remove_cvref_t<decltype(student)>;
    return distill::distillation<model, model>(teacher, student,
                                               {.micro_batch = 1024, .ce_weight = 1});
  };
  const models::config c =
      small_model({"rad_rwkv7", "rad_rwkv7", "rad_rwkv7", "rad_rwkv7", "rad_rwkv7", "rad_rwkv7"});
  EXPECT_LT(2 * bytes_of_step<float>(256, c, align), bytes_of_step<float>(256, c, distil));
}

}  // namespace dry_run_test
}  // namespace radlads::test
