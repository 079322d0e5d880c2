// SPDX-License-Identifier: Apache-2.0
// Head and cross-entropy against a naive reference in double and against the complex step, with
// more tokens than a slice holds, unscored targets and large logits.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <string>
#include <vector>

namespace cross_entropy_test {

using namespace radlads;
using test::complex;
using test::random_values;
using test::relative_error;

struct sizes {
  std::int64_t N, V, C;
};

std::vector<std::int32_t> targets_of(const sizes& s) {
  std::vector<std::int32_t> targets;
  for (std::int64_t n = 0; n < s.N; ++n) {
    targets.push_back(n % 5 == 3 ? -1 : static_cast<std::int32_t>((n * 7919 + 3) % s.V));
  }
  return targets;
}

// Losses, then dx, then dhead of scale * sum of losses, by definition, one token at a time.
struct expectation {
  std::vector<double> losses, dx, dhead;
  std::vector<std::int32_t> best;
};

expectation by_definition(const sizes& s, double scale, const std::vector<double>& head,
                          const std::vector<double>& x, const std::vector<std::int32_t>& targets) {
  const auto V = static_cast<std::size_t>(s.V), C = static_cast<std::size_t>(s.C);
  expectation e{{}, std::vector<double>(x.size()), std::vector<double>(head.size()), {}};
  for (std::size_t n = 0; n < targets.size(); ++n) {
    std::vector<double> logit(V);
    std::size_t best = 0;
    for (std::size_t v = 0; v < V; ++v) {
      for (std::size_t c = 0; c < C; ++c) logit[v] += head[v * C + c] * x[n * C + c];
      if (logit[v] > logit[best]) best = v;
    }
    e.best.push_back(static_cast<std::int32_t>(best));
    double sum = 0;
    for (const double each : logit) sum += std::exp(each - logit[best]);
    const double log_sum = logit[best] + std::log(sum);
    if (targets[n] < 0) {
      e.losses.push_back(0);
      continue;
    }
    const auto target = static_cast<std::size_t>(targets[n]);
    e.losses.push_back(log_sum - logit[target]);
    for (std::size_t v = 0; v < V; ++v) {
      const double d = scale * (std::exp(logit[v] - log_sum) - (v == target ? 1.0 : 0.0));
      for (std::size_t c = 0; c < C; ++c) {
        e.dx[n * C + c] += d * head[v * C + c];
        e.dhead[v * C + c] += d * x[n * C + c];
      }
    }
  }
  return e;
}

template <class T>
class cross_entropy : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(cross_entropy, real_scalars);

TYPED_TEST(cross_entropy, equals_the_definition) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  const std::vector<sizes> cases = {{1, 1, 1},     {1, 7, 3},      {13, 33, 5},
                                    {2100, 17, 4}, {300, 3001, 8}, {0, 5, 3}};
  for (const sizes& s : cases) {
    const std::vector<double> h = random_values(s.V * s.C, 1), z = random_values(s.N * s.C, 2);
    const std::vector<T> head(h.begin(), h.end()), x(z.begin(), z.end());
    const std::vector<std::int32_t> targets = targets_of(s);
    const expectation expected =
        by_definition(s, 0.3, {head.begin(), head.end()}, {x.begin(), x.end()}, targets);
    tensor<T, 1, cpu_backend> losses(backend, {s.N});
    tensor<std::int32_t, 1, cpu_backend> best(backend, {s.N});
    tensor<T, 2, cpu_backend> dx(backend, {s.N, s.C});
    std::vector<T> dhead(head.size(), T(0.5));
    ops::head_cross_entropy<T>(backend, T(0.3), view<const T, 2>(head.data(), {s.V, s.C}),
                               view<const T, 2>(x.data(), {s.N, s.C}),
                               view<const std::int32_t, 1>(targets.data(), {s.N}), losses, best, dx,
                               view<T, 2>(dhead.data(), {s.V, s.C}));
    const double tolerance = test::order_tolerance<T>;
    const T* const l = losses.data();
    EXPECT_LT(relative_error(std::vector<T>(l, l + s.N), expected.losses), tolerance)
        << "V " << s.V;
    EXPECT_LT(relative_error(std::vector<T>(dx.data(), dx.data() + s.N * s.C), expected.dx),
              tolerance);
    std::vector<double> wanted = expected.dhead;
    for (double& each : wanted) each += 0.5;
    EXPECT_LT(relative_error(dhead, wanted), tolerance) << "V " << s.V;
    EXPECT_EQ(std::vector<std::int32_t>(best.data(), best.data() + s.N), expected.best);
  }
}

TYPED_TEST(cross_entropy, the_first_of_equal_logits_is_best) {
  using T = TypeParam;
  cpu_backend backend({.threads = 1, .poison = true});
  // Token 40 stands in another vector of lanes than token 1.
  std::vector<T> head(50, T(0));
  head[1] = head[3] = head[40] = T(2);
  const std::vector<T> x = {1, -1};
  const std::vector<std::int32_t> targets = {0, 0};
  tensor<T, 1, cpu_backend> losses(backend, {2});
  tensor<std::int32_t, 1, cpu_backend> best(backend, {2});
  ops::head_cross_entropy<T>(
      backend, T(1), view<const T, 2>(head.data(), {50, 1}), view<const T, 2>(x.data(), {2, 1}),
      view<const std::int32_t, 1>(targets.data(), {2}), losses, best, {}, {});
  EXPECT_EQ(best.data()[0], 1);
  EXPECT_EQ(best.data()[1], 0);
}

