// SPDX-License-Identifier: Apache-2.0
// Products against triple loops in double, over all transposes, strides and awkward sizes;
// gradients of linear against the complex step; splits over threads against one thread, bit by bit.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/matmul.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <complex>
#include <cstdint>
#include <string>
#include <vector>

namespace matmul_test {

using namespace radlads;
using test::complex;
using test::random_values;
using test::relative_error;

struct product_size {
  std::int64_t M, N, K;
};

// Around lanes, tiles and blocks of the summed axis; each axis is long once; one token; no sum.
const std::vector<product_size> product_sizes = {
    {1, 1, 1},     {1, 7, 5},      {3, 2, 17},   {7, 31, 13},   {13, 64, 64},
    {16, 33, 300}, {29, 65, 11},   {97, 101, 5}, {64, 64, 700}, {300, 40, 64},
    {2, 700, 40},  {1, 257, 900},  {5, 130, 70}, {600, 9, 33},  {40, 600, 3},
    {12, 96, 520}, {1100, 70, 64}, {4, 5, 0},    {0, 5, 4},     {5, 0, 4},
};

// A matrix with gaps between its rows, so that code that ignores the stride is seen.
template <class T>
struct strided {
  strided(std::int64_t rows, std::int64_t columns, std::uint64_t seed)
      : storage(static_cast<std::size_t>(rows * (columns + gap))) {
    whole = view<T, 2>(storage.data(), {rows, columns});
    whole.strides[0] = columns + gap;
    const std::vector<double> values = random_values(rows * (columns + gap), seed);
    for (std::size_t i = 0; i < values.size(); ++i) storage[i] = static_cast<T>(values[i]);
  }
  static constexpr std::int64_t gap = 3;
  std::vector<T> storage;
  view<T, 2> whole;
};

template <class T>
std::vector<T> elements(const view<T, 2>& x) {
  std::vector<T> result;
  for (std::int64_t i = 0; i < x.extent(0); ++i) {
    for (std::int64_t j = 0; j < x.extent(1); ++j) result.push_back(x(i, j));
  }
  return result;
}

// The product by definition, with sums in double.
template <class T>
std::vector<double> by_definition(const ops::matmul_options& o, const product_size& s,
                                  const view<T, 2>& a, const view<T, 2>& b, const view<T, 2>& c) {
  std::vector<double> result;
  for (std::int64_t m = 0; m < s.M; ++m) {
    for (std::int64_t n = 0; n < s.N; ++n) {
      double sum = o.accumulate ? static_cast<double>(c(m, n)) : 0.0;
      for (std::int64_t k = 0; k < s.K; ++k) {
        sum += static_cast<double>(o.transpose_a ? a(k, m) : a(m, k)) *
               static_cast<double>(o.transpose_b ? b(n, k) : b(k, n));
      }
      result.push_back(sum);
    }
  }
  return result;
}

template <class T>
class matmul : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(matmul, real_scalars);

TYPED_TEST(matmul, equals_the_triple_loop) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const product_size& s : product_sizes) {
    for (int bits = 0; bits < 8; ++bits) {
      const ops::matmul_options o{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0};
      strided<T> a(o.transpose_a ? s.K : s.M, o.transpose_a ? s.M : s.K, 1);
      strided<T> b(o.transpose_b ? s.N : s.K, o.transpose_b ? s.K : s.N, 2);
      strided<T> c(s.M, s.N, 3);
      std::vector<T> before = c.storage;
      const std::vector<double> expected = by_definition(o, s, a.whole, b.whole, c.whole);
      ops::matmul<T>(backend, o, a.whole, b.whole, c.whole);
      EXPECT_LT(relative_error(elements(c.whole), expected), test::order_tolerance<T>)
          << s.M << " x " << s.N << " x " << s.K << ", options " << bits;
      for (std::int64_t i = 0; i < s.M; ++i) {
        for (std::int64_t j = s.N; j < s.N + c.gap; ++j) {
          const auto at = static_cast<std::size_t>(i * c.whole.stride(0) + j);
          EXPECT_EQ(c.storage[at], before[at]) << "written beside row " << i;
        }
      }
    }
  }
}

