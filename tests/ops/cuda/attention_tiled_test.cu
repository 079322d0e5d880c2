// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/attention_tiled.cuh"

#include "support/cuda_case.cuh"

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>

namespace radlads::test {
namespace {

template <class T>
class cuda_attention : public cuda_case<T> {
 protected:
  void check(std::int64_t B, std::int64_t queries, std::int64_t keys, std::int64_t H, std::int64_t kv, std::int64_t N) {
    const std::string name = " of " + to_string<4>({B, queries, H, N}) + ", " + std::to_string(keys) + " keys";
    auto q = this->template random<4>({B, queries, H, N});
    auto k = this->template random<4>({B, keys, kv, N}), v = this->template random<4>({B, keys, kv, N});
    auto dy = this->template random<4>({B, queries, H, N});
    auto y = this->template room<T, 4>({B, queries, H, N}), dq = this->template room<T, 4>({B, queries, H, N});
    auto dk = this->template room<T, 4>({B, keys, kv, N}), dv = this->template room<T, 4>({B, keys, kv, N});
    auto log_sum = this->template room<accumulate_t<T>, 3>({B, H, queries});
    const float scale = 1 / std::sqrt(static_cast<float>(N));
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::attention_forward<S>(b, scale, on(q), on(k), on(v), on(y), on(log_sum));
      ops::attention_backward<S>(b, scale, on(q), on(k), on(v), on(y), on(log_sum), on(dy), on(dq), on(dk), on(dv));
    });
    this->expect_close(y, "y" + name);
    this->expect_close(log_sum, "log_sum" + name);
    this->expect_close(dv, "dv" + name);
    // The first query sees one key, so all of its gradient is rounding; alone it has nothing to compare.
    if (queries == 1 && keys == 1) return;
    this->expect_close(dq, "dq" + name, 2 * cuda_tolerance<T>);
    this->expect_close(dk, "dk" + name, 2 * cuda_tolerance<T>);
  }
};
TYPED_TEST_SUITE(cuda_attention, cuda_scalars);

TYPED_TEST(cuda_attention, EveryHeadSize) {
  for (const std::int64_t N : {1, 8, 20, 64, 80, 128, 256}) {
    if (N > 128 && std::is_same_v<TypeParam, double>) continue;  // not built
    this->check(2, 37, 37, 2, 1, N);
  }
}

TYPED_TEST(cuda_attention, EveryLengthAndGroup) {
  for (const std::int64_t T : {1, 17, 64, 130}) this->check(1, T, T, 4, 2, 8);
  this->check(2, 1, 77, 4, 2, 64);
  this->check(2, 5, 23, 3, 1, 64);
  this->check(1, 70, 140, 2, 2, 16);
}

TYPED_TEST(cuda_attention, SameBitsAgain) {
  using T = TypeParam;
  auto x = this->template random<4>({2, 100, 4, 32});
  auto first = this->template room<T, 4>({2, 100, 4, 32}), second = this->template room<T, 4>({2, 100, 4, 32});
  for (auto* y : {&first, &second}) {
    ops::attention_forward<T>(this->cuda(), 0.2f, x.device, x.device, x.device, y->device, {});
  }
  EXPECT_EQ(this->values_of(first.device), this->values_of(second.device));
}

}  // namespace
}  // namespace radlads::test
