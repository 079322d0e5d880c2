// SPDX-License-Identifier: Apache-2.0
// Rotary position against the rotation of complex numbers in extended precision.

#include "ops/tensor_values.hpp"
#include "radlads/ops/rope.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace rope_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::values_of;

/// Entries i and i + N/2 of a head as one complex number, turned by position base^(-2i/N).
std::vector<double> rotated(const std::vector<double>& x, const shape<4>& sizes, long double base,
                            std::int64_t first_position) {
  const std::int64_t heads = sizes[2], size = sizes[3], half_size = size / 2;
  std::vector<double> y(x.size());
  for (std::int64_t row = 0; row < sizes[0] * sizes[1] * heads; ++row) {
    const std::int64_t position = first_position + row / heads % sizes[1];
    for (std::int64_t i = 0; i < half_size; ++i) {
      const auto lower = static_cast<std::size_t>(row * size + i);
      const auto upper = static_cast<std::size_t>(row * size + i + half_size);
      const long double exponent =
          -2 * static_cast<long double>(i) / static_cast<long double>(size);
      const long double angle = static_cast<long double>(position) * std::pow(base, exponent);
      const std::complex<long double> point(x[lower], x[upper]);
      const std::complex<long double> turned = point * std::polar(1.0L, angle);
      y[lower] = static_cast<double>(turned.real());
      y[upper] = static_cast<double>(turned.imag());
    }
  }
  return y;
}

template <class T>
class rope : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(rope, real_scalars);

TYPED_TEST(rope, turns_pairs_by_their_position) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t N : {2, 6, 8, 34, 64}) {
    for (const std::int64_t first : {0, 1000}) {
      const shape<4> sizes = {2, 97, 3, N};
      const std::vector<double> numbers = random_values(2 * 97 * 3 * N, 1);
      auto x = filled<T, 4>(backend, sizes, numbers);
      tensor<T, 4, cpu_backend> y(backend, sizes);
      ops::rope<T>(backend, 1e4, first, 1, x, y);
      const std::vector<double> expected = rotated(numbers, sizes, 1e4L, first);
      EXPECT_LT(test::relative_error(values_of(y), expected), test::order_tolerance<T>) << N;
      ops::rope<T>(backend, 1e4, first, 1, x, x);
      EXPECT_EQ(values_of(x), values_of(y)) << "in place, N = " << N;
      ops::rope<T>(backend, 1e4, first, -1, x, x);
      EXPECT_LT(test::relative_error(values_of(x), numbers), test::order_tolerance<T>)
          << "there and back, N = " << N;
    }
  }
}

TEST(rope_functions, turns_by_scaled_frequencies_and_back) {
  cpu_backend backend({.threads = 2, .poison = true});
  const shape<4> sizes = {1, 67, 2, 12};
  const std::vector<double> numbers = random_values(67 * 24, 6);
  auto x = filled<double, 4>(backend, sizes, numbers);
  tensor<double, 4, cpu_backend> y(backend, sizes);
  // With base 50 the six frequencies are 1, 0.52, 0.27, 0.14, 0.07, 0.04: kept, blended and
  // divided.
  const ops::rope_scaling scaling{ops::rope_scaling_kind::llama3, 8, 1, 4, 32};
  ops::rope<double>(backend, {50.0, scaling}, 3, 1, x, y);
  for (std::int64_t row = 0; row < 67 * 2; ++row) {
    for (std::int64_t i = 0; i < 6; ++i) {
      const double frequency = std::pow(50.0, -static_cast<double>(i) / 6);
      const double wave = 2 * 3.14159265358979324 / frequency;
      const double blend = (32 / wave - 1) / (4 - 1);
      double scaled = (1 - blend) * frequency / 8 + blend * frequency;
      if (wave < 32.0 / 4) scaled = frequency;
      if (wave > 32.0) scaled = frequency / 8;
      const double angle = static_cast<double>(3 + row / 2) * scaled;
      const double* const from = numbers.data() + row * 12;
      const double* const to = y.data() + row * 12;
      EXPECT_NEAR(to[i], from[i] * std::cos(angle) - from[i + 6] * std::sin(angle), 1e-12);
      EXPECT_NEAR(to[i + 6], from[i + 6] * std::cos(angle) + from[i] * std::sin(angle), 1e-12);
    }
  }
  ops::rope<double>(backend, {50.0, scaling}, 3, -1, y, x);
  EXPECT_LT(test::relative_error(values_of(x), numbers), test::order_tolerance<double>);
}

