// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/matmul.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>

namespace radlads::test {
namespace matmul_test {

template <class T>
class cuda_matmul : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_matmul, cuda_scalars);

// One, primes, multiples of a tile, more than a tile.
constexpr std::array<std::array<std::int64_t, 3>, 5> sizes{
    {{1, 1, 1}, {3, 7, 5}, {64, 64, 64}, {130, 67, 33}, {1, 256, 96}}};

TYPED_TEST(cuda_matmul, every_order_of_operands) {
  for (const auto [M, N, K] : sizes) {
    for (int flags = 0; flags < 8; ++flags) {
      const ops::matmul_options options{(flags & 1) != 0, (flags & 2) != 0, (flags & 4) != 0};
      auto left =
          options.transpose_a ? this->template random<2>({K, M}) : this->template random<2>({M, K});
      auto right =
          options.transpose_b ? this->template random<2>({N, K}) : this->template random<2>({K, N});
      auto c = options.accumulate ? this->template random<2>({M, N})
                                  : this->template poisoned<TypeParam, 2>({M, N});
      this->on_both([&](auto& b, auto tag, auto on) {
        ops::matmul<decltype(tag)>(b, options, on(left), on(right), on(c));
      });
      this->expect_close(c, "c of flags " + std::to_string(flags));
    }
  }
}

TYPED_TEST(cuda_matmul, affine_map_and_its_gradients) {
  for (const auto [N, O, I] : sizes) {
    auto x = this->template random<2>({N, I}), weight = this->template random<2>({O, I});
    auto bias = this->template random<1>({O});
    auto dy = this->template random<2>({N, O});
    auto y = this->template poisoned<TypeParam, 2>({N, O}),
         dx = this->template poisoned<TypeParam, 2>({N, I});
    auto dweight = this->template random<2>({O, I});
    auto dbias = this->template random<1>({O});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::linear<S>(b, on(weight), on(bias), on(x), on(y));
      ops::linear_backward<S>(b, on(weight), on(x), on(dy), on(dx), on(dweight), on(dbias));
      ops::linear_backward<S>(b, on(weight), on(x), on(dy), on(dx), {}, {}, true);
    });
    this->expect_close(y, "y");
    this->expect_close(dx, "dx");
    this->expect_close(dweight, "dweight");
    this->expect_close(dbias, "dbias");
  }
}

TYPED_TEST(cuda_matmul, strided_rows_and_nothing_to_sum) {
  auto whole = this->template random<2>({6, 24});
  auto weight = this->template random<2>({5, 8});
  auto y = this->template poisoned<TypeParam, 2>({6, 5});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    auto part = on(whole).read();
    part.pointer += 8;
    part.extents[1] = 8;
    ops::linear<S>(b, on(weight), {}, part, on(y));
  });
  this->expect_close(y, "y of strided rows");

  auto none = this->template poisoned<TypeParam, 2>({6, 0}),
       flat = this->template poisoned<TypeParam, 2>({0, 5});
  auto c = this->template poisoned<TypeParam, 2>({6, 5});
  this->on_both([&](auto& b, auto tag, auto on) {
    ops::matmul<decltype(tag)>(b, {}, on(none), on(flat), on(c));
  });
  this->expect_close(c, "c of an empty sum");
}

TYPED_TEST(cuda_matmul, same_bits_again) {
  auto x = this->template random<2>({300, 515}), weight = this->template random<2>({129, 515});
  auto first = this->template poisoned<TypeParam, 2>({300, 129}),
       second = this->template poisoned<TypeParam, 2>({300, 129});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::linear<S>(b, on(weight), {}, on(x), on(first));
    ops::linear<S>(b, on(weight), {}, on(x), on(second));
  });
  EXPECT_EQ(this->values_of(first.device), this->values_of(second.device));
}

}  // namespace matmul_test
}  // namespace radlads::test
