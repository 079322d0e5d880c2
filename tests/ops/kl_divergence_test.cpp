// SPDX-License-Identifier: Apache-2.0
// Divergence of student from teacher against a naive reference in double and against the complex
// step.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/kl_divergence.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <string>
#include <vector>

namespace kl_divergence_test {

using namespace radlads;
using test::complex;
using test::random_values;
using test::relative_error;

struct sizes {
  std::int64_t N, V, C, D;
};

std::vector<std::int32_t> targets_of(const sizes& s) {
  std::vector<std::int32_t> targets;
  for (std::int64_t n = 0; n < s.N; ++n) {
    targets.push_back(n % 5 == 3 ? -1 : static_cast<std::int32_t>((n * 7919 + 3) % s.V));
  }
  return targets;
}

// log softmax of one token's logits, by definition.
std::vector<double> log_probabilities(const std::vector<double>& head, const double* x,
                                      std::size_t V, std::size_t C) {
  std::vector<double> logit(V);
  for (std::size_t v = 0; v < V; ++v) {
    for (std::size_t c = 0; c < C; ++c) logit[v] += head[v * C + c] * x[c];
  }
  const double largest = *std::max_element(logit.begin(), logit.end());
  double sum = 0;
  for (const double each : logit) sum += std::exp(each - largest);
  for (double& each : logit) each -= largest + std::log(sum);
  return logit;
}

struct problem {
  sizes s;
  std::vector<double> head, x, teacher_head, teacher_x;
  std::vector<std::int32_t> targets;
};

template <class T>
problem random_problem(const sizes& s) {
  const auto rounded = [](std::vector<double> values) {
    for (double& each : values) each = static_cast<double>(static_cast<T>(each));
    return values;
  };
  return {s,
          rounded(random_values(s.V * s.C, 1)),
          rounded(random_values(s.N * s.C, 2)),
          rounded(random_values(s.V * s.D, 3)),
          rounded(random_values(s.N * s.D, 4)),
          targets_of(s)};
}

struct result {
  std::vector<double> losses, dx, dhead;
  std::vector<std::int32_t> best, teacher_best;
};

result by_definition(const problem& p, double kl, double ce, double scale) {
  const auto V = static_cast<std::size_t>(p.s.V), C = static_cast<std::size_t>(p.s.C),
             D = static_cast<std::size_t>(p.s.D);
  result r{{}, std::vector<double>(p.x.size()), std::vector<double>(p.head.size()), {}, {}};
  const auto largest = [](const std::vector<double>& row) {
    return static_cast<std::int32_t>(std::max_element(row.begin(), row.end()) - row.begin());
  };
  for (std::size_t n = 0; n < p.targets.size(); ++n) {
    const std::vector<double> student = log_probabilities(p.head, &p.x[n * C], V, C);
    const std::vector<double> teacher =
        log_probabilities(p.teacher_head, &p.teacher_x[n * D], V, D);
    r.best.push_back(largest(student));
    r.teacher_best.push_back(largest(teacher));
    const bool is_scored = p.targets[n] >= 0;
    double loss = is_scored ? -ce * student[static_cast<std::size_t>(p.targets[n])] : 0;
    for (std::size_t v = 0; v < V; ++v) {
      const double q = std::exp(teacher[v]), e = std::exp(student[v]);
      loss += kl * q * (teacher[v] - student[v]);
      double d = kl * (e - q);
      if (is_scored) d += ce * (e - (static_cast<std::int32_t>(v) == p.targets[n] ? 1 : 0));
      for (std::size_t c = 0; c < C; ++c) {
        r.dx[n * C + c] += scale * d * p.head[v * C + c];
        r.dhead[v * C + c] += scale * d * p.x[n * C + c];
      }
    }
    r.losses.push_back(loss);
  }
  return r;
}

template <class T>
result by_the_operation(cpu_backend& backend, const problem& p, double kl, double ce, double scale,
                        bool with_targets) {
  const sizes& s = p.s;
  const std::vector<T> head(p.head.begin(), p.head.end()), x(p.x.begin(), p.x.end());
  const std::vector<T> teacher_head(p.teacher_head.begin(), p.teacher_head.end());
  const std::vector<T> teacher_x(p.teacher_x.begin(), p.teacher_x.end());
  tensor<T, 1, cpu_backend> losses(backend, {s.N});
  tensor<T, 2, cpu_backend> dx(backend, {s.N, s.C}), dhead(backend, {s.V, s.C});
  tensor<std::int32_t, 1, cpu_backend> best(backend, {s.N}), teacher_best(backend, {s.N});
  set_zero<T, 2>(backend, dhead);
  view<const std::int32_t, 1> targets;
  if (with_targets) targets = view<const std::int32_t, 1>(p.targets.data(), {s.N});
  ops::head_kl_divergence<T>(backend, static_cast<T>(kl), static_cast<T>(ce), static_cast<T>(scale),
                             view<const T, 2>(head.data(), {s.V, s.C}),
                             view<const T, 2>(x.data(), {s.N, s.C}),
                             view<const T, 2>(teacher_head.data(), {s.V, s.D}),
                             view<const T, 2>(teacher_x.data(), {s.N, s.D}), targets, losses, dx,
                             dhead, best, teacher_best);
  const auto copied = [](const auto& from) {
    return std::vector<double>(from.data(), from.data() + from.size());
  };
  return {copied(losses),
          copied(dx),
          copied(dhead),
          {best.data(), best.data() + s.N},
          {teacher_best.data(), teacher_best.data() + s.N}};
}

template <class T>
class kl_divergence : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(kl_divergence, real_scalars);

TYPED_TEST(kl_divergence, equals_the_definition) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  const std::vector<sizes> cases = {{1, 2, 1, 2},     {1, 7, 3, 5},      {13, 33, 5, 3},
                                    {2100, 17, 4, 6}, {300, 3001, 8, 7}, {0, 5, 3, 2}};
  for (const sizes& s : cases) {
    const problem p = random_problem<T>(s);
    for (const double ce : {0.0, 0.6}) {
      const result expected = by_definition(p, 0.8, ce, 0.3);
      const result found = by_the_operation<T>(backend, p, 0.8, ce, 0.3, ce > 0);
      const double tolerance = test::order_tolerance<T>;
      EXPECT_LT(relative_error(found.losses, expected.losses), tolerance) << "V " << s.V;
      EXPECT_LT(relative_error(found.dx, expected.dx), tolerance) << "V " << s.V;
      EXPECT_LT(relative_error(found.dhead, expected.dhead), tolerance) << "V " << s.V;
      EXPECT_EQ(found.best, expected.best);
      EXPECT_EQ(found.teacher_best, expected.teacher_best);
    }
  }
}

