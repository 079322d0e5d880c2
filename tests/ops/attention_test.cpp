// SPDX-License-Identifier: Apache-2.0
// Attention against its definition written as plain loops in double, and its gradients against the
// complex step.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/attention.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>
#include <limits>
#include <ostream>
#include <string>
#include <vector>

namespace attention_test {

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
  return out << "B" << s.batches << "T" << s.times << "S" << s.keys << "H" << s.heads << "K"
             << s.kv_heads << "N" << s.width;
}

/// The definition, position by position. Vectors are dense (B, T, H, N) and (B, S, Hkv, N).
struct reference {
  std::vector<double> y, log_sum;

  reference(const sizes& z, const std::vector<double>& q, const std::vector<double>& k,
            const std::vector<double>& v)
      : y(q.size()), log_sum(static_cast<std::size_t>(z.batches * z.heads * z.times)) {
    const auto at = [](const std::vector<double>& x, std::int64_t i) {
      return x[static_cast<std::size_t>(i)];
    };
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
          log_sum[static_cast<std::size_t>((b * z.heads + h) * z.times + t)] =
              top + std::log(total);
          for (std::size_t s = 0; s < score.size(); ++s) {
            const std::int64_t key =
                ((b * z.keys + static_cast<std::int64_t>(s)) * z.kv_heads + h / repeat) * z.width;
            for (std::int64_t n = 0; n < z.width; ++n) {
              y[static_cast<std::size_t>(query + n)] +=
                  std::exp(score[s] - top) / total * at(v, key + n);
            }
          }
        }
      }
    }
  }
};

template <class T, int Rank>
tensor<T, Rank, cpu_backend> filled(cpu_backend& b, const shape<Rank>& size,
                                    const std::vector<double>& from) {
  tensor<T, Rank, cpu_backend> result(b, size);
  for (std::size_t i = 0; i < from.size(); ++i)
    result.data()[i] = T(static_cast<real_t<T>>(from[i]));
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
    ops::attention_backward<T>(b, static_cast<real_t<T>>(z.scale()), q, k, v, y, log_sum, dy, dq,
                               dk, dv);
  }
};

/// Gradient of sum dy * y with respect to q, k or v, by complex steps through the forward.
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
  EXPECT_LT(test::relative_error(values_of(narrow.dq), values_of(wide.dq)),
            test::order_tolerance<float>);
  EXPECT_LT(test::relative_error(values_of(narrow.dk), values_of(wide.dk)),
            test::order_tolerance<float>);
  EXPECT_LT(test::relative_error(values_of(narrow.dv), values_of(wide.dv)),
            test::order_tolerance<float>);
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
    EXPECT_LT(test::relative_error(found[which], expected_gradient(backend, p, which)),
              test::gradient_tolerance)
        << "input " << which;
  }
}

INSTANTIATE_TEST_SUITE_P(shapes, attention_gradient,
                         ::testing::Values(sizes{2, 2, 2, 2, 1, 8}, sizes{1, 11, 11, 2, 2, 4},
                                           sizes{1, 19, 23, 2, 1, 8}, sizes{1, 5, 9, 7, 1, 12},
                                           sizes{1, 67, 67, 1, 1, 1}, sizes{1, 1, 6, 2, 1, 8},
                                           sizes{1, 3, 5, 2, 1, 64}, sizes{1, 66, 67, 1, 1, 17},
                                           sizes{1, 2, 3, 7, 1, 128}, sizes{1, 1, 4, 2, 1, 32}),
                         ::testing::PrintToStringParamName());

class attention_property : public ::testing::TestWithParam<std::int64_t> {
 protected:
  cpu_backend backend{cpu_options{.threads = 2, .poison = true}};
  std::int64_t width = GetParam();
};

INSTANTIATE_TEST_SUITE_P(widths, attention_property, ::testing::Values(8, 12, 64));

/// A window of `size` in the middle of a larger array whose other elements stay NaN.
struct window {
  tensor<float, 4, cpu_backend> memory;
  view<float, 4> inside;

  window(cpu_backend& b, const shape<4>& size)
      : memory(b, {size[0], size[1] + 3, size[2] + 2, size[3] + 1}), inside(memory) {
    for (int axis = 0; axis < 4; ++axis)
      inside.extents[axis] = size[static_cast<std::size_t>(axis)];
    inside.pointer += inside.strides[1] + inside.strides[2];
  }
  template <class F>
  void each(F&& f) {
    for (std::int64_t b = 0; b < inside.extent(0); ++b) {
      for (std::int64_t t = 0; t < inside.extent(1); ++t) {
        for (std::int64_t h = 0; h < inside.extent(2); ++h) {
          for (std::int64_t n = 0; n < inside.extent(3); ++n) f(inside(b, t, h, n));
        }
      }
    }
  }
  void fill(const tensor<float, 4, cpu_backend>& from) {
    const float* next = from.data();
    each([&](float& x) { x = *next++; });
  }
  std::vector<float> values() {
    std::vector<float> result;
    each([&](float& x) { result.push_back(x); });
    return result;
  }
  std::int64_t written_outside() {
    std::int64_t count = 0;
    for (std::int64_t i = 0; i < memory.size(); ++i) count += std::isnan(memory.data()[i]) ? 0 : 1;
    return count - inside.size();
  }
};

