// SPDX-License-Identifier: Apache-2.0
// Root mean square, layer and group norm against their definitions, gradients against the complex
// step.

#include "ops/tensor_values.hpp"
#include "radlads/ops/norm.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <type_traits>
#include <vector>

namespace norm_test {

using namespace radlads;
using test::error_of;
using test::filled;
using test::random_values;
using test::relative_error;
using test::values_of;

/// (x - mean) / sqrt(variance + epsilon) weight + bias for each run of `size` numbers; without a
/// centre, the mean counts as zero.
std::vector<double> normed(const std::vector<double>& x, std::size_t size, double epsilon,
                           const std::vector<double>& weight, const std::vector<double>& bias,
                           bool is_centred) {
  std::vector<double> y(x.size());
  for (std::size_t row = 0; row < x.size(); row += size) {
    long double mean = 0, variance = 0;
    for (std::size_t i = row; i < row + size; ++i) mean += is_centred ? x[i] : 0;
    mean /= static_cast<long double>(size);
    for (std::size_t i = row; i < row + size; ++i) variance += (x[i] - mean) * (x[i] - mean);
    const long double root = std::sqrt(variance / static_cast<long double>(size) + epsilon);
    for (std::size_t i = row; i < row + size; ++i) {
      y[i] = static_cast<double>((x[i] - mean) / root * weight[i % weight.size()] +
                                 bias[i % weight.size()]);
    }
  }
  return y;
}

template <class T>
class norm : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(norm, real_scalars);

TYPED_TEST(norm, rows_equal_the_definition) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t C : {1, 2, 8, 16, 67, 130}) {
    const std::int64_t N = 211;
    const auto size = static_cast<std::size_t>(C);
    std::vector<double> numbers = random_values(N * C, 1);
    for (double& each : numbers) each += 3;
    const std::vector<double> scales = random_values(C, 2), offsets = random_values(C, 3);
    const auto x = filled<T, 2>(backend, {N, C}, numbers);
    const auto weight = filled<T, 1>(backend, {C}, scales);
    const auto bias = filled<T, 1>(backend, {C}, offsets);
    tensor<T, 2, cpu_backend> y(backend, {N, C});
    tensor<T, 1, cpu_backend> mean(backend, {N}), inverse(backend, {N});
    ops::rms_norm_forward<T>(backend, 0.1, weight, x, y, inverse);
    const std::vector<double> none(size, 0.0);
    EXPECT_LT(relative_error(values_of(y), normed(numbers, size, 0.1, scales, none, false)),
              test::order_tolerance<T>)
        << C;
    ops::layer_norm_forward<T>(backend, 0.1, weight, bias, x, y, mean, inverse);
    EXPECT_LT(relative_error(values_of(y), normed(numbers, size, 0.1, scales, offsets, true)),
              test::order_tolerance<T>)
        << C;
  }
}

TYPED_TEST(norm, heads_equal_the_definition) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  for (const std::int64_t K : {2, 8, 13, 64}) {
    const std::int64_t N = 207, H = 3;
    const std::vector<double> numbers = random_values(N * H * K, 4);
    const std::vector<double> scales = random_values(H * K, 5), offsets = random_values(H * K, 6);
    const auto x = filled<T, 3>(backend, {N, H, K}, numbers);
    const auto weight = filled<T, 1>(backend, {H * K}, scales);
    const auto bias = filled<T, 1>(backend, {H * K}, offsets);
    tensor<T, 3, cpu_backend> y(backend, {N, H, K});
    tensor<T, 2, cpu_backend> mean(backend, {N, H}), inverse(backend, {N, H});
    ops::group_norm_forward<T>(backend, 1.28e-3, weight, bias, x, y, mean, inverse);
    EXPECT_LT(relative_error(values_of(y), normed(numbers, static_cast<std::size_t>(K), 1.28e-3,
                                                  scales, offsets, true)),
              test::order_tolerance<T>)
        << K;
  }
}

/// One gradient test: the point is x, weight and bias, the loss the sum of weights[i] y[i].
struct problem {
  shape<3> sizes;  // (N, H, K)
  std::vector<double> weights;

  std::int64_t columns() const { return sizes[1] * sizes[2]; }
  std::int64_t count() const { return sizes[0] * columns(); }
};

template <class T>
struct buffers {
  tensor<T, 3, cpu_backend> x, y, dy, dx;
  tensor<T, 1, cpu_backend> weight, bias, dweight, dbias, row_mean, row_inverse;
  tensor<T, 2, cpu_backend> mean, inverse;