TYPED_TEST(kl_divergence, is_zero_between_equals) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  problem p = random_problem<T>({50, 511, 6, 6});
  p.teacher_head = p.head;
  p.teacher_x = p.x;
  const result found = by_the_operation<T>(backend, p, 1, 0, 1, false);
  for (const double each : found.losses) EXPECT_EQ(each, 0);
  for (const double each : found.dx) EXPECT_EQ(each, 0);
  EXPECT_EQ(found.best, found.teacher_best);
}

TYPED_TEST(kl_divergence, is_not_negative_beyond_rounding_for_near_equals) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  problem p = random_problem<T>({200, 512, 6, 6});
  p.teacher_head = p.head;
  p.teacher_x = p.x;
  for (double& each : p.x) each *= 1.0001;
  const double rounding = std::is_same_v<T, float> ? 1e-6 : 1e-15;
  for (const double each : by_the_operation<T>(backend, p, 1, 0, 1, false).losses) {
    EXPECT_GT(each, -rounding);
    EXPECT_LT(each, 1e-5);
  }
}

TEST(head_kl_divergence, survives_logits_beyond_the_range_of_exp) {
  cpu_backend backend({.threads = 1, .poison = true});
  const problem p{{1, 3, 1, 1}, {1000, 0, -1000}, {1}, {-1000, 0, 1000}, {1}, {0}};
  const result found = by_the_operation<float>(backend, p, 1, 0, 1, false);
  EXPECT_EQ(found.losses[0], 2000);
  EXPECT_EQ(found.dx[0], 2000);
}

