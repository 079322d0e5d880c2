// SPDX-License-Identifier: Apache-2.0
// Copies of grouped heads and the sums of their gradients.

#include "ops/tensor_values.hpp"
#include "radlads/ops/repeat_heads.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <complex>
#include <cstdint>
#include <vector>

namespace repeat_heads_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

template <class T>
class repeat_heads : public testing::Test {};
using scalars = testing::Types<float, double, std::complex<double>>;
TYPED_TEST_SUITE(repeat_heads, scalars);

TYPED_TEST(repeat_heads, copies_each_head_to_its_group) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t J : {1, 2, 3}) {
    for (const std::int64_t G : {1, 2, 7}) {
      for (const std::int64_t K : {1, 8, 13, 64}) {
        const std::int64_t N = 101, H = J * G;
        const auto x = filled<T, 3>(backend, {N, J, K}, random_values(N * J * K, 1));
        tensor<T, 3, cpu_backend> y(backend, {N, H, K}), dx(backend, {N, J, K});
        ops::repeat_heads_forward<T>(backend, x, y);
        const auto dy = filled<T, 3>(backend, {N, H, K}, random_values(N * H * K, 2));
        ops::repeat_heads_backward<T>(backend, dy, dx);
        for (std::int64_t n = 0; n < N; ++n) {
          for (std::int64_t i = 0; i < K; ++i) {
            for (std::int64_t j = 0; j < J; ++j) {
              T sum(0);
              for (std::int64_t g = 0; g < G; ++g) {
                ASSERT_EQ(y.whole()(n, j * G + g, i), x.whole()(n, j, i));
                sum += dy.whole()(n, j * G + g, i);
              }
              ASSERT_LE(std::abs(dx.whole()(n, j, i) - sum), 1e-5);
            }
          }
        }
      }
    }
  }
}

TEST(repeat_heads_shapes, nothing_to_do_and_wrong_shapes) {
  cpu_backend backend({.threads = 2, .poison = true});
  tensor<float, 3, cpu_backend> few(backend, {0, 2, 4}), many(backend, {0, 6, 4});
  EXPECT_NO_THROW(ops::repeat_heads_forward<float>(backend, few, many));
  EXPECT_NO_THROW(ops::repeat_heads_backward<float>(backend, many, few));
  tensor<float, 3, cpu_backend> odd(backend, {0, 5, 4}), wide(backend, {0, 6, 5});
  EXPECT_EQ(error_of([&] { ops::repeat_heads_forward<float>(backend, few, odd); }),
            "repeat_heads_forward: 5 heads are no multiple of 2");
  EXPECT_EQ(error_of([&] { ops::repeat_heads_backward<float>(backend, wide, few); }),
            "repeat_heads_backward: the shapes are (0, 2, 4) and (0, 6, 5), expected the same rows "
            "and head size");
}

}  // namespace repeat_heads_test