  template <class Number>
  buffers(cpu_backend& b, const problem& p, const std::vector<Number>& point)
      : x(filled<T, 3>(b, p.sizes, point)),
        y(b, p.sizes),
        dy(filled<T, 3>(b, p.sizes, p.weights)),
        dx(b, p.sizes),
        weight(filled<T, 1>(b, {p.columns()}, point, p.count())),
        bias(filled<T, 1>(b, {p.columns()}, point, p.count() + p.columns())),
        dweight(filled<T, 1>(b, {p.columns()}, std::vector<double>(999, 2))),
        dbias(filled<T, 1>(b, {p.columns()}, std::vector<double>(999, 3))),
        row_mean(b, {p.sizes[0]}),
        row_inverse(b, {p.sizes[0]}),
        mean(b, {p.sizes[0], p.sizes[1]}),
        inverse(b, {p.sizes[0], p.sizes[1]}) {}

  view<T, 2> rows(tensor<T, 3, cpu_backend>& of) {
    return {of.data(), {of.extent(0), of.extent(1) * of.extent(2)}};
  }
};

struct rms {
  template <class T>
  static void forward(cpu_backend& b, buffers<T>& t) {
    ops::rms_norm_forward<T>(b, 0.01, t.weight, t.rows(t.x), t.rows(t.y), t.row_inverse);
  }
  template <class T>
  static void backward(cpu_backend& b, buffers<T>& t, tensor<T, 3, cpu_backend>& dy,
                       view<T, 1> dweight, view<T, 1>) {
    ops::rms_norm_backward<T>(b, t.weight, t.rows(t.x), t.row_inverse, t.rows(dy), t.rows(t.dx),
                              dweight);
  }
};

struct layer {
  template <class T>
  static void forward(cpu_backend& b, buffers<T>& t) {
    ops::layer_norm_forward<T>(b, 0.01, t.weight, t.bias, t.rows(t.x), t.rows(t.y), t.row_mean,
                               t.row_inverse);
  }
  template <class T>
  static void backward(cpu_backend& b, buffers<T>& t, tensor<T, 3, cpu_backend>& dy,
                       view<T, 1> dweight, view<T, 1> dbias) {
    ops::layer_norm_backward<T>(b, t.weight, t.rows(t.x), t.row_mean, t.row_inverse, t.rows(dy),
                                t.rows(t.dx), dweight, dbias);
  }
};

struct group {
  template <class T>
  static void forward(cpu_backend& b, buffers<T>& t) {
    ops::group_norm_forward<T>(b, 0.01, t.weight, t.bias, t.x, t.y, t.mean, t.inverse);
  }
  template <class T>
  static void backward(cpu_backend& b, buffers<T>& t, tensor<T, 3, cpu_backend>& dy,
                       view<T, 1> dweight, view<T, 1> dbias) {
    ops::group_norm_backward<T>(b, t.weight, t.x, t.mean, t.inverse, dy, t.dx, dweight, dbias);
  }
};

template <class Norm>
class norm_gradient : public testing::Test {};
using norms = testing::Types<rms, layer, group>;
TYPED_TEST_SUITE(norm_gradient, norms);

TYPED_TEST(norm_gradient, is_that_of_the_complex_step) {
  cpu_backend backend({.threads = 2, .poison = true});
  for (const shape<3>& sizes : {shape<3>{1, 1, 2}, {3, 2, 5}, {2, 3, 8}, {67, 1, 3}}) {
    problem p{sizes, {}};
    p.weights = random_values(p.count(), 7);
    const std::vector<double> point = random_values(p.count() + 2 * p.columns(), 8);
    const auto loss = [&](const std::vector<test::complex>& at) {
      buffers<test::complex> t(backend, p, at);
      TypeParam::forward(backend, t);
      return test::weighted_sum(p.weights, t.y);
    };
    const std::vector<double> gradient = test::complex_step(loss, point);
    buffers<double> t(backend, p, point);
    TypeParam::forward(backend, t);
    constexpr bool has_bias = !std::is_same_v<TypeParam, rms>;
    for (int round = 1; round <= 2; ++round) {
      TypeParam::backward(backend, t, t.dy, t.dweight.whole(), t.dbias.whole());
      // dx is overwritten; dweight and dbias began at 2 and 3 and are added to.
      std::vector<double> expected(gradient.begin(), gradient.begin() + p.count());
      for (std::int64_t i = 0; i < 2 * p.columns(); ++i) {
        const double start = i < p.columns() ? 2 : 3;
        expected.push_back(start + round * gradient[static_cast<std::size_t>(p.count() + i)]);
      }
      if (!has_bias) expected.erase(expected.end() - p.columns(), expected.end());
      std::vector<std::vector<double>> found = {values_of(t.dx), values_of(t.dweight)};
      if (has_bias) found.push_back(values_of(t.dbias));
      EXPECT_LT(relative_error(test::joined(found), expected), test::gradient_tolerance)
          << "round " << round << " of " << to_string<3>(sizes);
    }
  }
}