TYPED_TEST(cross_entropy, survives_logits_beyond_the_range_of_exp) {
  using T = TypeParam;
  cpu_backend backend({.threads = 1, .poison = true});
  const std::vector<T> head = {1000, 0, -1000}, x = {1, 1};
  const std::vector<std::int32_t> targets = {0, 2};
  tensor<T, 1, cpu_backend> losses(backend, {2});
  tensor<T, 2, cpu_backend> dx(backend, {2, 1});
  ops::head_cross_entropy<T>(backend, T(1), view<const T, 2>(head.data(), {3, 1}),
                             view<const T, 2>(x.data(), {2, 1}),
                             view<const std::int32_t, 1>(targets.data(), {2}), losses, {}, dx, {});
  EXPECT_EQ(losses.data()[0], T(0));
  EXPECT_EQ(losses.data()[1], T(2000));
  EXPECT_EQ(dx.data()[0], T(0));
  EXPECT_EQ(dx.data()[1], T(2000));
}

TEST(head_cross_entropy, gradient_matches_the_complex_step) {
  cpu_backend backend({.threads = 2, .poison = true});
  const sizes s{6, 11, 5};
  const std::vector<std::int32_t> targets = targets_of(s);
  const view<const std::int32_t, 1> t(targets.data(), {s.N});
  const std::vector<double> all = random_values(s.V * s.C + s.N * s.C, 3);
  const auto loss = [&](const std::vector<complex>& z) {
    tensor<complex, 1, cpu_backend> losses(backend, {s.N});
    ops::head_cross_entropy<complex>(backend, 0.3, view<const complex, 2>(z.data(), {s.V, s.C}),
                                     view<const complex, 2>(z.data() + s.V * s.C, {s.N, s.C}), t,
                                     losses, {}, {}, {});
    complex sum = 0;
    for (std::int64_t n = 0; n < s.N; ++n) sum += 0.3 * losses.data()[n];
    return sum;
  };
  std::vector<double> gradient(all.size(), 0.0);
  tensor<double, 1, cpu_backend> losses(backend, {s.N});
  for (int call = 1; call <= 2; ++call) {
    ops::head_cross_entropy<double>(backend, 0.3, view<const double, 2>(all.data(), {s.V, s.C}),
                                    view<const double, 2>(all.data() + s.V * s.C, {s.N, s.C}), t,
                                    losses, {},
                                    view<double, 2>(gradient.data() + s.V * s.C, {s.N, s.C}),
                                    view<double, 2>(gradient.data(), {s.V, s.C}));
    std::vector<double> expected = test::complex_step(loss, all);
    for (std::int64_t i = 0; i < s.V * s.C; ++i) expected[static_cast<std::size_t>(i)] *= call;
    EXPECT_LT(relative_error(gradient, expected), test::gradient_tolerance) << "call " << call;
  }
}

TEST(head_cross_entropy, names_what_is_wrong) {
  cpu_backend backend({.threads = 1});
  std::vector<float> memory(64, 0.0f);
  std::vector<std::int32_t> targets = {0, 4};
  const auto m = [&](std::int64_t rows, std::int64_t columns) {
    return view<float, 2>(memory.data(), {rows, columns});
  };
  const auto v = [&](std::int64_t size) { return view<float, 1>(memory.data(), {size}); };
  const auto message_of = [&](view<float, 2> head, view<float, 2> x, view<std::int32_t, 1> t,
                              view<float, 1> losses, view<float, 2> dx, view<float, 2> dhead,
                              view<std::int32_t, 1> best = {}) -> std::string {
    try {
      ops::head_cross_entropy<float>(backend, 1.0f, head, x, t, losses, best, dx, dhead);
    } catch (const error& e) {
      return e.what();
    }
    return "nothing was thrown";
  };
  const auto t = [&](std::int64_t size) { return view<std::int32_t, 1>(targets.data(), {size}); };
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(2), v(2), {}, {}),
            "head_cross_entropy: the target at position 1 is 4, but the vocabulary has 4 tokens");
  targets[1] = -2;
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(2), v(2), {}, {}),
            "head_cross_entropy: the target at position 1 is -2, but the vocabulary has 4 tokens");
  EXPECT_EQ(message_of(m(0, 3), m(2, 3), t(2), v(2), {}, {}),
            "head_cross_entropy: the head has no rows");
  EXPECT_EQ(message_of(m(4, 3), m(2, 5), t(2), v(2), {}, {}),
            "head_cross_entropy: x is (2, 5), expected (2, 3)");
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(1), v(2), {}, {}),
            "head_cross_entropy: targets is (1), expected (2)");
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(2), v(3), {}, {}),
            "head_cross_entropy: losses is (3), expected (2)");
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(2), v(2), m(2, 2), {}),
            "head_cross_entropy: dx is (2, 2), expected (2, 3)");
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(2), v(2), {}, m(3, 3)),
            "head_cross_entropy: dhead is (3, 3), expected (4, 3)");
  EXPECT_EQ(message_of(m(4, 3), m(2, 3), t(2), v(2), {}, {}, t(1)),
            "head_cross_entropy: best is (1), expected (2)");
}

}  // namespace cross_entropy_test
