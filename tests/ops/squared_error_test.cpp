// SPDX-License-Identifier: Apache-2.0
// Alignment losses against their definition and their gradients against the complex step.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/squared_error.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <vector>

namespace squared_error_test {

using namespace radlads;
using test::complex;
using test::random_values;
using test::relative_error;

template <class T>
void align(cpu_backend& backend, bool by_norm, real_t<T> scale, view<const T, 2> y,
           view<const T, 2> target, view<T, 1> losses, view<T, 2> dy) {
  if (by_norm) {
    ops::alignment_l2<T>(backend, scale, y, target, losses, dy);
  } else {
    ops::alignment_mse<T>(backend, scale, y, target, losses, dy);
  }
}

template <class T>
class squared_error : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(squared_error, real_scalars);

TYPED_TEST(squared_error, equals_the_definition) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t C : {1, 7, 16, 67}) {
    const std::int64_t N = 1009;
    const std::vector<double> a = random_values(N * C, 1), e = random_values(N * C, 2);
    const std::vector<T> y(a.begin(), a.end()), target(e.begin(), e.end());
    for (const bool by_norm : {true, false}) {
      tensor<T, 1, cpu_backend> losses(backend, {N});
      align<T>(backend, by_norm, T(0.25), {y.data(), {N, C}}, {target.data(), {N, C}}, losses, {});
      std::vector<double> expected(static_cast<std::size_t>(N), 0.0);
      for (std::size_t i = 0; i < a.size(); ++i) {
        expected[i / static_cast<std::size_t>(C)] += (a[i] - e[i]) * (a[i] - e[i]);
      }
      for (double& each : expected) each = 0.25 * (by_norm ? std::sqrt(each) : each);
      EXPECT_LT(relative_error(std::vector<T>(losses.data(), losses.data() + N), expected),
                test::order_tolerance<T>)
          << "C = " << C;
    }
  }
}

TYPED_TEST(squared_error, has_no_gradient_where_it_is_zero) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  const std::vector<T> y = {1, 2, 3, 4}, target = {1, 2, 3, 8};
  tensor<T, 1, cpu_backend> losses(backend, {2});
  tensor<T, 2, cpu_backend> dy(backend, {2, 2});
  ops::alignment_l2<T>(backend, T(0.5), view<const T, 2>(y.data(), {2, 2}),
                       view<const T, 2>(target.data(), {2, 2}), losses, dy);
  EXPECT_EQ(losses.data()[0], T(0));
  EXPECT_EQ(losses.data()[1], T(2));
  EXPECT_EQ(std::vector<T>(dy.data(), dy.data() + 4), (std::vector<T>{0, 0, 0, T(-0.5)}));
}

TEST(alignment, gradient_matches_the_complex_step) {
  cpu_backend backend({.threads = 2, .poison = true});
  const std::int64_t N = 5, C = 19;
  const std::vector<double> y = random_values(N * C, 3), target = random_values(N * C, 4);
  const std::vector<complex> complex_target(target.begin(), target.end());
  for (const bool by_norm : {true, false}) {
    // The op differentiates the plain sum of losses, so tokens are weighted one at a time.
    for (std::int64_t token = 0; token < N; ++token) {
      const auto loss = [&](const std::vector<complex>& z) {
        tensor<complex, 1, cpu_backend> losses(backend, {N});
        align<complex>(backend, by_norm, 0.7, {z.data(), {N, C}}, {complex_target.data(), {N, C}},
                       losses, {});
        return losses.data()[token];
      };
      const std::vector<double> expected = test::complex_step(loss, y);
      tensor<double, 1, cpu_backend> losses(backend, {N});
      tensor<double, 2, cpu_backend> dy(backend, {N, C});
      for (int call = 0; call < 2; ++call) {  // overwrites: the second call changes nothing
        align<double>(backend, by_norm, 0.7, {y.data(), {N, C}}, {target.data(), {N, C}}, losses,
                      dy);
      }
      const double* const row = dy.data() + token * C;
      EXPECT_LT(relative_error(std::vector<double>(row, row + C),
                               std::vector<double>(expected.begin() + token * C,
                                                   expected.begin() + (token + 1) * C)),
                test::gradient_tolerance);
    }
  }
}

TEST(alignment, takes_no_tokens_and_names_wrong_shapes) {
  cpu_backend backend({.threads = 2});
  std::vector<float> memory(64);
  const auto m = [&](std::int64_t rows, std::int64_t columns) {
    return view<float, 2>(memory.data(), {rows, columns});
  };
  const auto v = [&](std::int64_t size) { return view<float, 1>(memory.data(), {size}); };
  ops::alignment_l2<float>(backend, 1.0f, m(0, 4), m(0, 4), v(0), {});
  const auto message_of = [](auto&& f) -> std::string {
    try {
      f();
    } catch (const error& e) {
      return e.what();
    }
    return "nothing was thrown";
  };
  EXPECT_EQ(
      message_of([&] { ops::alignment_l2<float>(backend, 1.0f, m(2, 4), m(2, 3), v(2), {}); }),
      "alignment_l2: target is (2, 3), expected (2, 4)");
  EXPECT_EQ(
      message_of([&] { ops::alignment_l2<float>(backend, 1.0f, m(2, 4), m(2, 4), v(3), {}); }),
      "alignment_l2: losses is (3), expected (2)");
  EXPECT_EQ(message_of(
                [&] { ops::alignment_mse<float>(backend, 1.0f, m(2, 4), m(2, 4), v(2), m(2, 2)); }),
            "alignment_mse: dy is (2, 2), expected (2, 4)");
}

}  // namespace squared_error_test
