// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/norm.cuh"

#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace {

template <class T>
class cuda_norm : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_norm, cuda_scalars);

constexpr std::array<shape<2>, 6> sizes{{{1, 1}, {3, 7}, {5, 64}, {33, 96}, {70, 130}, {9, 1000}}};

TYPED_TEST(cuda_norm, RootMeanSquare) {
  for (const auto [N, C] : sizes) {
    auto x = this->template random<2>({N, C}), dy = this->template random<2>({N, C});
    auto weight = this->template random<1>({C}), dweight = this->template random<1>({C});
    auto y = this->template room<TypeParam, 2>({N, C}), dx = this->template room<TypeParam, 2>({N, C});
    auto inverse = this->template room<accumulate_t<TypeParam>, 1>({N});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::rms_norm_forward<S>(b, 1e-5, on(weight), on(x), on(y), on(inverse));
      ops::rms_norm_backward<S>(b, on(weight), on(x), on(inverse), on(dy), on(dx), on(dweight));
      ops::rms_norm_backward<S>(b, on(weight), on(x), on(inverse), on(dy), on(dy), {});
    });
    this->expect_close(y, "y");
    this->expect_close(inverse, "inverse");
    // A single column has a gradient of the size of epsilon alone, all rounding.
    if (C > 1) {
      this->expect_close(dx, "dx");
      this->expect_close(dy, "dx in the place of dy");
    }
    this->expect_close(dweight, "dweight");
  }
}

TYPED_TEST(cuda_norm, GroupAndLayer) {
  for (const shape<3> s : {shape<3>{1, 1, 4}, {5, 8, 8}, {3, 5, 7}, {37, 2, 64}, {6, 3, 129}}) {
    const auto [N, H, K] = s;
    auto x = this->template random<3>(s), dy = this->template random<3>(s);
    auto weight = this->template random<1>({H * K}), bias = this->template random<1>({H * K});
    auto dweight = this->template random<1>({H * K}), dbias = this->template random<1>({H * K});
    auto y = this->template room<TypeParam, 3>(s), dx = this->template room<TypeParam, 3>(s);
    auto mean = this->template room<accumulate_t<TypeParam>, 2>({N, H});
    auto inverse = this->template room<accumulate_t<TypeParam>, 2>({N, H});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::group_norm_forward<S>(b, 1e-3, on(weight), on(bias), on(x), on(y), on(mean), on(inverse));
      ops::group_norm_backward<S>(b, on(weight), on(x), on(mean), on(inverse), on(dy), on(dx), on(dweight),
                                  on(dbias));
    });
    this->expect_close(y, "y of " + to_string<3>(s));
    this->expect_close(dx, "dx of " + to_string<3>(s));
    this->expect_close(dweight, "dweight");
    this->expect_close(dbias, "dbias");
  }
}

}  // namespace
}  // namespace radlads::test
