// SPDX-License-Identifier: Apache-2.0
// Generating on CUDA, where tokens are graphs, against the CPU.
#include "radlads/models/generator.hpp"
#include "support/cuda_model.cuh"

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace generator_test {

class cuda_generator : public cuda_case<float> {};

TEST_F(cuda_generator, agrees_with_the_cpu_from_token_to_token) {
  const std::vector<std::vector<std::string>> cases{
      {"rad_rwkv7", "rad_rwkv7"}, {"rad_rwkv6", "rad_rwkv6"}, {"rad_rwkv7", "attention"}};
  for (const auto& mixers : cases) {
    const models::config c = small_model(mixers);
    const auto on_cpu = model_at<float>(cpu(), c, convert<float>(model_point(cpu(), c)));
    const auto on_cuda = model_on<float>(cuda(), on_cpu);
    models::generator<language_model<float>> expected(cpu(), on_cpu, 2);
    models::generator<cuda_language_model<float>> found(cuda(), on_cuda, 2);
    const std::vector<std::int32_t> ids = some_ids(60);
    const auto check = [&](std::size_t first, std::size_t count) {
      expected.take({ids.data() + first, count});
      found.take({ids.data() + first, count});
      const auto x = expected.logits(), y = found.logits();
      EXPECT_LT(relative_error(std::vector<double>(y.begin(), y.end()),
                               std::vector<double>(x.begin(), x.end())),
                order_tolerance<float>)
          << mixers[1] << " at " << first;
    };
    check(0, 10);
    for (std::size_t n = 10; n < 40; n += 2) check(n, 2);
    check(40, 10);
    for (std::size_t n = 50; n < 60; n += 2) check(n, 2);
    // Twenty-two tokens by themselves; what follows a prompt is not yet a graph.
    if (mixers[1] == "attention") {
      EXPECT_EQ(found.captured().replays(), 0);
    } else {
      EXPECT_GE(found.captured().replays(), 16);
    }
  }
}

TEST_F(cuda_generator, chooses_from_its_own_logits) {
  const models::config c = small_model({"rad_rwkv7", "rad_rwkv6"});
  const auto on_cpu = model_at<float>(cpu(), c, convert<float>(model_point(cpu(), c)));
  const auto on_cuda = model_on<float>(cuda(), on_cpu);
  models::generator<cuda_language_model<float>> running(cuda(), on_cuda, 2);
  const ops::sampling_options options{.temperature = 1.5, .top_k = 9, .repetition_penalty = 1.3};
  std::vector<std::uint8_t> seen(26);
  std::vector<std::int32_t> next{3, 5};
  for (std::uint64_t i = 0; i < 30; ++i) {
    running.take(next);
    seen[static_cast<std::size_t>(next[0])] = seen[static_cast<std::size_t>(13 + next[1])] = 1;
    const auto logits = running.logits();
    std::vector<std::int32_t> expected(2);
    ops::sample<float>(cpu(), options, {logits.data(), {2, 13}}, {seen.data(), {2, 13}}, {4, 1},
                       2 * i, {expected.data(), {2}});
    const auto found = running.choose(options, {4, 1}, i);
    next.assign(found.begin(), found.end());
    EXPECT_EQ(next, expected) << i;
  }
}

}  // namespace generator_test
}  // namespace radlads::test
