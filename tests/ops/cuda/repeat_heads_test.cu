// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/repeat_heads.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {
namespace repeat_heads_test {

template <class T>
class cuda_repeat_heads : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_repeat_heads, cuda_scalars);

TYPED_TEST(cuda_repeat_heads, copies_and_sums) {
  for (const auto& [few, many] : {std::pair<shape<3>, shape<3>>{{1, 1, 1}, {1, 1, 1}},
                                  {{5, 2, 8}, {5, 4, 8}},
                                  {{3, 3, 7}, {3, 9, 7}},
                                  {{33, 2, 64}, {33, 14, 64}}}) {
    auto x = this->template random<3>(few), dy = this->template random<3>(many);
    auto y = this->template poisoned<TypeParam, 3>(many),
         dx = this->template poisoned<TypeParam, 3>(few);
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      ops::repeat_heads_forward<S>(b, on(x), on(y));
      ops::repeat_heads_backward<S>(b, on(dy), on(dx));
    });
    this->expect_close(y, "y");
    this->expect_close(dx, "dx");
  }
}

TYPED_TEST(cuda_repeat_heads, heads_inside_wider_rows) {
  for (const std::int64_t first : {8, 3}) {
    auto x = this->template random<2>({7, 32}), y = this->template random<2>({7, 64});
    auto dx = this->template random<2>({7, 32});
    this->on_both([&](auto& b, auto tag, auto on) {
      using S = decltype(tag);
      const auto heads = [&](auto& each, std::int64_t count) {
        const auto rows = on(each).whole();
        view<S, 3, typename decltype(rows)::space> result(rows.pointer + first, {7, count, 8});
        result.strides[0] = rows.stride(0);
        return result;
      };
      ops::repeat_heads_forward<S>(b, heads(x, 2), heads(y, 6));
      ops::repeat_heads_backward<S>(b, heads(y, 6), heads(dx, 2));
    });
    // Whole rows: what lies beside the heads must be as before.
    this->expect_close(y, "y from column " + std::to_string(first));
    this->expect_close(dx, "dx from column " + std::to_string(first));
  }
}

TYPED_TEST(cuda_repeat_heads, no_rows) {
  auto x = this->template random<3>({0, 2, 8}), y = this->template random<3>({0, 6, 8});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    ops::repeat_heads_forward<S>(b, on(x), on(y));
    ops::repeat_heads_backward<S>(b, on(y), on(x));
  });
}

}  // namespace repeat_heads_test
}  // namespace radlads::test