TYPED_TEST(norm_gradient, parameters_may_be_left_out_and_dx_may_be_dy) {
  cpu_backend backend({.threads = 2, .poison = true});
  problem p{{70, 2, 5}, {}};
  p.weights = random_values(p.count(), 9);
  buffers<double> t(backend, p, random_values(p.count() + 2 * p.columns(), 10));
  TypeParam::forward(backend, t);
  TypeParam::backward(backend, t, t.dy, t.dweight.whole(), t.dbias.whole());
  const std::vector<double> dx = values_of(t.dx), dweight = values_of(t.dweight);
  std::copy(p.weights.begin(), p.weights.end(), t.dx.data());
  TypeParam::backward(backend, t, t.dx, {}, {});
  EXPECT_EQ(values_of(t.dx), dx);
  EXPECT_EQ(values_of(t.dweight), dweight);
}

TYPED_TEST(norm_gradient, does_not_depend_on_threads) {
  std::vector<std::vector<float>> results;
  problem p{{1003, 3, 13}, {}};
  p.weights = random_values(p.count(), 11);
  for (const int threads : {1, 2, 3}) {
    cpu_backend backend({.threads = threads, .poison = true});
    buffers<float> t(backend, p, random_values(p.count() + 2 * p.columns(), 12));
    TypeParam::forward(backend, t);
    TypeParam::backward(backend, t, t.dy, t.dweight.whole(), t.dbias.whole());
    std::vector<float> all = values_of(t.dx);
    for (const auto& each : {values_of(t.dweight), values_of(t.dbias)}) {
      all.insert(all.end(), each.begin(), each.end());
    }
    results.push_back(all);
  }
  EXPECT_EQ(results[0], results[1]);
  EXPECT_EQ(results[0], results[2]);
}

TYPED_TEST(norm_gradient, no_rows_are_no_work) {
  cpu_backend backend({.threads = 2, .poison = true});
  problem p{{0, 3, 4}, {}};
  buffers<float> t(backend, p, random_values(24, 13));
  TypeParam::forward(backend, t);
  TypeParam::backward(backend, t, t.dy, t.dweight.whole(), t.dbias.whole());
  EXPECT_EQ(values_of(t.dweight), std::vector<float>(12, 2));
}

