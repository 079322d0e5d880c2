// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/token_shift_mix.hpp"
#include "reference/rad_rwkv6.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>

namespace radlads::test {
namespace token_shift_mix_test {

using B = cpu_backend;
using layers::mixer_config;
using layers::token_shift_mix;

constexpr std::size_t blends = token_shift_mix::order::count;

mixer_config sizes(std::int64_t hidden, std::int64_t rank) {
  mixer_config c;
  c.hidden = hidden;
  c.rank_token_shift = rank;
  c.token_shift = true;
  return c;
}

template <class T>
struct shift_run {
  B& b;
  token_shift_mix::params<T, B> params, grads;
  token_shift_mix::saved<T, B> saved;
  tensor<T, 3, B> x, dx;

  shift_run(B& backend, const mixer_config& c, std::int64_t batch, std::int64_t tokens,
            const named_values<T>& point)
      : b(backend) {
    params.allocate(b, c);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    x = filled<T, 3>(b, {batch, tokens, c.hidden}, point.at("x"));
    dx.resize(b, x.sizes());
  }
  std::vector<double> weights(std::size_t i) const { return random_values(x.size(), 70 + i); }
  T loss() {
    token_shift_mix::forward<T, B>(b, params, x, nullptr, saved);
    T total(0);
    for (std::size_t i = 0; i < blends; ++i) total += weighted_sum(weights(i), saved.shifted[i]);
    return total;
  }
  void backward(bool wants_dx = true) {
    std::array<tensor<T, 2, B>, blends> owned;
    std::array<view<T, 2>, blends> dshifted;
    for (std::size_t i = 0; i < blends; ++i) {
      owned[i] = filled<T, 2>(b, saved.shifted[i].sizes(), weights(i));
      dshifted[i] = owned[i];
    }
    token_shift_mix::backward<T, B>(b, params, saved, x, dshifted,
                                    wants_dx ? dx.whole() : view<T, 3>{}, grads);
  }
};

named_values<double> shift_point(B& b, const mixer_config& c, std::int64_t batch,
                                 std::int64_t tokens) {
  token_shift_mix::params<double, B> p;
  p.allocate(b, c);
  named_values<double> point{{"x", random_values(batch * tokens * c.hidden, 12)}};
  add_random_values(p, point);
  return point;
}

TEST(token_shift_mix, gradients) {
  B b({.threads = 2, .poison = true});
  for (const auto& [c, batch, tokens] :
       {std::tuple{sizes(1, 1), 1, 2}, std::tuple{sizes(7, 3), 2, 5},
        std::tuple{sizes(19, 2), 1, 4}}) {
    const auto point = shift_point(b, c, batch, tokens);
    shift_run<double> run(b, c, batch, tokens, point);
    run.loss();
    run.backward();
    auto gradients = values_by_name<double>(run.grads);
    gradients["x"] = values_of(run.dx);
    expect_gradients(
        point, gradients,
        [&, &c = c, &batch = batch, &tokens = tokens](const named_values<complex>& at) {
          return shift_run<complex>(b, c, batch, tokens, at).loss();
        });
  }
}

TEST(token_shift_mix, gradients_of_parameters_add_and_dx_is_overwritten_or_left_out) {
  B b({.threads = 2, .poison = true});
  const mixer_config c = sizes(6, 2);
  const auto point = shift_point(b, c, 2, 4);
  shift_run<double> run(b, c, 2, 4, point), without(b, c, 2, 4, point);
  run.loss();
  run.backward();
  const auto once = values_by_name<double>(run.grads);
  const auto dx = values_of(run.dx);
  run.backward();
  EXPECT_EQ(values_of(run.dx), dx);
  for (const auto& [name, twice] : values_by_name<double>(run.grads)) {
    std::vector<double> expected = once.at(name);
    for (double& each : expected) each *= 2;
    EXPECT_LT(relative_error(twice, expected), 1e-14) << name;
  }
  without.loss();
  without.backward(false);
  EXPECT_EQ(values_by_name<double>(without.grads), once);
}

TEST(token_shift_mix, agrees_with_the_reference) {
  B b({.threads = 2, .poison = true});
  const mixer_config c = sizes(7, 3);
  const auto point = shift_point(b, c, 1, 6);
  shift_run<double> run(b, c, 1, 6, point);
  run.loss();
  const auto expected =
      reference::shifted_inputs(point, reference_sizes(c), reference::as_matrix(point.at("x"), 7));
  for (std::size_t i = 0; i < blends; ++i) {
    const auto found = reference::as_matrix(values_of(run.saved.shifted[i]), 7);
    for (std::size_t t = 0; t < found.size(); ++t) {
      EXPECT_LT(relative_error(found[t], expected[i][t]), order_tolerance<double>)
          << i << " at " << t;
    }
  }
}

TEST(token_shift_mix, carries_the_last_token_from_call_to_call) {
  B b({.threads = 2, .poison = true});
  const mixer_config c = sizes(5, 2);
  const auto point = shift_point(b, c, 2, 6);
  shift_run<double> whole(b, c, 2, 6, point);
  whole.loss();
  tensor<double, 2, B> last(b, {2, 5});
  set_zero<double, 2, B>(b, last);
  token_shift_mix::saved<double, B> saved;
  for (const auto& [begin, end] : {std::pair{0, 1}, {1, 5}, {5, 6}}) {
    const auto x = some_tokens(b, whole.x, begin, end);
    token_shift_mix::forward<double, B>(b, whole.params, x, &last, saved);
    const auto newest = some_tokens(b, whole.x, end - 1, end);
    EXPECT_EQ(values_of(last), values_of(newest));
    for (std::size_t i = 0; i < blends; ++i) {
      const auto all = filled<double, 3>(b, whole.x.sizes(), values_of(whole.saved.shifted[i]));
      EXPECT_LT(
          relative_error(values_of(saved.shifted[i]), values_of(some_tokens(b, all, begin, end))),
          order_tolerance<double>);
    }
  }
}

TEST(token_shift_mix, starts_without_any_shift) {
  B b({.threads = 2, .poison = true});
  const mixer_config c = sizes(6, 2);
  auto point = shift_point(b, c, 1, 3);
  shift_run<double> run(b, c, 1, 3, point);
  token_shift_mix::initialise<double, B>(b, run.params, {3, "layer."});
  run.loss();
  for (std::size_t i = 0; i < blends; ++i)
    EXPECT_EQ(values_of(run.saved.shifted[i]), point.at("x"));
  EXPECT_EQ(values_of(run.params.mu_x), std::vector<double>(6, 1));
  const auto w2 = values_of(run.params.w2);
  EXPECT_TRUE(
      std::all_of(w2.begin(), w2.end(), [](double v) { return v != 0 && std::abs(v) <= 0.01; }));
}

TEST(token_shift_mix, names_and_shapes_are_those_of_the_files) {
  B b({.threads = 2, .poison = true});
  token_shift_mix::params<float, B> p;
  p.allocate(b, sizes(6, 2));
  std::vector<std::string> found;
  p.for_each(
      [&](const std::string& name, const auto& each) {
        found.push_back(
            name + " " +
            to_string<std::tuple_size_v<std::decay_t<decltype(each.sizes())>>>(each.sizes()));
      },
      p);
  EXPECT_EQ(found, (std::vector<std::string>{"time_maa_x (1, 1, 6)", "time_maa_r (1, 1, 6)",
                                             "time_maa_k (1, 1, 6)", "time_maa_v (1, 1, 6)",
                                             "time_maa_w (1, 1, 6)", "time_maa_g (1, 1, 6)",
                                             "time_maa_w1 (6, 10)", "time_maa_w2 (5, 2, 6)"}));
}

}  // namespace token_shift_mix_test
}  // namespace radlads::test
