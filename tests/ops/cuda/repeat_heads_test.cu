// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/repeat_heads.cuh"

#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace {

template <class T>
class cuda_repeat_heads : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_repeat_heads, cuda_scalars);

TYPED_TEST(cuda_repeat_heads, CopiesAndSums) {
  for (const auto& [few, many] : {std::pair<shape<3>, shape<3>>{{1, 1, 1}, {1, 1, 1}},
                                  {{5, 2, 8}, {5, 4, 8}}, {{3, 3, 7}, {3, 9, 7}}, {{33, 2, 64}, {33, 14, 64}}}) {
    auto x = this->template random<3>(few), dy = this->template random<3>(many);
    auto y = this->template room<TypeParam, 3>(many), dx = this->template room<TypeParam, 3>(few);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::repeat_heads_forward<S>(b, on(x), on(y));
      ops::repeat_heads_backward<S>(b, on(dy), on(dx));
    });
    this->expect_close(y, "y");
    this->expect_close(dx, "dx");
  }
}

}  // namespace
}  // namespace radlads::test