TEST_P(attention_property, strides_change_nothing_and_gaps_stay_untouched) {
  for (const std::int64_t times : {std::int64_t{1}, std::int64_t{21}}) {
    const sizes z{2, times, 70, 4, 2, width};
    problem<float> p(backend, z);
    p.forward(backend);
    p.backward(backend);
    window q(backend, z.query()), y(backend, z.query()), dy(backend, z.query()),
        dq(backend, z.query());
    window k(backend, z.key()), v(backend, z.key()), dk(backend, z.key()), dv(backend, z.key());
    q.fill(p.q), k.fill(p.k), v.fill(p.v), dy.fill(p.dy);
    const auto scale = static_cast<float>(z.scale());
    ops::attention_forward<float>(backend, scale, q.inside, k.inside, v.inside, y.inside,
                                  p.log_sum);
    ops::attention_backward<float>(backend, scale, q.inside, k.inside, v.inside, y.inside,
                                   p.log_sum, dy.inside, dq.inside, dk.inside, dv.inside);
    EXPECT_LT(test::relative_error(y.values(), values_of(p.y)), test::order_tolerance<float>);
    EXPECT_LT(test::relative_error(dq.values(), values_of(p.dq)), test::order_tolerance<float>);
    EXPECT_LT(test::relative_error(dk.values(), values_of(p.dk)), test::order_tolerance<float>);
    EXPECT_LT(test::relative_error(dv.values(), values_of(p.dv)), test::order_tolerance<float>);
    for (window* each : {&y, &dq, &dk, &dv}) EXPECT_EQ(each->written_outside(), 0);
  }
}

TEST_P(attention_property, large_scores_stay_finite) {
  // Scores have a standard deviation of 1e4: each query sees one key only, to rounding.
  problem<float> p(backend, {1, 80, 80, 2, 1, width}, 1e4);
  p.forward(backend);
  p.backward(backend);
  const reference expected(p.z, p.q_values, p.k_values, p.v_values);
  EXPECT_LT(test::relative_error(values_of(p.y), expected.y), 1e-2);
  EXPECT_LT(test::relative_error(values_of(p.log_sum), expected.log_sum),
            test::order_tolerance<float>);
  for (const auto* each : {&p.y, &p.dq, &p.dk, &p.dv}) {
    for (const float x : values_of(*each)) ASSERT_TRUE(std::isfinite(x));
  }
}

TEST_P(attention_property, the_first_query_returns_the_first_value) {
  problem<float> p(backend, {1, 70, 70, 1, 1, width});
  p.forward(backend);
  for (std::int64_t n = 0; n < width; ++n) EXPECT_EQ(p.y.data()[n], p.v.data()[n]);
}

TEST_P(attention_property, hidden_keys_do_not_reach_a_query_even_as_nan) {
  problem<float> p(backend, {1, 90, 95, 2, 1, width});
  p.forward(backend);
  const std::vector<float> clean = values_of(p.y);
  const std::int64_t bad = 75, first_to_see = bad - 5;
  for (std::int64_t n = 0; n < width; ++n) {
    p.k.whole()(0, bad, 0, n) = p.v.whole()(0, bad, 0, n) = std::numeric_limits<float>::quiet_NaN();
  }
  p.forward(backend);
  const auto row = static_cast<std::size_t>(2 * width);
  for (std::size_t i = 0; i < clean.size(); ++i) {
    if (i < static_cast<std::size_t>(first_to_see) * row) {
      ASSERT_EQ(p.y.data()[i], clean[i]) << i;
    } else {
      ASSERT_TRUE(std::isnan(p.y.data()[i])) << i;
    }
  }
}

TEST_P(attention_property, step_by_step_with_a_cache_equals_the_whole_sequence) {
  const sizes z{2, 67, 67, 4, 2, width};
  problem<float> p(backend, z);
  p.forward(backend);
  tensor<float, 4, cpu_backend> y(backend, z.query());
  for (std::int64_t t = 0; t < z.times; ++t) {
    view<const float, 4> q = p.q, k = p.k, v = p.v;
    view<float, 4> y_t = y;
    q.pointer += t * q.strides[1];
    y_t.pointer += t * y_t.strides[1];
    q.extents[1] = y_t.extents[1] = 1;
    k.extents[1] = v.extents[1] = t + 1;
    ops::attention_forward<float>(backend, static_cast<float>(z.scale()), q, k, v, y_t, {});
  }
  EXPECT_LT(test::relative_error(values_of(y), values_of(p.y)), test::order_tolerance<float>);
}