TYPED_TEST(matmul, does_not_depend_on_the_number_of_threads) {
  using T = TypeParam;
  cpu_backend one({.threads = 1}), three({.threads = 3});
  for (const product_size& s : product_sizes) {
    strided<T> a(s.K, s.M, 1), b(s.K, s.N, 2), c(s.M, s.N, 3), d(s.M, s.N, 3);
    ops::matmul<T>(one, {.transpose_a = true}, a.whole, b.whole, c.whole);
    ops::matmul<T>(three, {.transpose_a = true}, a.whole, b.whole, d.whole);
    EXPECT_EQ(elements(c.whole), elements(d.whole)) << s.M << " x " << s.N << " x " << s.K;
  }
}

TYPED_TEST(matmul, linear_adds_the_bias_and_overwrites) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const product_size& s : product_sizes) {
    strided<T> x(s.M, s.K, 4), weight(s.N, s.K, 5);
    const std::vector<double> values = random_values(s.N, 6);
    std::vector<T> bias(values.begin(), values.end());
    tensor<T, 2, cpu_backend> y(backend, {s.M, s.N});
    for (const bool with_bias : {false, true}) {
      std::vector<double> expected =
          by_definition({.transpose_b = true}, s, x.whole, weight.whole, y.whole());
      for (std::size_t i = 0; i < expected.size(); ++i) {
        if (with_bias) expected[i] += static_cast<double>(bias[i % bias.size()]);
      }
      view<const T, 1> added;
      if (with_bias) added = view<const T, 1>(bias.data(), {s.N});
      ops::linear<T>(backend, weight.whole, added, x.whole, y);
      EXPECT_LT(relative_error(elements(y.whole()), expected), test::order_tolerance<T>)
          << s.M << " x " << s.N << " x " << s.K << (with_bias ? " with bias" : "");
    }
  }
}

TYPED_TEST(matmul, sums_a_long_axis_of_ones_exactly) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  std::vector<T> ones(static_cast<std::size_t>(10007 * 3), T(1)), weight(3 * 3, T(1));
  std::vector<T> dweight(3 * 3, T(2)), dbias(3, T(2));
  const view<T, 2> x(ones.data(), {10007, 3}), w(weight.data(), {3, 3});
  ops::linear_backward<T>(backend, w, x, x, {}, view<T, 2>(dweight.data(), {3, 3}),
                          view<T, 1>(dbias.data(), {3}));
  EXPECT_EQ(dweight, std::vector<T>(9, T(10009)));
  EXPECT_EQ(dbias, std::vector<T>(3, T(10009)));
}

// Loss sum_ij q_ij y_ij of a linear map of all arguments, laid end to end.
template <class T>
T linear_loss(cpu_backend& backend, const std::vector<T>& all, const std::vector<double>& q,
              std::int64_t N, std::int64_t I, std::int64_t O) {
  const T* const weight = all.data();
  tensor<T, 2, cpu_backend> y(backend, {N, O});
  ops::linear<T>(backend, view<const T, 2>(weight, {O, I}), view<const T, 1>(weight + O * I, {O}),
                 view<const T, 2>(weight + O * I + O, {N, I}), y);
  T loss(0);
  for (std::size_t i = 0; i < q.size(); ++i) loss += q[i] * y.data()[i];
  return loss;
}

