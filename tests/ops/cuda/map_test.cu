// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/map.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace map_test {

template <class T>
class cuda_map : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_map, cuda_scalars);

/// Three inputs, two outputs, a number of its own.
template <class R>
struct blend {
  R factor;
  template <class X>
  RADLADS_HOST_DEVICE void operator()(const X& a, const X& b, const X& c, X& first,
                                      X& second) const {
    first = a * factor + b;
    second = a * b - c;
  }
};

TYPED_TEST(cuda_map, dense_strided_and_broadcast) {
  for (const shape<2> s : {shape<2>{1, 1}, {3, 7}, {5, 64}, {33, 96}, {200, 130}}) {
    auto x = this->template random<2>(s), wide = this->template random<2>({s[0], 2 * s[1]});
    auto channel = this->template random<1>({s[1]});
    auto first = this->template poisoned<TypeParam, 2>(s),
         second = this->template poisoned<TypeParam, 2>(s);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      auto part = on(wide).read();
      part.pointer += s[1];
      part.extents[1] = s[1];
      ops::elementwise<S>(b, blend<accumulate_t<S>>{accumulate_t<S>(0.75)},
                          std::array{on(first).whole(), on(second).whole()},
                          std::array{on(x).read(), part, ops::broadcast_rows(on(channel), s[0])});
    });
    this->expect_close(first, "first of " + to_string<2>(s));
    this->expect_close(second, "second of " + to_string<2>(s));
  }
}

}  // namespace map_test
}  // namespace radlads::test
