// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/projections.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

namespace radlads::test {
namespace projections_test {

using B = cpu_backend;
using layers::mixer_config;
using layers::projections;

mixer_config sizes(bool use_rope, bool qk_norm) {
  mixer_config c = small_mixer(4, 2, 6, 5);
  c.use_rope = use_rope;
  c.qk_norm = qk_norm;
  return c;
}

struct projections_test : testing::TestWithParam<std::tuple<bool, bool>> {
  B b{cpu_options{.threads = 2, .poison = true}};
  mixer_config c = sizes(std::get<0>(GetParam()), std::get<1>(GetParam()));
};

/// The key heads of `batch` sequences of x, whose first token stands at `first_position`.
template <class T>
struct heads_run {
  projections::params<T, B> params, grads;
  projections::saved_heads<T, B> saved;
  tensor<T, 2, B> x;

  heads_run(B& b, const mixer_config& c, std::int64_t batch, std::int64_t tokens,
            std::int64_t first_position, const named_values<T>& point) {
    params.allocate(b, c);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    x = filled<T, 2>(b, {batch * tokens, c.hidden}, point.at("x"));
    projections::forward_heads<T, B>(b, c, params.k, params.k_norm, x,
                                     {batch, tokens, c.kv_heads, c.head_size}, first_position,
                                     saved);
  }
};

named_values<double> projection_point(B& b, const mixer_config& c, std::int64_t rows) {
  projections::params<double, B> p;
  p.allocate(b, c);
  named_values<double> point{{"x", random_values(rows * c.hidden, 1)}};
  add_random_values(p, point);
  return point;
}

TEST_P(projections_test, heads_agree_with_the_reference) {
  constexpr std::int64_t batch = 2, tokens = 5;
  const auto point = projection_point(b, c, batch * tokens);
  const heads_run<double> run(b, c, batch, tokens, 0, point);
  const auto x = reference::as_matrix(point.at("x"), 5);
  for (std::int64_t row = 0; row < batch; ++row) {
    const auto begin = x.begin() + row * tokens;
    const auto heads =
        reference::turned_heads(point, reference_sizes(c), "k", {begin, begin + tokens});
    for (std::int64_t t = 0; t < tokens; ++t) {
      for (std::int64_t h = 0; h < c.kv_heads; ++h) {
        const double* const found = run.saved.heads.read().row(row, t, h);
        // Query heads 0, 1 share the first key head, 2, 3 the second.
        EXPECT_LT(
            relative_error(std::vector<double>(found, found + 6),
                           heads[static_cast<std::size_t>(2 * h)][static_cast<std::size_t>(t)]),
            order_tolerance<double>);
      }
    }
  }
}

TEST_P(projections_test, the_first_position_continues_a_sequence) {
  const auto point = projection_point(b, c, 5);
  auto tail = point;
  tail["x"].erase(tail["x"].begin(), tail["x"].begin() + 3 * 5);
  const heads_run<double> whole(b, c, 1, 5, 0, point), later(b, c, 1, 2, 3, tail);
  const auto all = values_of(whole.saved.heads);
  EXPECT_LT(relative_error(values_of(later.saved.heads),
                           std::vector<double>(all.begin() + 36, all.end())),
            order_tolerance<double>);
}

TEST_P(projections_test, gradients_of_heads_and_head_norms) {
  const auto point = projection_point(b, c, 6);
  heads_run<double> run(b, c, 2, 3, 0, point);
  const auto weights = random_values(run.saved.heads.size(), 4);
  auto dheads = filled<double, 4>(b, run.saved.heads.sizes(), weights);
  tensor<double, 2, B> dprojected(b, {6, 12});
  const view<const double, 2> result = projections::backward_heads<double, B>(
      b, c, run.params.k_norm, run.saved, dheads, dprojected, run.grads.k_norm);
  // The bias sees the sum over rows of the projection's gradient.
  named_values<double> gradients{{"k_proj.bias", std::vector<double>(12, 0)}};
  for (std::int64_t row = 0; row < 6; ++row) {
    for (std::int64_t i = 0; i < 12; ++i) {
      gradients["k_proj.bias"][static_cast<std::size_t>(i)] += result(row, i);
    }
  }
  named_values<double> varied{{"k_proj.bias", point.at("k_proj.bias")}};
  if (c.qk_norm) {
    gradients["k_norm.weight"] = values_of(run.grads.k_norm);
    varied["k_norm.weight"] = point.at("k_norm.weight");
  }
  const auto whole = convert<complex>(point);
  expect_gradients(varied, gradients, [&](named_values<complex> at) {
    at.insert(whole.begin(), whole.end());
    return weighted_sum(weights, heads_run<complex>(b, c, 2, 3, 0, at).saved.heads);
  });
}

INSTANTIATE_TEST_SUITE_P(rope_and_norm, projections_test,
                         testing::Combine(testing::Bool(), testing::Bool()));

struct projection_parameters_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};

