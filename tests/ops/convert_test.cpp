// SPDX-License-Identifier: Apache-2.0
// Numbers from one scalar to another, against the scalars' own conversions, which core checks.

#include "ops/tensor_values.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/convert.hpp"
#include "support/error_of.hpp"
#include "support/gradient_check.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace convert_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;

TEST(convert, rounds_to_nearest_and_widens_exactly) {
  cpu_backend b({.threads = 2, .poison = true});
  // Long enough to be split among threads.
  const std::int64_t size = 40001;
  const auto from = filled<float, 1>(b, {size}, random_values(size, 1));
  tensor<bf16, 1, cpu_backend> rounded(b, {size});
  tensor<double, 1, cpu_backend> wide(b, {size});
  ops::convert<float, bf16>(b, from, rounded);
  ops::convert<bf16, double>(b, rounded, wide);
  for (std::int64_t i = 0; i < size; ++i) {
    const float exact = from.data()[i];
    ASSERT_EQ(rounded.data()[i].bits, bf16(exact).bits);
    ASSERT_EQ(wide.data()[i], static_cast<double>(static_cast<float>(bf16(exact))));
    ASSERT_LE(std::abs(wide.data()[i] - static_cast<double>(exact)),
              std::abs(static_cast<double>(exact)) / 256);
  }
}

template <class T>
struct two_tensors {
  tensor<T, 2, cpu_backend> first;
  tensor<T, 1, cpu_backend> second;
  template <class F, class... P>
  static void for_each(F&& f, P&... p) {
    visit(f, "first", p.first...);
    visit(f, "second", p.second...);
  }
};

TEST(convert, visits_parameter_sets) {
  cpu_backend b({.threads = 2, .poison = true});
  two_tensors<float> from;
  from.first = filled<float, 2>(b, {3, 5}, random_values(15, 1));
  from.second = filled<float, 1>(b, {4}, random_values(4, 2));
  two_tensors<bf16> to;
  allocate_like(b, from, to);
  ops::convert_all(b, from, to);
  for (std::int64_t i = 0; i < 15; ++i)
    EXPECT_EQ(to.first.data()[i].bits, bf16(from.first.data()[i]).bits);
  for (std::int64_t i = 0; i < 4; ++i)
    EXPECT_EQ(to.second.data()[i].bits, bf16(from.second.data()[i]).bits);
  to.second.resize(b, {5});
  EXPECT_EQ(error_of([&] { ops::convert_all(b, from, to); }),
            "convert_all: second has another shape");
}

TEST(convert, nothing_and_wrong_sizes) {
  cpu_backend b({.threads = 2});
  tensor<float, 1, cpu_backend> none(b, {0}), four(b, {4});
  tensor<bf16, 1, cpu_backend> small(b, {0}), three(b, {3});
  EXPECT_NO_THROW((ops::convert<float, bf16>(b, none, small)));
  const std::string said = error_of([&] { ops::convert<float, bf16>(b, four, three); });
  EXPECT_NE(said.find("convert: destination"), std::string::npos) << said;
}

}  // namespace convert_test
