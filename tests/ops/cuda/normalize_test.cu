// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/normalize.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace normalize_test {

template <class T>
class cuda_normalize : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_normalize, cuda_scalars);

TYPED_TEST(cuda_normalize, unit_vectors_and_their_gradient) {
  for (const shape<3> s : {shape<3>{1, 1, 1},
                           {5, 8, 4},
                           {5, 8, 8},
                           {3, 5, 7},
                           {37, 2, 64},
                           {6, 3, 129},
                           {2, 1, 1000}}) {
    auto x = this->template random<3>(s), dy = this->template random<3>(s);
    // Not the y of the forward call: rounding that to T would be an error of the input here, and
    // the gradient along a unit vector of one number is nothing but rounding.
    auto unit_vector = this->template random<3>(s, 0.5);
    auto y = this->template poisoned<TypeParam, 3>(s),
         dx = this->template poisoned<TypeParam, 3>(s);
    auto inverse = this->template poisoned<accumulate_t<TypeParam>, 2>({s[0], s[1]});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::normalize_forward<S>(b, 1e-6, on(x), on(y), on(inverse));
      ops::normalize_backward<S>(b, on(unit_vector), on(inverse), on(dy), on(dx));
      ops::normalize_backward<S>(b, on(unit_vector), on(inverse), on(dy), on(dy));
    });
    this->expect_close(y, "y of " + to_string<3>(s));
    this->expect_close(inverse, "inverse of " + to_string<3>(s));
    this->expect_close(dx, "dx of " + to_string<3>(s));
    this->expect_close(dy, "dx in the place of dy");
  }
}

TYPED_TEST(cuda_normalize, at_the_bound_a_vector_is_scaled) {
  auto x = this->template random<3>({2, 3, 8}, 0),
       unit_vector = this->template random<3>({2, 3, 8});
  auto dy = this->template random<3>({2, 3, 8});
  auto y = this->template poisoned<TypeParam, 3>({2, 3, 8}),
       dx = this->template poisoned<TypeParam, 3>({2, 3, 8});
  auto inverse = this->template poisoned<accumulate_t<TypeParam>, 2>({2, 3});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::normalize_forward<S>(b, 0, on(x), on(y), on(inverse));
    ops::normalize_backward<S>(b, on(unit_vector), on(inverse), on(dy), on(dx));
  });
  for (const double each : this->values_of(y.device)) EXPECT_EQ(each, 0);
  this->expect_close(inverse, "inverse");
  this->expect_close(dx, "dx without a projection");
}

TYPED_TEST(cuda_normalize, heads_inside_wider_rows) {
  for (const std::int64_t first : {8, 3}) {
    auto x = this->template random<2>({9, 40}), y = this->template random<2>({9, 40});
    auto dx = this->template random<2>({9, 40});
    auto inverse = this->template poisoned<accumulate_t<TypeParam>, 2>({9, 3});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      const auto heads = [&](auto& each) {
        const auto rows = on(each).whole();
        view<S, 3, typename decltype(rows)::space> result(rows.pointer + first, {9, 3, 8});
        result.strides[0] = rows.stride(0);
        return result;
      };
      ops::normalize_forward<S>(b, 1e-6, heads(x), heads(y), on(inverse));
      ops::normalize_backward<S>(b, heads(x), on(inverse), heads(x), heads(dx));
    });
    // Whole rows: what lies beside the heads must be as before.
    this->expect_close(y, "y from column " + std::to_string(first));
    this->expect_close(dx, "dx from column " + std::to_string(first));
  }
}

}  // namespace normalize_test
}  // namespace radlads::test