TEST_P(attention_property, no_batches_and_no_queries_are_fine) {
  problem<float> nothing(backend, {0, 5, 5, 2, 1, width});
  nothing.forward(backend);
  nothing.backward(backend);
  problem<float> unread(backend, {1, 0, 5, 2, 1, width});
  unread.forward(backend);
  unread.backward(backend);
  for (const float x : values_of(unread.dk)) EXPECT_EQ(x, 0);
  for (const float x : values_of(unread.dv)) EXPECT_EQ(x, 0);
}

class attention_shapes : public ::testing::Test {
 protected:
  using array = tensor<float, 4, cpu_backend>;
  cpu_backend backend{cpu_options{.threads = 1}};

  std::string forward_message(const shape<4>& q, const shape<4>& k, const shape<4>& v,
                              const shape<4>& y, const shape<3>& log_sum) {
    array q_array(backend, q), k_array(backend, k), v_array(backend, v), y_array(backend, y);
    tensor<float, 3, cpu_backend> sums(backend, log_sum);
    try {
      ops::attention_forward<float>(backend, 1.0f, q_array, k_array, v_array, y_array, sums);
    } catch (const error& thrown) {
      return thrown.what();
    }
    return "nothing was thrown";
  }

  /// `wrong` counts y, log_sum, dy, dq, dk, dv; that one gets an extra row.
  std::string backward_message(int wrong) {
    const shape<4> query{1, 3, 2, 8}, key{1, 4, 1, 8};
    const auto sized = [&](int index, shape<4> size) {
      if (index == wrong) ++size[1];
      return array(backend, size);
    };
    array q(backend, query), k(backend, key), v(backend, key), y = sized(0, query),
                                                               dy = sized(2, query);
    array dq = sized(3, query), dk = sized(4, key), dv = sized(5, key);
    tensor<float, 3, cpu_backend> sums(backend, {1, 2, wrong == 1 ? 4 : 3});
    try {
      ops::attention_backward<float>(backend, 1.0f, q, k, v, y, sums, dy, dq, dk, dv);
    } catch (const error& thrown) {
      return thrown.what();
    }
    return "nothing was thrown";
  }
};

TEST_F(attention_shapes, forward_names_what_does_not_fit) {
  const shape<4> q{2, 3, 4, 8}, k{2, 5, 2, 8};
  const shape<3> sums{2, 4, 3};
  EXPECT_EQ(forward_message(q, {1, 5, 2, 8}, k, q, sums),
            "attention_forward: k is (1, 5, 2, 8), expected (2, 5, 2, 8)");
  EXPECT_EQ(forward_message(q, {2, 5, 2, 7}, k, q, sums),
            "attention_forward: k is (2, 5, 2, 7), expected (2, 5, 2, 8)");
  EXPECT_EQ(forward_message(q, k, {2, 6, 2, 8}, q, sums),
            "attention_forward: v is (2, 6, 2, 8), expected (2, 5, 2, 8)");
  EXPECT_EQ(forward_message(q, {2, 5, 3, 8}, {2, 5, 3, 8}, q, sums),
            "attention_forward: 4 query heads cannot share 3 key/value heads evenly");
  EXPECT_EQ(forward_message(q, {2, 2, 2, 8}, {2, 2, 2, 8}, q, sums),
            "attention_forward: 3 queries need at least as many keys, found 2");
  EXPECT_EQ(forward_message(q, k, k, {2, 3, 4, 9}, sums),
            "attention_forward: y is (2, 3, 4, 9), expected (2, 3, 4, 8)");
  EXPECT_EQ(forward_message(q, k, k, q, {2, 3, 4}),
            "attention_forward: log_sum is (2, 3, 4), expected (2, 4, 3)");
}

TEST_F(attention_shapes, backward_names_what_does_not_fit) {
  EXPECT_EQ(backward_message(-1), "nothing was thrown");
  EXPECT_EQ(backward_message(0), "attention_backward: y is (1, 4, 2, 8), expected (1, 3, 2, 8)");
  EXPECT_EQ(backward_message(1), "attention_backward: log_sum is (1, 2, 4), expected (1, 2, 3)");
  EXPECT_EQ(backward_message(2), "attention_backward: dy is (1, 4, 2, 8), expected (1, 3, 2, 8)");
  EXPECT_EQ(backward_message(3), "attention_backward: dq is (1, 4, 2, 8), expected (1, 3, 2, 8)");
  EXPECT_EQ(backward_message(4), "attention_backward: dk is (1, 5, 1, 8), expected (1, 4, 1, 8)");
  EXPECT_EQ(backward_message(5), "attention_backward: dv is (1, 5, 1, 8), expected (1, 4, 1, 8)");
}

}  // namespace attention_test
