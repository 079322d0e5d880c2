// SPDX-License-Identifier: Apache-2.0
// Tensors: ownership, kept memory, poison, and copies between them.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

namespace tensor_test {

using namespace radlads;
using matrix = tensor<float, 2, cpu_backend>;

static_assert(!std::is_copy_constructible_v<matrix> && !std::is_copy_assignable_v<matrix>);
static_assert(std::is_nothrow_move_constructible_v<matrix>);
static_assert(std::is_convertible_v<matrix&, view<float, 2>>);
static_assert(std::is_convertible_v<const matrix&, view<const float, 2>>);
static_assert(!std::is_convertible_v<const matrix&, view<float, 2>>);

TEST(tensor, owns_memory_of_its_backend) {
  cpu_backend backend({.threads = 1});
  {
    matrix x(backend, {3, 5});
    EXPECT_EQ(x.size(), 15);
    EXPECT_EQ(backend.allocated_bytes(), 60u);
    const view<float, 2> whole = x;
    whole(2, 4) = 7;
    EXPECT_EQ(std::as_const(x).whole()(2, 4), 7);
    EXPECT_EQ(x.flat()(14), 7);
    EXPECT_EQ(x.flat().extent(0), 15);
    matrix y = std::move(x);
    EXPECT_EQ(backend.allocated_bytes(), 60u);
    EXPECT_EQ(y.whole()(2, 4), 7);
    y.release();
    EXPECT_TRUE(y.empty());
    EXPECT_EQ(backend.allocated_bytes(), 0u);
  }
  EXPECT_EQ(backend.allocated_bytes(), 0u);
  EXPECT_EQ(backend.peak_bytes(), 60u);
}

TEST(tensor, refuses_a_shape_whose_bytes_overflow) {
  cpu_backend backend({.threads = 1});
  tensor<float, 4, cpu_backend> x;
  constexpr std::int64_t half = std::int64_t{1} << 30, word = std::int64_t{1} << 32;
  // 2^62 elements: their bytes are 0 modulo 2^64.
  const auto said = test::error_of([&] { x.resize(backend, {1, 4, half, half}); });
  EXPECT_EQ(said,
            "tensor: the shape (1, 4, 1073741824, 1073741824) of 4-byte elements has more "
            "bytes than 63 bits count");
  EXPECT_THROW(x.resize(backend, {word, word, 1, 1}), error);
  EXPECT_THROW(x.resize(backend, {0, word, word, 1}), error);
  EXPECT_THROW(x.resize(backend, {1, 1, 2, std::int64_t{1} << 61}), error);
  EXPECT_EQ(backend.allocated_bytes(), 0u);
  x.resize(backend, {0, word, 1, 1});
  EXPECT_TRUE(x.empty());
}

TEST(tensor, keeps_memory_that_suffices) {
  cpu_backend backend({.threads = 1});
  matrix x(backend, {4, 4});
  const float* before = x.data();
  x.resize(backend, {2, 3});
  EXPECT_EQ(x.data(), before);
  EXPECT_EQ(x.size(), 6);
  x.resize(backend, {8, 1});
  EXPECT_EQ(x.data(), before);
  x.resize(backend, {5, 4});
  EXPECT_EQ(x.extent(0), 5);
  EXPECT_EQ(backend.allocated_bytes(), 80u);
}

TEST(tensor, moves_to_another_backend_by_resize) {
  cpu_backend first({.threads = 1}), second({.threads = 1});
  matrix x(first, {2, 2});
  x.resize(second, {1, 1});
  EXPECT_EQ(first.allocated_bytes(), 0u);
  EXPECT_EQ(second.allocated_bytes(), 4u);
}

TEST(tensor, may_be_empty) {
  cpu_backend backend({.threads = 1});
  matrix none, no_rows(backend, {0, 3});
  EXPECT_TRUE(none.empty());
  EXPECT_TRUE(no_rows.empty());
  EXPECT_TRUE(no_rows.whole().empty());
  EXPECT_EQ(none.size(), 0);
  EXPECT_THROW(matrix(backend, {2, -1}), error);
}

TEST(tensor, memory_is_aligned_and_poisoned_on_request) {
  cpu_backend backend({.threads = 1, .poison = true});
  for (const int size : {1, 7, 1000}) {
    tensor<double, 1, cpu_backend> x(backend, {size});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(x.data()) % 64, 0u);
    for (int i = 0; i < size; ++i) ASSERT_TRUE(std::isnan(x.data()[i]));
    matrix y(backend, {size, 2});
    for (int i = 0; i < 2 * size; ++i) ASSERT_TRUE(std::isnan(y.data()[i]));
  }
}

TEST(tensor, copy_and_set_zero_check_their_views) {
  cpu_backend backend({.threads = 1, .poison = true});
  matrix x(backend, {2, 3}), y(backend, {2, 3}), other(backend, {3, 2});
  for (int i = 0; i < 6; ++i) x.data()[i] = static_cast<float>(i);
  copy<float, 2>(backend, x, y);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(y.data()[i], static_cast<float>(i));
  set_zero<float, 2>(backend, y);
  for (int i = 0; i < 6; ++i) EXPECT_EQ(y.data()[i], 0.0f);
  EXPECT_THROW((copy<float, 2>(backend, x, other)), error);
  view<float, 2> gaps = y;
  gaps.extents[1] = 2;
  EXPECT_THROW((set_zero<float, 2>(backend, gaps)), error);
}

}  // namespace tensor_test
