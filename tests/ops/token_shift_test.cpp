// SPDX-License-Identifier: Apache-2.0
// Difference to the previous token: carried across calls, with its gradient.

#include "ops/tensor_values.hpp"
#include "radlads/ops/token_shift.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace token_shift_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

TEST(token_shift, is_the_previous_token_minus_this_one) {
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t T : {1, 2, 67}) {
    for (const std::int64_t C : {1, 16, 67}) {
      const auto x = filled<float, 3>(backend, {3, T, C}, random_values(3 * T * C, 1));
      const auto before = filled<float, 2>(backend, {3, C}, random_values(3 * C, 2));
      tensor<float, 3, cpu_backend> delta(backend, {3, T, C}), carried(backend, {3, T, C});
      tensor<float, 2, cpu_backend> last(backend, {3, C});
      ops::token_shift_forward<float>(backend, x, {}, delta, {});
      ops::token_shift_forward<float>(backend, x, before, carried, last);
      for (std::int64_t b = 0; b < 3; ++b) {
        for (std::int64_t i = 0; i < C; ++i) {
          ASSERT_EQ(delta.whole()(b, 0, i), -x.whole()(b, 0, i));
          ASSERT_EQ(carried.whole()(b, 0, i), before.whole()(b, i) - x.whole()(b, 0, i));
          ASSERT_EQ(last.whole()(b, i), x.whole()(b, T - 1, i));
          for (std::int64_t t = 1; t < T; ++t) {
            ASSERT_EQ(delta.whole()(b, t, i), x.whole()(b, t - 1, i) - x.whole()(b, t, i));
            ASSERT_EQ(carried.whole()(b, t, i), delta.whole()(b, t, i));
          }
        }
      }
    }
  }
}

TEST(token_shift, a_sequence_may_be_split_anywhere) {
  cpu_backend backend({.threads = 2, .poison = true});
  const std::int64_t T = 11, C = 5;
  const auto x = filled<double, 3>(backend, {2, T, C}, random_values(2 * T * C, 3));
  tensor<double, 3, cpu_backend> whole(backend, x.sizes()), parts(backend, x.sizes());
  ops::token_shift_forward<double>(backend, x, {}, whole, {});
  for (std::int64_t cut = 1; cut < T; ++cut) {
    auto carried = filled<double, 2>(backend, {2, C}, std::vector<double>(10, 0));
    for (const auto& [begin, end] : {std::pair{std::int64_t{0}, cut}, std::pair{cut, T}}) {
      view<const double, 3> from = x.whole();
      view<double, 3> to = parts.whole();
      from.pointer += begin * C;
      to.pointer += begin * C;
      from.extents[1] = to.extents[1] = end - begin;
      // The state is read and written in the same call.
      ops::token_shift_forward<double>(backend, from, carried, to, carried);
    }
    EXPECT_EQ(values_of(parts), values_of(whole)) << "cut at " << cut;
  }
}

TEST(token_shift, gradient_is_that_of_the_complex_step) {
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t T : {1, 2, 7}) {
    const std::int64_t C = 3, size = 2 * T * C;
    const std::vector<double> weights = random_values(size, 4);
    const auto loss = [&](const std::vector<test::complex>& point) {
      const auto x = filled<test::complex, 3>(backend, {2, T, C}, point);
      tensor<test::complex, 3, cpu_backend> delta(backend, x.sizes());
      ops::token_shift_forward<test::complex>(backend, x, {}, delta, {});
      return test::weighted_sum(weights, delta);
    };
    const auto ddelta = filled<double, 3>(backend, {2, T, C}, weights);
    tensor<double, 3, cpu_backend> dx(backend, {2, T, C});
    const std::vector<double> expected = test::complex_step(loss, random_values(size, 5));
    for (int round = 0; round < 2; ++round) {  // the second call overwrites
      ops::token_shift_backward<double>(backend, ddelta, dx);
      EXPECT_LT(test::relative_error(values_of(dx), expected), test::gradient_tolerance);
    }
  }
}

TEST(token_shift, nothing_to_do_and_wrong_shapes) {
  cpu_backend backend({.threads = 2, .poison = true});
  tensor<float, 3, cpu_backend> x(backend, {2, 3, 4}), other(backend, {2, 3, 5});
  tensor<float, 3, cpu_backend> none(backend, {0, 3, 4}), still(backend, {2, 0, 4});
  tensor<float, 2, cpu_backend> last(backend, {2, 4}), wrong(backend, {2, 3});
  EXPECT_NO_THROW(ops::token_shift_forward<float>(backend, none, {}, none, {}));
  EXPECT_NO_THROW(ops::token_shift_backward<float>(backend, none, none));
  EXPECT_EQ(error_of([&] { ops::token_shift_forward<float>(backend, x, {}, other, {}); }),
            "token_shift_forward: delta is (2, 3, 5), expected (2, 3, 4)");
  EXPECT_EQ(error_of([&] { ops::token_shift_forward<float>(backend, x, wrong, x, {}); }),
            "token_shift_forward: last_in is (2, 3), expected (2, 4)");
  EXPECT_EQ(error_of([&] { ops::token_shift_forward<float>(backend, x, last, x, wrong); }),
            "token_shift_forward: last_out is (2, 3), expected (2, 4)");
  EXPECT_EQ(error_of([&] { ops::token_shift_backward<float>(backend, x, other); }),
            "token_shift_backward: dx is (2, 3, 5), expected (2, 3, 4)");
}

}  // namespace token_shift_test