TEST(norm_shapes, that_disagree_are_named) {
  cpu_backend backend({.threads = 1});
  tensor<float, 1, cpu_backend> c(backend, {4}), n(backend, {3}), bad(backend, {5});
  tensor<float, 2, cpu_backend> x(backend, {3, 4}), wrong(backend, {3, 5}), s(backend, {3, 2});
  tensor<float, 3, cpu_backend> x3(backend, {3, 2, 2}), wrong3(backend, {3, 2, 3});
  const auto rms_forward = [&](auto& weight, auto& y, auto& inverse) {
    return error_of([&] { ops::rms_norm_forward<float>(backend, 0, weight, x, y, inverse); });
  };
  EXPECT_EQ(rms_forward(bad, x, n), "rms_norm_forward: weight is (5), expected (4)");
  EXPECT_EQ(rms_forward(c, wrong, n), "rms_norm_forward: y is (3, 5), expected (3, 4)");
  EXPECT_EQ(rms_forward(c, x, c), "rms_norm_forward: inverse is (4), expected (3)");
  const auto rms_backward = [&](auto& weight, auto& inverse, auto& dy, auto& dx, auto& dweight) {
    return error_of(
        [&] { ops::rms_norm_backward<float>(backend, weight, x, inverse, dy, dx, dweight); });
  };
  EXPECT_EQ(rms_backward(bad, n, x, x, c), "rms_norm_backward: weight is (5), expected (4)");
  EXPECT_EQ(rms_backward(c, c, x, x, c), "rms_norm_backward: inverse is (4), expected (3)");
  EXPECT_EQ(rms_backward(c, n, wrong, x, c), "rms_norm_backward: dy is (3, 5), expected (3, 4)");
  EXPECT_EQ(rms_backward(c, n, x, wrong, c), "rms_norm_backward: dx is (3, 5), expected (3, 4)");
  EXPECT_EQ(rms_backward(c, n, x, x, bad), "rms_norm_backward: dweight is (5), expected (4)");
  const auto layer_forward = [&](auto& weight, auto& bias, auto& y, auto& mean, auto& inverse) {
    return error_of(
        [&] { ops::layer_norm_forward<float>(backend, 0, weight, bias, x, y, mean, inverse); });
  };
  EXPECT_EQ(layer_forward(bad, c, x, n, n), "layer_norm_forward: weight is (5), expected (4)");
  EXPECT_EQ(layer_forward(c, bad, x, n, n), "layer_norm_forward: bias is (5), expected (4)");
  EXPECT_EQ(layer_forward(c, c, wrong, n, n), "layer_norm_forward: y is (3, 5), expected (3, 4)");
  EXPECT_EQ(layer_forward(c, c, x, c, n), "layer_norm_forward: mean is (4), expected (3)");
  EXPECT_EQ(layer_forward(c, c, x, n, c), "layer_norm_forward: inverse is (4), expected (3)");
  const auto layer_backward = [&](auto& weight, auto& mean, auto& inverse, auto& dy, auto& dx,
                                  auto& dweight, auto& dbias) {
    return error_of([&] {
      ops::layer_norm_backward<float>(backend, weight, x, mean, inverse, dy, dx, dweight, dbias);
    });
  };
  const std::string layer_name = "layer_norm_backward: ";
  EXPECT_EQ(layer_backward(bad, n, n, x, x, c, c), layer_name + "weight is (5), expected (4)");
  EXPECT_EQ(layer_backward(c, c, n, x, x, c, c), layer_name + "mean is (4), expected (3)");
  EXPECT_EQ(layer_backward(c, n, c, x, x, c, c), layer_name + "inverse is (4), expected (3)");
  EXPECT_EQ(layer_backward(c, n, n, wrong, x, c, c), layer_name + "dy is (3, 5), expected (3, 4)");
  EXPECT_EQ(layer_backward(c, n, n, x, wrong, c, c), layer_name + "dx is (3, 5), expected (3, 4)");
  EXPECT_EQ(layer_backward(c, n, n, x, x, bad, c), layer_name + "dweight is (5), expected (4)");
  EXPECT_EQ(layer_backward(c, n, n, x, x, c, bad), layer_name + "dbias is (5), expected (4)");
  const auto group_forward = [&](auto& weight, auto& bias, auto& y, auto& mean, auto& inverse) {
    return error_of(
        [&] { ops::group_norm_forward<float>(backend, 0, weight, bias, x3, y, mean, inverse); });
  };
  EXPECT_EQ(group_forward(bad, c, x3, s, s), "group_norm_forward: weight is (5), expected (4)");
  EXPECT_EQ(group_forward(c, bad, x3, s, s), "group_norm_forward: bias is (5), expected (4)");
  EXPECT_EQ(group_forward(c, c, wrong3, s, s),
            "group_norm_forward: y is (3, 2, 3), expected (3, 2, 2)");
  EXPECT_EQ(group_forward(c, c, x3, x, s), "group_norm_forward: mean is (3, 4), expected (3, 2)");
  EXPECT_EQ(group_forward(c, c, x3, s, x),
            "group_norm_forward: inverse is (3, 4), expected (3, 2)");
  const auto group_backward = [&](auto& weight, auto& mean, auto& inverse, auto& dy, auto& dx,
                                  auto& dweight, auto& dbias) {
    return error_of([&] {
      ops::group_norm_backward<float>(backend, weight, x3, mean, inverse, dy, dx, dweight, dbias);
    });
  };
  const std::string group_name = "group_norm_backward: ";
  EXPECT_EQ(group_backward(bad, s, s, x3, x3, c, c), group_name + "weight is (5), expected (4)");
  EXPECT_EQ(group_backward(c, x, s, x3, x3, c, c), group_name + "mean is (3, 4), expected (3, 2)");
  EXPECT_EQ(group_backward(c, s, x, x3, x3, c, c),
            group_name + "inverse is (3, 4), expected (3, 2)");
  EXPECT_EQ(group_backward(c, s, s, wrong3, x3, c, c),
            group_name + "dy is (3, 2, 3), expected (3, 2, 2)");
  EXPECT_EQ(group_backward(c, s, s, x3, wrong3, c, c),
            group_name + "dx is (3, 2, 3), expected (3, 2, 2)");
  EXPECT_EQ(group_backward(c, s, s, x3, x3, bad, c), group_name + "dweight is (5), expected (4)");
  EXPECT_EQ(group_backward(c, s, s, x3, x3, c, bad), group_name + "dbias is (5), expected (4)");
}

}  // namespace norm_test
