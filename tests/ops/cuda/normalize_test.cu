// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/normalize.cuh"

#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace {

template <class T>
class cuda_normalize : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_normalize, cuda_scalars);

TYPED_TEST(cuda_normalize, UnitVectorsAndTheirGradient) {
  for (const shape<3> s : {shape<3>{1, 1, 1}, {5, 8, 8}, {3, 5, 7}, {37, 2, 64}, {6, 3, 129}}) {
    auto x = this->template random<3>(s), dy = this->template random<3>(s);
    auto y = this->template room<TypeParam, 3>(s), dx = this->template room<TypeParam, 3>(s);
    auto inverse = this->template room<accumulate_t<TypeParam>, 2>({s[0], s[1]});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::normalize_forward<S>(b, 1e-6, on(x), on(y), on(inverse));
      ops::normalize_backward<S>(b, on(y), on(inverse), on(dy), on(dx));
      ops::normalize_backward<S>(b, on(y), on(inverse), on(dy), on(dy));
    });
    this->expect_close(y, "y of " + to_string<3>(s));
    if (s[2] == 1) continue;  // a single number's direction has no gradient to compare
    this->expect_close(dx, "dx of " + to_string<3>(s), 2 * cuda_tolerance<TypeParam>);
    this->expect_close(dy, "dx in the place of dy", 2 * cuda_tolerance<TypeParam>);
  }
}

TYPED_TEST(cuda_normalize, AZeroVectorStaysZero) {
  auto x = this->template random<3>({2, 1, 8}, 0);
  auto y = this->template room<TypeParam, 3>({2, 1, 8});
  auto inverse = this->template room<accumulate_t<TypeParam>, 2>({2, 1});
  this->on_both([&](auto& b, auto tag, auto on) {
    ops::normalize_forward<decltype(tag)>(b, 0, on(x), on(y), on(inverse));
  });
  for (const double each : this->values_of(y.device)) EXPECT_EQ(each, 0);
}

}  // namespace
}  // namespace radlads::test