  std::vector<std::string> names_and_shapes(const mixer_config& c) {
    projections::params<float, B> p;
    p.allocate(b, c);
    std::vector<std::string> found;
    p.for_each(
        [&](const std::string& name, const auto& each) {
          constexpr int rank = std::remove_cvref_t<decltype(each)>::rank;
          found.push_back(name + " " + to_string<rank>(each.sizes()));
        },
        p);
    return found;
  }
};

TEST_F(projection_parameters_test, names_and_shapes_are_those_of_the_files) {
  EXPECT_EQ(
      names_and_shapes(sizes(true, false)),
      (std::vector<std::string>{
          "q_proj.weight (24, 5)", "q_proj.bias (24)", "k_proj.weight (12, 5)", "k_proj.bias (12)",
          "v_proj.weight (12, 5)", "v_proj.bias (12)", "o_proj.weight (5, 24)"}));
  mixer_config other = sizes(true, true);
  other.qkv_bias = false;
  other.output_bias = true;
  EXPECT_EQ(
      names_and_shapes(other),
      (std::vector<std::string>{"q_proj.weight (24, 5)", "k_proj.weight (12, 5)",
                                "v_proj.weight (12, 5)", "o_proj.weight (5, 24)", "o_proj.bias (5)",
                                "q_norm.weight (6)", "k_norm.weight (6)"}));
}

TEST_F(projection_parameters_test, initial_values) {
  mixer_config c = small_mixer(8, 8, 8, 64);
  c.qk_norm = true;
  projections::params<double, B> p;
  p.allocate(b, c);
  projections::initialise<double, B>(b, p, {3, "layer."});
  const auto values = values_by_name<double>(p);
  EXPECT_EQ(values.at("q_norm.weight"), std::vector<double>(8, 1));
  EXPECT_EQ(values.at("k_proj.bias"), std::vector<double>(64, 0));
  for (const char* const name :
       {"q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight"}) {
    double square = 0;
    for (const double v : values.at(name)) square += v * v / 4096;
    EXPECT_NEAR(std::sqrt(square), 0.02, 0.001) << name;
  }
  EXPECT_NE(values.at("q_proj.weight"), values.at("k_proj.weight"));
}

TEST_F(projection_parameters_test, repeat_copies_each_head_to_its_group_and_backward_sums_it) {
  const auto from = filled<double, 4>(b, {1, 2, 2, 1}, std::vector<double>{1, 2, 3, 4});
  tensor<double, 4, B> to(b, {1, 2, 4, 1}), back(b, {1, 2, 2, 1});
  layers::repeat<double, B>(b, from, to);
  EXPECT_EQ(values_of(to), (std::vector<double>{1, 1, 2, 2, 3, 3, 4, 4}));
  const auto dto =
      filled<double, 4>(b, to.sizes(), std::vector<double>{1, 10, 2, 20, 3, 30, 4, 40});
  layers::repeat_backward<double, B>(b, dto, back);
  EXPECT_EQ(values_of(back), (std::vector<double>{11, 22, 33, 44}));
}

}  // namespace projections_test
}  // namespace radlads::test
