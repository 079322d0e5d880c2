// SPDX-License-Identifier: Apache-2.0
#include "convert/tiny_conversion.hpp"
#include "radlads/convert/memory.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>

namespace radlads::convert {
namespace memory_test {

using dry_model = models::language_model<float, dry_run_backend, layers::attention_mixer,
                                         layers::rad_rwkv7_mixer>;

stage_models some_models() {
  models::config student = test::tiny_teacher();
  student.mixers = {"rad_rwkv7", "rad_rwkv7"};
  return {test::tiny_teacher(), student};
}

stage_settings some_stage() {
  stage_settings s;
  s.batch = 8;
  s.context = 16;
  s.tokens = 8 * 16;
  return s;
}

stage_memory of(std::int64_t rows, const memory_target& target = {}) {
  return estimate_memory<dry_model>("distill", some_stage(), some_models(), rows, target);
}

TEST(stage_memory, its_parts_are_the_sizes_of_the_tensors) {
  const stage_memory m = of(1);
  EXPECT_EQ(m.parameters, parameters_of<dry_model>(some_models().trained));
  EXPECT_EQ(m.teacher_parameters, parameters_of<dry_model>(*some_models().teacher));
  const auto bytes = static_cast<std::size_t>(m.parameters) * sizeof(float);
  EXPECT_EQ(m.gradients, bytes);
  EXPECT_GE(m.weights, bytes);
  EXPECT_GE(m.optimizer, 2 * bytes);
  EXPECT_EQ(m.exchange, 0u);
  EXPECT_EQ(m.total(), m.teacher + m.weights + m.gradients + m.optimizer + m.step);
}

TEST(stage_memory, a_moment_has_the_size_of_the_weights) {
  const stage_memory m = of(1);
  const auto bytes = static_cast<std::size_t>(m.parameters) * sizeof(float);
  EXPECT_LT(m.optimizer, 3 * bytes);
}

TEST(stage_memory, each_thread_has_gradients_of_its_own) {
  const auto of_threads = [&](int threads) {
    return estimate_memory<dry_model>("distill", some_stage(), some_models(), 1,
                                      {.cpu_threads = threads});
  };
  const int parts = distill::replica_count(some_models().trained.hidden, 4);
  ASSERT_GT(parts, 1);
  const stage_memory one = of_threads(0), several = of_threads(4);
  EXPECT_EQ(several.gradients, one.gradients * static_cast<std::size_t>(parts + 1));
  EXPECT_EQ(several.step, one.step * static_cast<std::size_t>(parts));
}

TEST(stage_memory, ranks_share_moments_and_exchange_gradients) {
  const stage_memory one = of(1), two = of(1, {.ranks = 2, .is_sharded = true});
  EXPECT_EQ(two.optimizer, (one.optimizer + 1) / 2);
  EXPECT_GT(two.exchange, 0u);
  EXPECT_EQ(of(1, {.ranks = 2}).optimizer, one.optimizer);
}

TEST(stage_memory, the_most_rows_are_the_last_that_fit) {
  const std::size_t of_three = of(3).total();
  ASSERT_LT(of_three, of(4).total());
  const auto most = [&](std::size_t bytes) {
    return most_rows<dry_model>("distill", some_stage(), some_models(), bytes, {});
  };
  EXPECT_EQ(most(of_three), 3);
  EXPECT_EQ(most(of(1).total() - 1), 0);
  EXPECT_EQ(most(of(8).total() * 2), 8);
}

}  // namespace memory_test
}  // namespace radlads::convert
