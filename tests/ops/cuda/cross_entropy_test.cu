// SPDX-License-Identifier: Apache-2.0
#include "ops/cuda/head_case.cuh"
#include "radlads/ops/cuda/cross_entropy.cuh"

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace cross_entropy_test {

template <class T>
class cuda_cross_entropy : public cuda_head_case<T> {};
TYPED_TEST_SUITE(cuda_cross_entropy, cuda_scalars);

TYPED_TEST(cuda_cross_entropy, loss_and_gradients) {
  for (const std::int64_t V : {1, 7, 512, 5003}) {
    constexpr std::int64_t N = 37, C = 24;
    auto x = this->template random<2>({N, C}), head = this->template random<2>({V, C}, 0.5);
    auto targets = this->targets(N, V);
    auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({N});
    auto best = this->of_ids(std::vector<std::int32_t>(N, -7));
    auto dx = this->template poisoned<TypeParam, 2>({N, C}),
         dhead = this->template random<2>({V, C}, 0.01);
    this->on_both([&](auto& b, auto tag, auto on) {
      ops::head_cross_entropy<decltype(tag)>(b, 0.25f, on(head), on(x), on(targets), on(losses),
                                             on(best), on(dx), on(dhead));
    });
    const std::string name = " of " + std::to_string(V) + " tokens";
    if (V > 1) {
      this->expect_close(losses, "losses" + name);
      this->expect_close(dx, "dx" + name, 2 * cuda_tolerance<TypeParam>);
      this->expect_close(dhead, "dhead" + name, 2 * cuda_tolerance<TypeParam>);
    } else {
      for (const double each : this->values_of(losses.device)) EXPECT_EQ(each, 0);
      for (const double each : this->values_of(dx.device)) EXPECT_EQ(each, 0);
    }
    const std::vector<std::int32_t> expected(best.host.data(), best.host.data() + N);
    EXPECT_EQ(this->indices(best.device), expected) << name;
  }
}

TYPED_TEST(cuda_cross_entropy, names_a_bad_target) {
  auto x = this->template random<2>({3, 8}), head = this->template random<2>({5, 8});
  auto losses = this->template poisoned<accumulate_t<TypeParam>, 1>({3});
  auto targets = this->of_ids({0, 5, 1});
  try {
    ops::head_cross_entropy<TypeParam>(this->cuda(), 1, head.device, x.device, targets.device,
                                       losses.device, {}, {}, {});
    FAIL() << "no error was thrown";
  } catch (const error& thrown) {
    EXPECT_NE(std::string(thrown.what()).find("position 1 is 5"), std::string::npos)
        << thrown.what();
  }
}

}  // namespace cross_entropy_test
}  // namespace radlads::test
