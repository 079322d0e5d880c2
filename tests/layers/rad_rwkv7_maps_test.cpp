// SPDX-License-Identifier: Apache-2.0
// Published numbers for the arithmetic around the recurrence, and the gradients of both variants.
#include "layers/named_values.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/layers/rad_rwkv7_maps.hpp"
#include "radlads/recurrence/scan.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace rad_rwkv7_maps_test {

using B = cpu_backend;
using layers::mixer_config;
using recurrence::rwkv7;

/// What the maps read and write, for `rows` rows of one head.
template <class T>
struct arithmetic {
  struct parameters {
    tensor<T, 3, B> w0, a0, k_a;
  } params, grads;
  struct activations {
    struct {
      tensor<T, 4, B> heads;
    } k_grouped;
    tensor<T, 4, B> k, kappa, log_w, iclr, key, removal_key, replacement_key;
  } saved;
  tensor<T, 2, B> decay, iclr;

  arithmetic(B& b, std::int64_t rows, std::int64_t width, const named_values<T>& at) {
    const shape<4> heads{1, rows, 1, width};
    const shape<3> channels{1, 1, width};
    params = {filled<T, 3>(b, channels, at.at("w0")), filled<T, 3>(b, channels, at.at("a0")),
              filled<T, 3>(b, channels, at.at("k_a"))};
    grads.k_a = filled<T, 3>(b, channels, std::vector<T>(static_cast<std::size_t>(width), T(0)));
    saved.k = filled<T, 4>(b, heads, at.at("k"));
    saved.k_grouped.heads = filled<T, 4>(b, heads, at.at("k"));
    saved.kappa = filled<T, 4>(b, heads, at.at("kappa"));
    for (auto* each :
         {&saved.log_w, &saved.iclr, &saved.key, &saved.removal_key, &saved.replacement_key}) {
      each->resize(b, heads);
    }
    decay = filled<T, 2>(b, {rows, width}, at.at("decay"));
    iclr = filled<T, 2>(b, {rows, width}, at.at("iclr"));
  }

  void forward(B& b, const mixer_config& c) {
    layers::rad_rwkv7_maps<T, B>::forward(b, c, params, decay, iclr, saved);
  }
};

mixer_config one_head(std::int64_t size, bool balance_state) {
  mixer_config c;
  c.heads = c.kv_heads = 1;
  c.head_size = size;
  c.balance_state = balance_state;
  return c;
}

/// sin(alpha + beta t + gamma j) for six tokens of four channels.
std::vector<double> wave(double alpha, double beta, double gamma) {
  std::vector<double> values;
  for (int t = 0; t < 6; ++t) {
    for (int j = 0; j < 4; ++j) values.push_back(std::sin(alpha + beta * t + gamma * j));
  }
  return values;
}

void expect_values(const view<const double, 2>& found, std::int64_t row,
                   const std::array<double, 4>& expected, const std::string& what) {
  for (std::size_t j = 0; j < 4; ++j) {
    EXPECT_NEAR(found(row, static_cast<std::int64_t>(j)), expected[j], 6e-9) << what << " " << j;
  }
}

double total(const view<const double, 2>& values) {
  double sum = 0;
  for (std::int64_t i = 0; i < values.size(); ++i) sum += values.data()[i];
  return sum;
}

// The test vector of balanced RAD-RWKV7 with d, the in-context learning rate's pre-activation and
// dY given, from the state 0.5 sin(0.3 + 0.5 i + 0.7 j) of value i and key j.
TEST(rad_rwkv7_maps, test_vector) {
  B b({.threads = 2, .poison = true});
  std::vector<double> d = wave(0.2, 0.3, 0.8);
  for (double& each : d) each = 2 * each - 1;
  const std::vector<double> none(4, 0), unset(24, 0);
  arithmetic<double> on(b, 6, 4,
                        {{"k", wave(0.4, 0.5, 0.9)},
                         {"kappa", unset},
                         {"decay", d},
                         {"iclr", wave(0.7, 0.9, 0.4)},
                         {"w0", none},
                         {"a0", none},
                         {"k_a", none}});
  auto& s = on.saved;
  const shape<2> flat{6, 4};
  on.forward(b, one_head(4, true));
  for (std::int64_t j = 0; j < 4; ++j) {
    const double w[] = {.80690353, .66832818, .64590865, .73494032};
    EXPECT_NEAR(std::exp(s.log_w.data()[j]), w[j], 6e-9);
  }

  const shape<4> heads{1, 6, 1, 4};
  const auto r = filled<double, 4>(b, heads, wave(0.1, 0.7, 1.3));
  const auto v = filled<double, 4>(b, heads, wave(0.9, 1.1, 0.6));
  const auto dy = filled<double, 4>(b, heads, wave(1.7, 0.2, 0.5));
  tensor<double, 4, B> state(b, {1, 1, 4, 4}), y(b, heads), dv(b, heads);
  for (std::int64_t key = 0; key < 4; ++key) {
    for (std::int64_t value = 0; value < 4; ++value) {
      state.whole()(0, 0, key, value) =
          0.5 * std::sin(0.3 + 0.5 * static_cast<double>(value) + 0.7 * static_cast<double>(key));
    }
  }
  tensor<double, 4, B> checkpoints(b, recurrence::checkpoint_shape(1, 6, 1, 4, 4));
  const std::array<view<const double, 4>, rwkv7::inputs> inputs{
      r.read(), s.log_w.read(), s.key.read(), s.removal_key.read(), s.replacement_key.read()};
  recurrence::scan_forward<rwkv7, double>(b, inputs, v, y, state, {}, checkpoints);
  expect_values(reshape<2>(y.read(), flat), 0, {.83759659, 1.25465316, 1.22224315, .76745628},
                "Y[0]");
  expect_values(reshape<2>(y.read(), flat), 5, {.45042421, .64466195, .61864860, .37919889},
                "Y[5]");

  std::array<tensor<double, 4, B>, rwkv7::inputs> owned;
  std::array<view<double, 4>, rwkv7::inputs> dinputs;
  for (std::size_t i = 0; i < owned.size(); ++i) {
    owned[i].resize(b, heads);
    dinputs[i] = owned[i];
  }
  recurrence::scan_backward<rwkv7, double>(b, inputs, v, checkpoints, dy, {}, dinputs, dv, {});
  tensor<double, 4, B> dk(b, heads);
  tensor<double, 2, B> ddecay(b, flat), diclr(b, flat);
  layers::rad_rwkv7_maps<double, B>::backward_balanced(b, one_head(4, true), s, dinputs, dk, ddecay,
                                                       diclr);
  expect_values(reshape<2>(dk.read(), flat), 2, {-.02783014, -.69345379, -.59054091, .02014096},
                "dk");
  expect_values(ddecay, 2, {-.06647311, .00079589, .18411070, -.06642987}, "dd");
  expect_values(diclr, 2, {-.15510260, -.08159860, -.00649239, -.18454068}, "dalpha");
  EXPECT_NEAR(total(reshape<2>(dk.read(), flat)), .79540379, 6e-9);
  EXPECT_NEAR(total(ddecay), .63636145, 6e-9);
  EXPECT_NEAR(total(diclr), -.46727299, 6e-9);
}

