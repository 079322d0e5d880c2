// SPDX-License-Identifier: Apache-2.0
// Attention against its definition written as plain loops in double, and its gradients against the
// complex step.

#include "radlads/core/tensor.hpp"
#include "radlads/ops/attention.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace {

using namespace radlads;
using complex = std::complex<double>;

struct sizes {
  std::int64_t batches, times, keys, heads, kv_heads, width;

  shape<4> query() const { return {batches, times, heads, width}; }
  shape<4> key() const { return {batches, keys, kv_heads, width}; }
  shape<3> sums() const { return {batches, heads, times}; }
  std::int64_t query_size() const { return batches * times * heads * width; }
  std::int64_t key_size() const { return batches * keys * kv_heads * width; }
  double scale() const { return 1 / std::sqrt(static_cast<double>(width)); }
};

std::ostream& operator<<(std::ostream& out, const sizes& s) {
  return out << "B" << s.batches << "T" << s.times << "S" << s.keys << "H" << s.heads << "K" << s.kv_heads
             << "N" << s.width;
}

/// The definition, position by position. Vectors are dense (B, T, H, N) and (B, S, Hkv, N).
struct reference {
  std::vector<double> y, log_sum;

  reference(const sizes& z, const std::vector<double>& q, const std::vector<double>& k,
            const std::vector<double>& v)
      : y(q.size()), log_sum(static_cast<std::size_t>(z.batches * z.heads * z.times)) {
    const auto at = [](const std::vector<double>& x, std::int64_t i) { return x[static_cast<std::size_t>(i)]; };
    for (std::int64_t b = 0; b < z.batches; ++b) {
      for (std::int64_t t = 0; t < z.times; ++t) {
        for (std::int64_t h = 0; h < z.heads; ++h) {
          const std::int64_t query = ((b * z.times + t) * z.heads + h) * z.width;
          const std::int64_t repeat = z.heads / z.kv_heads;
          std::vector<double> score;
          for (std::int64_t s = 0; s < z.keys && s - t <= z.keys - z.times; ++s) {
            const std::int64_t key = ((b * z.keys + s) * z.kv_heads + h / repeat) * z.width;
            double sum = 0;
            for (std::int64_t n = 0; n < z.width; ++n) sum += at(q, query + n) * at(k, key + n);
            score.push_back(sum * z.scale());
          }
          double top = score[0], total = 0;
          for (const double each : score) top = std::max(top, each);
          for (const double each : score) total += std::exp(each - top);
          log_sum[static_cast<std::size_t>((b * z.heads + h) * z.times + t)] = top + std::log(total);
          for (std::size_t s = 0; s < score.size(); ++s) {
            const std::int64_t key =
                ((b * z.keys + static_cast<std::int64_t>(s)) * z.kv_heads + h / repeat) * z.width;
            for (std::int64_t n = 0; n < z.width; ++n) {
              y[static_cast<std::size_t>(query + n)] += std::exp(score[s] - top) / total * at(v, key + n);
            }
          }
        }
      }
    }
  }
};

template <class T, int Rank>
tensor<T, Rank, cpu_backend> filled(cpu_backend& b, const shape<Rank>& size, const std::vector<double>& from) {
  tensor<T, Rank, cpu_backend> result(b, size);
  for (std::size_t i = 0; i < from.size(); ++i) result.data()[i] = T(static_cast<real_t<T>>(from[i]));
  return result;
}

template <class T, int Rank>
std::vector<T> values_of(const tensor<T, Rank, cpu_backend>& x) {
  return {x.data(), x.data() + x.size()};
}

/// Random inputs and the tensors of one call, outputs poisoned.
template <class T>
struct problem {
  sizes z;
  std::vector<double> q_values, k_values, v_values, dy_values;
  tensor<T, 4, cpu_backend> q, k, v, y, dy, dq, dk, dv;
  tensor<T, 3, cpu_backend> log_sum;

  problem(cpu_backend& b, const sizes& size, double spread = 1)
      : z(size),
        q_values(test::random_values(z.query_size(), 1, spread)),
        k_values(test::random_values(z.key_size(), 2)),
        v_values(test::random_values(z.key_size(), 3)),
        dy_values(test::random_values(z.query_size(), 4)),
        q(filled<T, 4>(b, z.query(), q_values)),
        k(filled<T, 4>(b, z.key(), k_values)),
        v(filled<T, 4>(b, z.key(), v_values)),
        y(b, z.query()),
        dy(filled<T, 4>(b, z.query(), dy_values)),
        dq(b, z.query()),
        dk(b, z.key()),
        dv(b, z.key()),
        log_sum(b, z.sums()) {}

  void forward(cpu_backend& b) {
    ops::attention_forward<T>(b, static_cast<real_t<T>>(z.scale()), q, k, v, y, log_sum);
  }
  void backward(cpu_backend& b) {
    ops::attention_backward<T>(b, static_cast<real_t<T>>(z.scale()), q, k, v, y, log_sum, dy, dq, dk, dv);
  }
};

