// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/attention.cuh"
#include "support/cuda_case.cuh"

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace attention_test {

template <class T>
class cuda_attention : public cuda_case<T> {
 protected:
  void check(std::int64_t B, std::int64_t queries, std::int64_t keys, std::int64_t H,
             std::int64_t kv, std::int64_t N) {
    const std::string name =
        " of " + to_string<4>({B, queries, H, N}) + ", " + std::to_string(keys) + " keys";
    auto q = this->template random<4>({B, queries, H, N});
    auto k = this->template random<4>({B, keys, kv, N}),
         v = this->template random<4>({B, keys, kv, N});
    auto dy = this->template random<4>({B, queries, H, N});
    auto y = this->template poisoned<T, 4>({B, queries, H, N}),
         dq = this->template poisoned<T, 4>({B, queries, H, N});
    auto dk = this->template poisoned<T, 4>({B, keys, kv, N}),
         dv = this->template poisoned<T, 4>({B, keys, kv, N});
    auto log_sum = this->template poisoned<accumulate_t<T>, 3>({B, H, queries});
    const float scale = 1 / std::sqrt(static_cast<float>(N));
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::attention_forward<S>(b, scale, on(q), on(k), on(v), on(y), on(log_sum));
      ops::attention_backward<S>(b, scale, on(q), on(k), on(v), on(y), on(log_sum), on(dy), on(dq),
                                 on(dk), on(dv));
    });
    this->expect_close(y, "y" + name);
    this->expect_close(log_sum, "log_sum" + name);
    this->expect_close(dv, "dv" + name);
    // The first query sees one key, so all of its gradient is rounding; alone it has nothing to
    // compare.
    if (queries == 1 && keys == 1) return;
    this->expect_close(dq, "dq" + name, 2 * cuda_tolerance<T>);
    this->expect_close(dk, "dk" + name, 2 * cuda_tolerance<T>);
  }
};
TYPED_TEST_SUITE(cuda_attention, cuda_scalars);

TYPED_TEST(cuda_attention, every_head_size) {
  for (const std::int64_t N : {1, 8, 20, 64, 80, 128, 256}) {
    if (N > 128 && std::is_same_v<TypeParam, double>) continue;  // not built
    this->check(2, 37, 37, 2, 1, N);
  }
}

TYPED_TEST(cuda_attention, every_length_and_group) {
  for (const std::int64_t T : {1, 17, 64, 130}) this->check(1, T, T, 4, 2, 8);
  this->check(2, 1, 77, 4, 2, 64);
  this->check(2, 5, 23, 3, 1, 64);
  this->check(1, 70, 140, 2, 2, 16);
}

// Tiles of 128 and 64 queries, of 64 and 32 keys: whole, one more, one less, and queries that start
// inside.
TYPED_TEST(cuda_attention, tiles_of_tensor_cores) {
  for (const std::int64_t N : {64, 128}) {
    for (const std::int64_t T : {1, 17, 63, 64, 129}) this->check(1, T, T, 2, 1, N);
    this->check(2, 130, 130, 4, 2, N);
    this->check(1, 300, 300, 3, 1, N);
    this->check(2, 1, 77, 4, 2, N);
    this->check(2, 5, 23, 3, 1, N);
    this->check(1, 70, 261, 2, 2, N);
  }
}

TYPED_TEST(cuda_attention, heads_inside_wider_rows) {
  using T = TypeParam;
  constexpr std::int64_t B = 2, times = 70, H = 4, kv = 2, N = 64;
  // Queries, keys and values as parts of one product's rows, as a projection leaves them; four
  // numbers more are no alignment for vectors.
  for (const std::int64_t more : {0, 4}) {
    auto rows = this->template random<4>({B, times, H + 2 * kv, N + more});
    auto dy = this->template random<4>({B, times, H, N}),
         y = this->template poisoned<T, 4>({B, times, H, N});
    auto gradients = this->template random<4>({B, times, H + 2 * kv, N + more});
    auto log_sum = this->template poisoned<accumulate_t<T>, 3>({B, H, times});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      const auto part = [&](auto whole, std::int64_t first, std::int64_t heads) {
        whole.pointer += first * (N + more) + more;
        whole.extents[2] = heads;
        whole.extents[3] = N;
        return whole;
      };
      const auto in = on(rows).read();
      const auto out = on(gradients).whole();
      const auto q = part(in, 0, H), k = part(in, H, kv), v = part(in, H + kv, kv);
      ops::attention_forward<S>(b, 0.125f, q, k, v, on(y), on(log_sum));
      ops::attention_backward<S>(b, 0.125f, q, k, v, on(y), on(log_sum), on(dy), part(out, 0, H),
                                 part(out, H, kv), part(out, H + kv, kv));
    });
    this->expect_close(y, "y");
    this->expect_close(log_sum, "log_sum");
    this->expect_close(gradients, "gradients and what lies between them", 2 * cuda_tolerance<T>);
  }
}

// Sharp softmax, and a scale that only the plain tiles take.
TYPED_TEST(cuda_attention, every_scale) {
  using T = TypeParam;
  auto q = this->template random<4>({1, 90, 2, 64}), k = this->template random<4>({1, 90, 2, 64});
  auto v = this->template random<4>({1, 90, 2, 64}),
       y = this->template poisoned<T, 4>({1, 90, 2, 64});
  auto log_sum = this->template poisoned<accumulate_t<T>, 3>({1, 2, 90});
  for (const float scale : {4.0f, 0.0f, -0.25f}) {
    this->on_both([&](auto& b, auto tag, auto on) {
      ops::attention_forward<decltype(tag)>(b, scale, on(q), on(k), on(v), on(y), on(log_sum));
    });
    // The largest scores are about a hundred, and so is what their last bits move in the weights.
    const double tolerance = std::is_same_v<T, float> && scale > 1 ? 1e-4 : cuda_tolerance<T>;
    this->expect_close(y, "y of scale " + std::to_string(scale), tolerance);
    this->expect_close(log_sum, "log_sum of scale " + std::to_string(scale));
  }
}

TYPED_TEST(cuda_attention, same_bits_again) {
  using T = TypeParam;
  const shape<4> queries{2, 200, 4, 64}, keys{2, 200, 2, 64};
  auto q = this->template random<4>(queries), k = this->template random<4>(keys),
       v = this->template random<4>(keys);
  auto dy = this->template random<4>(queries);
  std::vector<double> found[2];
  for (auto& each : found) {
    auto y = this->template poisoned<T, 4>(queries), dq = this->template poisoned<T, 4>(queries);
    auto dk = this->template poisoned<T, 4>(keys), dv = this->template poisoned<T, 4>(keys);
    auto log_sum = this->template poisoned<accumulate_t<T>, 3>({2, 4, 200});
    ops::attention_forward<T>(this->cuda(), 0.125f, q.device, k.device, v.device, y.device,
                              log_sum.device);
    ops::attention_backward<T>(this->cuda(), 0.125f, q.device, k.device, v.device, y.device,
                               log_sum.device, dy.device, dq.device, dk.device, dv.device);
    for (auto* x : {&y, &dq, &dk, &dv}) {
      const std::vector<double> values = this->values_of(x->device);
      each.insert(each.end(), values.begin(), values.end());
    }
  }
  EXPECT_EQ(found[0], found[1]);
}

}  // namespace attention_test
}  // namespace radlads::test
