// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/token_shift.cuh"

#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace {

template <class T>
class cuda_token_shift : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_token_shift, cuda_scalars);

TYPED_TEST(cuda_token_shift, DifferencesAndTheirGradient) {
  for (const shape<3> s : {shape<3>{1, 1, 1}, {2, 5, 7}, {3, 33, 64}}) {
    auto x = this->template random<3>(s);
    auto delta = this->template room<TypeParam, 3>(s), dx = this->template room<TypeParam, 3>(s);
    auto last = this->template random<2>({s[0], s[2]});
    auto first = this->template room<TypeParam, 3>(s);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::token_shift_forward<S>(b, on(x), {}, on(first), {});
      ops::token_shift_forward<S>(b, on(x), on(last), on(delta), on(last));
      ops::token_shift_backward<S>(b, on(x), on(dx));
    });
    this->expect_close(first, "delta from zero");
    this->expect_close(delta, "delta");
    this->expect_close(last, "last");
    this->expect_close(dx, "dx");
  }
}

}  // namespace
}  // namespace radlads::test
