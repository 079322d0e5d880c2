// SPDX-License-Identifier: Apache-2.0
// Views: strides, elements, density, other shapes, and the sentences about shapes.

#include "radlads/core/view.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <numeric>
#include <span>
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

TEST(view, takes_the_strides_of_a_foreign_tensor) {
  std::vector<int> memory = counted(120);
  // (B, T, parts, H, K) of (2, 3, 4, 1, 5): part 1 as (B, T, H, K).
  const view<int, 4> part(memory.data() + 5, {2, 3, 1, 5}, {60, 20, 5, 1});
  EXPECT_EQ(part(1, 2, 0, 4), 1 * 60 + 2 * 20 + 5 + 4);
  EXPECT_FALSE(part.is_dense());
  const view<int, 2> repeated(memory.data(), {7, 5}, {0, 1});
  EXPECT_EQ(&repeated(6, 3), &repeated(0, 3));
  // An axis of one entry has any stride.
  const view<int, 2> column(memory.data(), {4, 1}, {1, 4});
  EXPECT_EQ(column(3, 0), 3);
  EXPECT_TRUE(column.is_dense());
  EXPECT_EQ(test::error_of([&] {
              view<int, 2>(memory.data(), {5, 4}, {1, 5});
            }),
            "view: the last axis must be contiguous; its stride is 5, expected 1");
}

TEST(view, takes_a_span) {
  std::vector<int> memory = counted(7);
  const view<int, 1> whole{std::span(memory)};
  EXPECT_EQ(whole.data(), memory.data());
  EXPECT_EQ(whole.extent(0), 7);
  const view<const int, 1> some = std::span(memory).subspan(2, 3);
  EXPECT_EQ(some(2), 4);
  static_assert(!std::is_convertible_v<std::span<const int>, view<int, 1>>);
  static_assert(!std::is_convertible_v<std::span<int>, view<int, 2>>);
  static_assert(!std::is_convertible_v<std::span<int>, view<int, 1, device_space>>);
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