TEST(linear_backward, matches_the_complex_step_adds_and_overwrites) {
  cpu_backend backend({.threads = 2, .poison = true});
  const std::int64_t N = 19, I = 5, O = 7;
  const std::vector<double> all = random_values(O * I + O + N * I, 7);
  std::vector<double> q = random_values(N * O, 8);
  const std::vector<double> expected = test::complex_step(
      [&](const std::vector<complex>& z) { return linear_loss(backend, z, q, N, I, O); }, all);

  std::vector<double> gradient(all.size(), 0.5);
  double* const dweight = gradient.data();
  const view<double, 2> dx(dweight + O * I + O, {N, I});
  const auto backward = [&](bool add_to_dx) {
    ops::linear_backward<double>(backend, view<const double, 2>(all.data(), {O, I}),
                                 view<const double, 2>(all.data() + O * I + O, {N, I}),
                                 view<const double, 2>(q.data(), {N, O}), dx,
                                 view<double, 2>(dweight, {O, I}),
                                 view<double, 1>(dweight + O * I, {O}), add_to_dx);
  };
  const auto check = [&](double weights_times, double inputs_times, const char* what) {
    std::vector<double> wanted = expected;
    for (std::size_t i = 0; i < wanted.size(); ++i) {
      const bool is_input = i >= static_cast<std::size_t>(O * I + O);
      wanted[i] = is_input ? inputs_times * wanted[i] : 0.5 + weights_times * wanted[i];
    }
    EXPECT_LT(relative_error(gradient, wanted), test::gradient_tolerance) << what;
  };
  backward(false);
  check(1, 1, "first call");
  backward(false);
  check(2, 1, "second call");
  backward(true);
  check(3, 2, "adding to dx");
}

TEST(linear_backward, leaves_out_what_is_not_wanted) {
  cpu_backend backend({.threads = 2, .poison = true});
  std::vector<double> weight = random_values(12, 1), x = random_values(20, 2),
                      dy = random_values(15, 3);
  const view<double, 2> w(weight.data(), {3, 4}), in(x.data(), {5, 4}), out(dy.data(), {5, 3});
  std::vector<double> dbias(3, 0.0);
  ops::linear_backward<double>(backend, w, in, out, {}, {}, {});
  ops::linear_backward<double>(backend, w, in, out, {}, {}, view<double, 1>(dbias.data(), {3}));
  EXPECT_NEAR(dbias[1], dy[1] + dy[4] + dy[7] + dy[10] + dy[13], 1e-14);
}

std::string message_of(auto&& f) {
  try {
    f();
  } catch (const error& e) {
    return e.what();
  }
  return "nothing was thrown";
}

TEST(matmul_shapes, are_named_in_errors) {
  cpu_backend backend({.threads = 1});
  std::vector<float> memory(100);
  const auto m = [&](std::int64_t rows, std::int64_t columns) {
    return view<float, 2>(memory.data(), {rows, columns});
  };
  const view<const float, 1> none;
  EXPECT_EQ(message_of([&] { ops::matmul<float>(backend, {}, m(2, 3), m(4, 5), m(2, 5)); }),
            "matmul: the right operand sums over 4 entries, the left over 3");
  EXPECT_EQ(message_of([&] { ops::matmul<float>(backend, {}, m(2, 3), m(3, 5), m(5, 2)); }),
            "matmul: c is (5, 2), expected (2, 5)");
  EXPECT_EQ(message_of([&] { ops::linear<float>(backend, m(2, 3), none, m(4, 5), m(4, 2)); }),
            "linear: x is (4, 5), expected (4, 3)");
  EXPECT_EQ(message_of([&] { ops::linear<float>(backend, m(2, 3), none, m(4, 3), m(4, 3)); }),
            "linear: y is (4, 3), expected (4, 2)");
  EXPECT_EQ(message_of([&] {
              ops::linear<float>(backend, m(2, 3), view<const float, 1>(memory.data(), {3}),
                                 m(4, 3), m(4, 2));
            }),
            "linear: bias is (3), expected (2)");
  EXPECT_EQ(message_of([&] {
              ops::linear_backward<float>(backend, m(2, 3), m(4, 3), m(4, 3), {}, {}, {});
            }),
            "linear_backward: dy is (4, 3), expected (4, 2)");
  EXPECT_EQ(message_of([&] {
              ops::linear_backward<float>(backend, m(2, 3), m(4, 3), m(4, 2), m(4, 2), {}, {});
            }),
            "linear_backward: dx is (4, 2), expected (4, 3)");
  EXPECT_EQ(message_of([&] {
              ops::linear_backward<float>(backend, m(2, 3), m(4, 3), m(4, 2), {}, m(3, 2), {});
            }),
            "linear_backward: dweight is (3, 2), expected (2, 3)");
}

}  // namespace matmul_test