class variant_test : public testing::TestWithParam<bool> {};

TEST_P(variant_test, gradients) {
  B b({.threads = 2, .poison = true});
  constexpr std::int64_t rows = 5, width = 7;
  const mixer_config c = one_head(width, GetParam());
  named_values<double> point;
  for (const char* const name : {"k", "kappa", "decay", "iclr"}) {
    point[name] = random_values(rows * width, stream_of(name));
  }
  for (const char* const name : {"w0", "a0", "k_a"}) {
    point[name] = random_values(width, stream_of(name));
  }
  const auto outputs = [](auto& s) {
    return std::array{&s.key, &s.log_w, &s.iclr, &s.removal_key, &s.replacement_key};
  };
  const std::vector<double> weights = random_values(5 * rows * width, 5);
  const auto weight_of = [&](std::size_t output) {
    const auto begin = weights.begin() + static_cast<std::ptrdiff_t>(output) * rows * width;
    // The in-context learning rate itself is no input of the recurrence.
    return output == 2 ? std::vector<double>(rows * width, 0)
                       : std::vector<double>(begin, begin + rows * width);
  };
  const auto loss = [&](const named_values<complex>& at) {
    arithmetic<complex> on(b, rows, width, at);
    on.forward(b, c);
    complex sum = 0;
    const auto each = outputs(on.saved);
    for (std::size_t i = 0; i < each.size(); ++i) sum += weighted_sum(weight_of(i), *each[i]);
    return sum;
  };

  arithmetic<double> on(b, rows, width, point);
  on.forward(b, c);
  const shape<4> heads{1, rows, 1, width};
  std::array<tensor<double, 4, B>, rwkv7::inputs> d;
  d[rwkv7::r] = filled<double, 4>(b, heads, std::vector<double>(rows * width, NAN));
  d[rwkv7::k] = filled<double, 4>(b, heads, weight_of(0));
  d[rwkv7::w] = filled<double, 4>(b, heads, weight_of(1));
  d[rwkv7::a] = filled<double, 4>(b, heads, weight_of(3));
  d[rwkv7::b] = filled<double, 4>(b, heads, weight_of(4));
  tensor<double, 4, B> dk(b, heads), dkappa(b, heads);
  tensor<double, 2, B> ddecay(b, {rows, width}), diclr(b, {rows, width});
  using maps = layers::rad_rwkv7_maps<double, B>;
  const std::array<view<double, 4>, rwkv7::inputs> given{d[0], d[1], d[2], d[3], d[4]};
  if (c.balance_state) {
    maps::backward_balanced(b, c, on.saved, given, dk, ddecay, diclr);
  } else {
    maps::backward_unbalanced(b, on.params, on.saved, given, dk, dkappa, ddecay, diclr, on.grads);
  }
  named_values<double> gradients{
      {"k", values_of(dk)}, {"decay", values_of(ddecay)}, {"iclr", values_of(diclr)}};
  if (!c.balance_state) {
    gradients["kappa"] = values_of(dkappa);
    gradients["k_a"] = values_of(on.grads.k_a);
  }
  named_values<double> varied;
  for (const auto& [name, values] : gradients) varied[name] = point.at(name);
  expect_gradients(varied, gradients, [&](const named_values<complex>& at) {
    named_values<complex> all = convert<complex>(point);
    for (const auto& [name, values] : at) all[name] = values;
    return loss(all);
  });
}

INSTANTIATE_TEST_SUITE_P(rad_rwkv7_maps, variant_test, testing::Bool());

}  // namespace rad_rwkv7_maps_test
}  // namespace radlads::test