/// L = sum dy * y + a little of nothing else: log_sum has no gradient. One input at a time is complex.
std::vector<double> expected_gradient(cpu_backend& b, const problem<double>& p, int which) {
  const std::vector<double>* inputs[] = {&p.q_values, &p.k_values, &p.v_values};
  problem<complex> c(b, p.z);
  complex* target[] = {c.q.data(), c.k.data(), c.v.data()};
  return test::complex_step(
      [&](const std::vector<complex>& x) {
        std::copy(x.begin(), x.end(), target[which]);
        c.forward(b);
        complex loss = 0;
        for (std::size_t i = 0; i < p.dy_values.size(); ++i) loss += p.dy_values[i] * c.y.data()[i];
        return loss;
      },
      *inputs[which]);
}

class attention : public ::testing::TestWithParam<sizes> {
 protected:
  cpu_backend backend{cpu_options{.threads = 2, .poison = true}};
};

template <class T>
void check_forward(cpu_backend& backend, const sizes& z) {
  problem<T> p(backend, z);
  p.forward(backend);
  const reference expected(z, p.q_values, p.k_values, p.v_values);
  EXPECT_LT(test::relative_error(values_of(p.y), expected.y), test::order_tolerance<T>);
  EXPECT_LT(test::relative_error(values_of(p.log_sum), expected.log_sum), test::order_tolerance<T>);
}

TEST_P(attention, equals_its_definition) {
  check_forward<float>(backend, GetParam());
  check_forward<double>(backend, GetParam());
}

TEST_P(attention, gradients_in_float_equal_those_in_double) {
  problem<float> narrow(backend, GetParam());
  problem<double> wide(backend, GetParam());
  narrow.forward(backend);
  narrow.backward(backend);
  wide.forward(backend);
  wide.backward(backend);
  EXPECT_LT(test::relative_error(values_of(narrow.dq), values_of(wide.dq)), test::order_tolerance<float>);
  EXPECT_LT(test::relative_error(values_of(narrow.dk), values_of(wide.dk)), test::order_tolerance<float>);
  EXPECT_LT(test::relative_error(values_of(narrow.dv), values_of(wide.dv)), test::order_tolerance<float>);
}

TEST_P(attention, does_not_depend_on_the_number_of_threads) {
  problem<float> p(backend, GetParam());
  std::vector<std::vector<float>> found[3];
  for (int threads = 1; threads <= 3; ++threads) {
    cpu_backend pool({.threads = threads, .poison = true});
    p.forward(pool);
    p.backward(pool);
    found[threads - 1] = {values_of(p.y), values_of(p.log_sum), values_of(p.dq), values_of(p.dk),
                          values_of(p.dv)};
  }
  EXPECT_EQ(found[0], found[1]);
  EXPECT_EQ(found[0], found[2]);
}

// Heads in groups of 1, 2 and 7; widths below, at and above the register forms; times around the
// lane width and the tiles; more keys than queries.
INSTANTIATE_TEST_SUITE_P(shapes, attention,
                         ::testing::Values(sizes{1, 1, 1, 1, 1, 1}, sizes{2, 2, 2, 2, 1, 8},
                                           sizes{2, 13, 13, 2, 2, 4}, sizes{1, 65, 65, 4, 2, 8},
                                           sizes{2, 37, 90, 7, 1, 12}, sizes{1, 150, 150, 2, 1, 16},
                                           sizes{3, 1, 97, 8, 4, 8}, sizes{1, 16, 40, 14, 2, 8},
                                           sizes{1, 65, 65, 2, 1, 64}, sizes{1, 131, 140, 7, 1, 32},
                                           sizes{2, 2, 70, 2, 2, 128}, sizes{2, 1, 1100, 14, 2, 64},
                                           sizes{1, 7, 7, 2, 1, 17}, sizes{1, 1, 5, 130, 1, 3}),
                         ::testing::PrintToStringParamName());

class attention_gradient : public attention {};

TEST_P(attention_gradient, equals_the_complex_step) {
  problem<double> p(backend, GetParam());
  p.forward(backend);
  p.backward(backend);
  const std::vector<double> found[] = {values_of(p.dq), values_of(p.dk), values_of(p.dv)};
  for (int which = 0; which < 3; ++which) {
    EXPECT_LT(test::relative_error(found[which], expected_gradient(backend, p, which)), test::gradient_tolerance)
        << "input " << which;
  }
}

INSTANTIATE_TEST_SUITE_P(shapes, attention_gradient,
                         ::testing::Values(sizes{2, 2, 2, 2, 1, 8}, sizes{1, 11, 11, 2, 2, 4},
                                           sizes{1, 19, 23, 2, 1, 8}, sizes{1, 5, 9, 7, 1, 12},
                                           sizes{1, 67, 67, 1, 1, 1}, sizes{1, 1, 6, 2, 1, 8},
                                           sizes{1, 3, 5, 2, 1, 64}, sizes{1, 66, 70, 2, 1, 17},
                                           sizes{1, 2, 3, 7, 1, 128}, sizes{1, 1, 4, 2, 1, 32}),
                         ::testing::PrintToStringParamName());

}  // namespace