TEST(rope_functions, error_does_not_grow_along_a_long_sequence) {
  cpu_backend backend({.threads = 2, .poison = true});
  const shape<4> sizes = {1, 8191, 1, 4};
  const std::vector<double> numbers = random_values(8191 * 4, 2);
  const auto x = filled<double, 4>(backend, sizes, numbers);
  tensor<double, 4, cpu_backend> y(backend, sizes);
  ops::rope<double>(backend, 1e6, 0, 1, x, y);
  const std::vector<double> expected = rotated(numbers, sizes, 1e6L, 0);
  for (std::size_t i = 0; i < expected.size(); ++i) {
    ASSERT_NEAR(y.data()[i], expected[i], 1e-11) << "at token " << i / 4;
  }
}

TEST(rope_functions, result_does_not_depend_on_threads_or_splits) {
  const shape<4> sizes = {2, 300, 2, 10};
  const std::vector<double> numbers = random_values(2 * 300 * 2 * 10, 3);
  std::vector<std::vector<double>> results;
  for (const int threads : {1, 2, 3}) {
    cpu_backend backend({.threads = threads, .poison = true});
    const auto x = filled<double, 4>(backend, sizes, numbers);
    tensor<double, 4, cpu_backend> y(backend, sizes);
    ops::rope<double>(backend, 1e4, 7, 1, x, y);
    results.push_back(values_of(y));
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);

  cpu_backend backend({.threads = 2, .poison = true});
  const auto x = filled<double, 4>(backend, sizes, numbers);
  tensor<double, 4, cpu_backend> y(backend, sizes);
  for (std::int64_t t = 0; t < 300; ++t) {
    view<const double, 4> from = x.whole();
    view<double, 4> to = y.whole();
    from.pointer += t * 20;
    to.pointer += t * 20;
    from.extents[1] = to.extents[1] = 1;
    ops::rope<double>(backend, 1e4, 7 + t, 1, from, to);
  }
  EXPECT_LT(test::relative_error(values_of(y), results[0]), test::order_tolerance<double>);
}

TEST(rope_functions, gradient_is_the_rotation_back) {
  cpu_backend backend({.threads = 2, .poison = true});
  const shape<4> sizes = {2, 3, 2, 6};
  const std::vector<double> weights = random_values(72, 4);
  const auto loss = [&](const std::vector<test::complex>& point) {
    const auto x = filled<test::complex, 4>(backend, sizes, point);
    tensor<test::complex, 4, cpu_backend> y(backend, sizes);
    ops::rope<test::complex>(backend, 1e4, 5, 1, x, y);
    return test::weighted_sum(weights, y);
  };
  const auto dy = filled<double, 4>(backend, sizes, weights);
  tensor<double, 4, cpu_backend> dx(backend, sizes);
  ops::rope<double>(backend, 1e4, 5, -1, dy, dx);
  EXPECT_LT(test::relative_error(values_of(dx), test::complex_step(loss, random_values(72, 5))),
            test::gradient_tolerance);
}

TEST(rope_positions, adds_a_position_in_memory) {
  cpu_backend backend;
  const std::int32_t behind = 9;
  ops::position<cpu_backend> position(4);
  position.offset = {&behind, {1}};
  tensor<double, 4, cpu_backend> x(backend, {1, 3, 2, 8}), y(backend, x.sizes()),
      z(backend, x.sizes());
  for (std::int64_t i = 0; i < x.size(); ++i) x.data()[i] = std::sin(static_cast<double>(i));
  ops::rope<double>(backend, 1e4, position, 1, x, y);
  ops::rope<double>(backend, 1e4, 13, 1, x, z);
  for (std::int64_t i = 0; i < x.size(); ++i) EXPECT_EQ(y.data()[i], z.data()[i]);
}

TEST(rope_functions, nothing_to_do_and_wrong_arguments) {
  cpu_backend backend({.threads = 2, .poison = true});
  tensor<float, 4, cpu_backend> none(backend, {2, 0, 2, 4}), odd(backend, {1, 2, 1, 5});
  tensor<float, 4, cpu_backend> x(backend, {1, 2, 1, 4});
  EXPECT_NO_THROW(ops::rope<float>(backend, 1e4, 0, 1, none, none));
  EXPECT_EQ(error_of([&] { ops::rope<float>(backend, 1e4, 0, 1, odd, odd); }),
            "rope: the head size is 5, expected an even one");
  EXPECT_EQ(error_of([&] { ops::rope<float>(backend, 1e4, 0, 2, x, x); }),
            "rope: direction is 2, expected 1 or -1");
  EXPECT_EQ(error_of([&] { ops::rope<float>(backend, 1e4, 0, 1, x, odd); }),
            "rope: y is (1, 2, 1, 5), expected (1, 2, 1, 4)");
}

}  // namespace rope_test
