// SPDX-License-Identifier: Apache-2.0
// Views: strides, elements, density, other shapes, and the sentences about shapes.

#include "radlads/core/view.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <string>
#include <type_traits>
#include <vector>

namespace view_test {

using namespace radlads;

static_assert(std::is_trivially_copyable_v<view<float, 4>>);
static_assert(std::is_convertible_v<view<float, 2>, view<const float, 2>>);
static_assert(!std::is_convertible_v<view<const float, 2>, view<float, 2>>);
static_assert(!std::is_convertible_v<view<float, 2, device_space>, view<float, 2, host_space>>);

std::vector<int> counted(int count) {
  std::vector<int> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(view, dense_strides_put_the_last_axis_side_by_side) {
  std::vector<int> memory = counted(120);
  const view<int, 4> x(memory.data(), {2, 3, 4, 5});
  for (int a = 0; a < 2; ++a) {
    for (int b = 0; b < 3; ++b) {
      for (int c = 0; c < 4; ++c) {
        for (int d = 0; d < 5; ++d) {
          ASSERT_EQ(x(a, b, c, d), ((a * 3 + b) * 4 + c) * 5 + d);
          ASSERT_EQ(x.row(a, b, c)[d], x(a, b, c, d));
        }
      }
    }
  }
  EXPECT_EQ(x.size(), 120);
  EXPECT_TRUE(x.is_dense());
  EXPECT_EQ(x.stride(0), 60);
  EXPECT_EQ(x.extent(3), 5);
}

TEST(view, a_strided_view_has_gaps) {
  std::vector<int> memory = counted(24);
  view<int, 2> x(memory.data() + 2, {4, 3});
  x.strides[0] = 6;
  EXPECT_FALSE(x.is_dense());
  EXPECT_EQ(x(3, 2), 22);
  const view<const int, 2> same = x;
  EXPECT_EQ(same.stride(0), 6);
  EXPECT_EQ(&same(1, 1), &x(1, 1));
  // The stride of an axis of one entry is never used.
  x.extents[0] = 1;
  EXPECT_TRUE(x.is_dense());
}

TEST(view, is_empty_without_memory_or_without_elements) {
  int number = 0;
  EXPECT_TRUE((view<int, 2>().empty()));
  EXPECT_TRUE((view<int, 2>(&number, {3, 0}).empty()));
  EXPECT_FALSE((view<int, 2>(&number, {1, 1}).empty()));
  EXPECT_EQ((view<int, 3>().size()), 0);
}

TEST(view, sizes_beyond_32_bits) {
  const view<char, 3> x(nullptr, {70000, 70000, 3});
  EXPECT_EQ(x.size(), 14700000000);
  EXPECT_EQ(x.stride(0), 210000);
}

TEST(view, reshape_keeps_the_elements) {
  std::vector<int> memory = counted(24);
  const view<int, 3> x(memory.data(), {2, 3, 4});
  const view<int, 2> y = reshape<2>(x, {6, 4});
  EXPECT_EQ(&y(4, 3), &x(1, 1, 3));
  const auto message = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const error& thrown) {
      return thrown.what();
    }
    return "no error";
  };
  EXPECT_EQ(message([&] {
              reshape<2>(x, {5, 4});
            }),
            "reshape: the view holds 24 elements, the new shape 20");
  view<int, 2> gaps = y;
  gaps.extents[1] = 3;
  EXPECT_EQ(message([&] { reshape<1>(gaps, {18}); }),
            "reshape: the view has gaps between its rows");
  EXPECT_EQ(message([&] {
              require_shape(x, {2, 3, 5}, "scan", "k");
            }),
            "scan: k is (2, 3, 4), expected (2, 3, 5)");
  EXPECT_EQ(message([&] { require_shape(x, {2, 3, 4}, "scan", "k"); }), "no error");
}

TEST(view, text_of_a_shape) {
  EXPECT_EQ(to_string<1>({7}), "(7)");
  EXPECT_EQ(to_string<4>({2, 128, 12, 64}), "(2, 128, 12, 64)");
}

}  // namespace view_test