TEST(head_kl_divergence, gradient_matches_the_complex_step_and_adds) {
  cpu_backend backend({.threads = 2, .poison = true});
  const sizes s{6, 11, 5, 3};
  const problem p = random_problem<double>(s);
  const std::vector<complex> teacher_head(p.teacher_head.begin(), p.teacher_head.end());
  const std::vector<complex> teacher_x(p.teacher_x.begin(), p.teacher_x.end());
  const view<const std::int32_t, 1> t(p.targets.data(), {s.N});
  const auto loss = [&](const std::vector<complex>& z) {
    tensor<complex, 1, cpu_backend> losses(backend, {s.N});
    ops::head_kl_divergence<complex>(
        backend, 0.8, 0.6, 0.3, view<const complex, 2>(z.data(), {s.V, s.C}),
        view<const complex, 2>(z.data() + s.V * s.C, {s.N, s.C}),
        view<const complex, 2>(teacher_head.data(), {s.V, s.D}),
        view<const complex, 2>(teacher_x.data(), {s.N, s.D}), t, losses, {}, {});
    complex sum = 0;
    for (std::int64_t n = 0; n < s.N; ++n) sum += 0.3 * losses.data()[n];
    return sum;
  };
  std::vector<double> all = p.head;
  all.insert(all.end(), p.x.begin(), p.x.end());
  std::vector<double> gradient(all.size(), 0.0);
  tensor<double, 1, cpu_backend> losses(backend, {s.N});
  for (int call = 1; call <= 2; ++call) {
    ops::head_kl_divergence<double>(
        backend, 0.8, 0.6, 0.3, view<const double, 2>(p.head.data(), {s.V, s.C}),
        view<const double, 2>(p.x.data(), {s.N, s.C}),
        view<const double, 2>(p.teacher_head.data(), {s.V, s.D}),
        view<const double, 2>(p.teacher_x.data(), {s.N, s.D}), t, losses,
        view<double, 2>(gradient.data() + s.V * s.C, {s.N, s.C}),
        view<double, 2>(gradient.data(), {s.V, s.C}));
    std::vector<double> expected = test::complex_step(loss, all);
    for (std::int64_t i = 0; i < s.V * s.C; ++i) expected[static_cast<std::size_t>(i)] *= call;
    EXPECT_LT(relative_error(gradient, expected), test::gradient_tolerance) << "call " << call;
  }
}

TEST(head_kl_divergence, names_what_is_wrong) {
  cpu_backend backend({.threads = 1});
  std::vector<float> memory(64, 0.0f);
  std::vector<std::int32_t> targets = {0, 4};
  const auto m = [&](std::int64_t rows, std::int64_t columns) {
    return view<float, 2>(memory.data(), {rows, columns});
  };
  const view<const std::int32_t, 1> t(targets.data(), {2}), none;
  const auto message_of = [&](float ce, view<float, 2> x, view<float, 2> teacher_head,
                              view<float, 2> teacher_x, view<const std::int32_t, 1> target,
                              std::int64_t losses, view<float, 2> dx = {}) -> std::string {
    try {
      ops::head_kl_divergence<float>(backend, 1.0f, ce, 1.0f, m(4, 3), x, teacher_head, teacher_x,
                                     target, view<float, 1>(memory.data(), {losses}), dx, {});
    } catch (const error& e) {
      return e.what();
    }
    return "nothing was thrown";
  };
  const std::string name = "head_kl_divergence: ";
  EXPECT_EQ(message_of(0, m(2, 3), m(4, 2), m(2, 2), t, 2),
            name + "the target at position 1 is 4, but the vocabulary has 4 tokens");
  EXPECT_EQ(message_of(1, m(2, 3), m(4, 2), m(2, 2), none, 2),
            name + "targets is (0), expected (2)");
  EXPECT_EQ(message_of(0, m(2, 5), m(4, 2), m(2, 2), none, 2),
            name + "x is (2, 5), expected (2, 3)");
  EXPECT_EQ(message_of(0, m(2, 3), m(5, 2), m(2, 2), none, 2),
            name + "teacher_head is (5, 2), expected (4, 2)");
  EXPECT_EQ(message_of(0, m(2, 3), m(4, 2), m(3, 2), none, 2),
            name + "teacher_x is (3, 2), expected (2, 2)");
  EXPECT_EQ(message_of(0, m(2, 3), m(4, 2), m(2, 2), none, 3),
            name + "losses is (3), expected (2)");
  EXPECT_EQ(message_of(0, m(2, 3), m(4, 2), m(2, 2), none, 2, m(2, 2)),
            name + "dx is (2, 2), expected (2, 3)");
}

}  // namespace kl_divergence_test
