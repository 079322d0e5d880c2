// SPDX-License-Identifier: Apache-2.0
#include "ops/cuda/head_case.cuh"
#include "radlads/ops/cuda/kl_divergence.cuh"

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace kl_divergence_test {

template <class T>
class cuda_kl_divergence : public cuda_head_case<T> {};
TYPED_TEST_SUITE(cuda_kl_divergence, cuda_scalars);

TYPED_TEST(cuda_kl_divergence, loss_and_gradients) {
  for (const std::int64_t V : {7, 512, 5003}) {
    constexpr std::int64_t N = 37, C = 24, D = 16;
    auto x = this->template random<2>({N, C}), head = this->template random<2>({V, C}, 0.5);
    auto teacher_x = this->template random<2>({N, D}),
         teacher_head = this->template random<2>({V, D}, 0.5);
    auto targets = this->targets(N, V);
    auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
    auto best = this->of_ids(std::vector<std::int32_t>(N, -7));
    auto teacher_best = this->of_ids(std::vector<std::int32_t>(N, -7));
    auto dx = this->template poisoned<TypeParam, 2>({N, C}),
         dhead = this->template random<2>({V, C}, 0.01);
    this->on_both([&](auto& b, auto tag, auto on) {
      ops::head_kl_divergence<decltype(tag)>(
          b, 0.75f, 0.5f, 0.25f, on(head), on(x), on(teacher_head), on(teacher_x), on(targets),
          on(losses), on(dx), on(dhead), on(best), on(teacher_best));
    });
    const std::string name = " of " + std::to_string(V) + " tokens";
    this->expect_close(losses, "losses" + name);
    this->expect_close(dx, "dx" + name, 2 * cuda_tolerance<TypeParam>);
    this->expect_close(dhead, "dhead" + name, 2 * cuda_tolerance<TypeParam>);
    const std::vector<std::int32_t> expected(best.host.data(), best.host.data() + N);
    EXPECT_EQ(this->indices(best.device), expected) << name;
    const std::vector<std::int32_t> of_teacher(teacher_best.host.data(),
                                               teacher_best.host.data() + N);
    EXPECT_EQ(this->indices(teacher_best.device), of_teacher) << name;
  }
}

TYPED_TEST(cuda_kl_divergence, several_slices) {
  constexpr std::int64_t N = 460, V = 300000, C = 4;
  auto x = this->template random<2>({N, C}), head = this->template random<2>({V, C});
  auto teacher_x = this->template random<2>({N, C});
  auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
  auto dx = this->template poisoned<TypeParam, 2>({N, C});
  ASSERT_LT(ops::tokens_of_slice(2 * V, N), N);
  this->on_both([&](auto& b, auto tag, auto on) {
    ops::head_kl_divergence<decltype(tag)>(b, 1, 0, 1, on(head), on(x), on(head), on(teacher_x), {},
                                           on(losses), on(dx), {});
  });
  this->expect_close(losses, "losses");
  this->expect_close(dx, "dx", 2 * cuda_tolerance<TypeParam>);
}

TYPED_TEST(cuda_kl_divergence, a_constant_between_the_logits_does_not_matter) {
  // The last channel adds 100 to every logit of the student.
  constexpr std::int64_t N = 9, V = 4000, C = 8;
  std::vector<double> values = random_values(N * C, 5), weights = random_values(V * C, 6, 0.3);
  for (std::int64_t v = 0; v < V; ++v) weights[static_cast<std::size_t>(v * C + C - 1)] = 1;
  auto head = this->template of<TypeParam, 2>({V, C}, weights);
  for (std::int64_t n = 0; n < N; ++n) values[static_cast<std::size_t>(n * C + C - 1)] = 0;
  auto teacher_x = this->template of<TypeParam, 2>({N, C}, values);
  for (std::int64_t n = 0; n < N; ++n) values[static_cast<std::size_t>(n * C + C - 1)] = 100;
  auto x = this->template of<TypeParam, 2>({N, C}, values);
  auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
  ops::head_kl_divergence<TypeParam>(this->cuda(), 1, 0, 1, head.device, x.device, head.device,
                                     teacher_x.device, {}, losses.device, {}, {});
  // A float near 100 is rounded to 8e-6; squares of that are all that may be left.
  const double bound = std::is_same_v<TypeParam, double> ? 1e-13 : 1e-6;
  for (const double each : this->values_of(losses.device)) EXPECT_LT(std::abs(each), bound);
}

TYPED_TEST(cuda_kl_divergence, equal_distributions_have_no_gradient) {
  constexpr std::int64_t N = 5, V = 300, C = 8;
  auto x = this->template random<2>({N, C}), head = this->template random<2>({V, C});
  auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
  auto dx = this->template poisoned<TypeParam, 2>({N, C});
  ops::head_kl_divergence<TypeParam>(this->cuda(), 1, 0, 1, head.device, x.device, head.device,
                                     x.device, {}, losses.device, dx.device, {});
  for (const double each : this->values_of(losses.device)) EXPECT_EQ(each, 0);
  for (const double each : this->values_of(dx.device)) EXPECT_EQ(each, 0);
}

}  // namespace kl_divergence_test
}  // namespace radlads::test
