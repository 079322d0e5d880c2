// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/cuda/sum_rows.cuh"
#include "support/cuda_case.cuh"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace sum_rows_test {

template <class T>
class cuda_sum_rows : public cuda_case<T> {};
TYPED_TEST_SUITE(cuda_sum_rows, cuda_scalars);

TYPED_TEST(cuda_sum_rows, adds_columns) {
  for (const shape<2> sizes : {shape<2>{1, 1}, {7, 3}, {64, 32}, {65, 33}, {1000, 130}}) {
    auto x = this->template random<2>(sizes);
    auto total = this->template random<1>({sizes[1]});
    this->on_both(
        [&](auto& b, auto tag, auto on) { ops::sum_rows<decltype(tag)>(b, on(x), on(total)); });
    this->expect_close(total, "total of " + to_string<2>(sizes));
  }
}

TYPED_TEST(cuda_sum_rows, many_rows_in_one_order) {
  auto x = this->template random<2>({40000, 5});
  auto first = this->template random<1>({5}, 0), second = this->template random<1>({5}, 0);
  this->on_both([&](auto& b, auto tag, auto on) {
    ops::sum_rows<decltype(tag)>(b, on(x), on(first));
    ops::sum_rows<decltype(tag)>(b, on(x), on(second));
  });
  this->expect_close(first, "total");
  EXPECT_EQ(this->values_of(first.device), this->values_of(second.device));
}

TYPED_TEST(cuda_sum_rows, strided_rows_and_no_rows) {
  auto whole = this->template random<2>({130, 40}), none = this->template random<2>({0, 7});
  auto total = this->template random<1>({7});
  this->on_both([&](auto& b, auto tag, auto on) {
    using S = decltype(tag);
    auto part = on(whole).read();
    part.pointer += 5;
    part.extents[1] = 7;
    ops::sum_rows<S>(b, part, on(total));
    ops::sum_rows<S>(b, on(none), on(total));
  });
  this->expect_close(total, "total of strided rows");
}

TYPED_TEST(cuda_sum_rows, sum_of_squares) {
  for (const std::int64_t size : {1, 4095, 4097, 300001}) {
    auto x = this->template random<1>({size});
    const double expected = ops::sum_squares<double>(this->cpu(), x.host);
    const double found = ops::sum_squares<TypeParam>(this->cuda(), x.device);
    EXPECT_NEAR(found / expected, 1, 1e-12) << size;
    EXPECT_EQ(found, ops::sum_squares<TypeParam>(this->cuda(), x.device)) << size;
  }
  auto none = this->template random<1>({0});
  EXPECT_EQ(ops::sum_squares<TypeParam>(this->cuda(), none.device), 0);
}

}  // namespace sum_rows_test
}  // namespace radlads::test
