// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/output_gate.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <vector>

namespace radlads::test {
namespace output_gate_test {

using B = cpu_backend;
using layers::mixer_config;
using layers::output_gate;

constexpr double dx_start = 0.5;

template <class T>
struct gate_run {
  B& b;
  mixer_config config;
  output_gate::params<T, B> params, grads;
  output_gate::saved<T, B> saved;
  tensor<T, 2, B> x, dx;
  tensor<T, 4, B> read, dread;

  gate_run(B& backend, const mixer_config& c, std::int64_t rows, const named_values<T>& point)
      : b(backend), config(c) {
    params.allocate(b, c);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    x = filled<T, 2>(b, {rows, c.hidden}, point.at("x"));
    read = filled<T, 4>(b, {1, rows, c.heads, c.head_size}, point.at("read"));
    dx = filled<T, 2>(b, x.sizes(), std::vector<double>(point.at("x").size(), dx_start));
    dread.resize(b, read.sizes());
  }
  std::vector<double> weights() const { return random_values(read.size(), 8); }
  T loss() {
    output_gate::forward<T, B>(b, config, params, x, read, saved);
    return weighted_sum(weights(), saved.gated);
  }
  void backward(bool wants_dx = true) {
    auto dgated = filled<T, 2>(b, saved.gated.sizes(), weights());
    output_gate::backward<T, B>(b, config, params, saved, x, read, dgated, dread,
                                wants_dx ? dx.whole() : view<T, 2>{}, grads);
  }
};

mixer_config sizes(int gate_rank_type, bool group_norm) {
  mixer_config c = small_mixer(3, 1, 4, 5);
  c.gate_rank_type = gate_rank_type;
  c.group_norm = group_norm;
  c.rank_gate = 2;
  return c;
}

named_values<double> gate_point(B& b, const mixer_config& c, std::int64_t rows) {
  output_gate::params<double, B> p;
  p.allocate(b, c);
  named_values<double> point{{"x", random_values(rows * c.hidden, 1)},
                             {"read", random_values(rows * c.attention_width(), 2)}};
  add_random_values(p, point);
  return point;
}

class output_gate_test : public testing::TestWithParam<std::tuple<int, bool>> {
 protected:
  B b{cpu_options{.threads = 2, .poison = true}};
  mixer_config config = sizes(std::get<0>(GetParam()), std::get<1>(GetParam()));
};

TEST_P(output_gate_test, gradients) {
  auto point = gate_point(b, config, 6);
  gate_run<double> run(b, config, 6, point);
  run.loss();
  run.backward();
  auto gradients = values_by_name<double>(run.grads);
  gradients["read"] = values_of(run.dread);
  gradients["x"] = values_of(run.dx);
  for (double& each : gradients["x"]) each -= dx_start;
  const auto whole = convert<complex>(point);
  if (config.gate_rank_type == 0) {
    // Without a gate x plays no part: dx stays as it was.
    EXPECT_EQ(gradients["x"], std::vector<double>(30, 0));
    gradients.erase("x");
    point.erase("x");
  }
  expect_gradients(point, gradients, [&](named_values<complex> at) {
    at.insert(whole.begin(), whole.end());
    return gate_run<complex>(b, config, 6, at).loss();
  });
}

TEST_P(output_gate_test, gradients_of_parameters_add_and_dx_may_be_left_out) {
  const auto point = gate_point(b, config, 6);
  gate_run<double> run(b, config, 6, point);
  run.loss();
  run.backward();
  const auto once = values_by_name<double>(run.grads);
  const auto dread = values_of(run.dread);
  run.backward(false);
  EXPECT_EQ(values_of(run.dread), dread);
  for (const auto& [name, twice] : values_by_name<double>(run.grads)) {
    std::vector<double> expected = once.at(name);
    for (double& each : expected) each *= 2;
    EXPECT_LT(relative_error(twice, expected), 1e-14) << name;
  }
}

TEST_P(output_gate_test, agrees_with_the_reference) {
  auto point = gate_point(b, config, 6);
  gate_run<double> run(b, config, 6, point);
  run.loss();
  // The identity in place of o_proj.
  for (int i = 0; i < 12 * 12; ++i) point["o_proj.weight"].push_back(i % 13 == 0 ? 1 : 0);
  const auto expected = reference::gated_output(point, reference_sizes(config),
                                                reference::as_matrix(point.at("read"), 12),
                                                reference::as_matrix(point.at("x"), 5));
  const auto found = reference::as_matrix(values_of(run.saved.gated), 12);
  for (std::size_t t = 0; t < found.size(); ++t) {
    EXPECT_LT(relative_error(found[t], expected[t]), order_tolerance<double>) << t;
  }
}

TEST_P(output_gate_test, starts_half_open_or_nearly_closed) {
  gate_run<double> run(b, config, 6, gate_point(b, config, 6));
  output_gate::initialise<double, B>(b, config, run.params, {3, "layer."});
  run.loss();
  if (config.gate_rank_type == 1) {
    EXPECT_EQ(values_of(run.saved.gate), std::vector<double>(6 * 12, 0.5));
  }
  if (config.gate_rank_type == 2) {
    // Half the sum of two orthogonal rows of length 0.1.
    double square = 0;
    for (std::int64_t i = 0; i < 12; ++i) square += std::pow(run.saved.gate.data()[i], 2);
    EXPECT_NEAR(std::sqrt(square), 0.1 / std::sqrt(2.0), 1e-14);
  }
  if (config.group_norm) {
    EXPECT_EQ(values_of(run.params.norm_weight), std::vector<double>(12, 1));
    EXPECT_EQ(values_of(run.params.norm_bias), std::vector<double>(12, 0));
  }
}

TEST_P(output_gate_test, has_the_parameters_of_its_type_only) {
  output_gate::params<float, B> p;
  p.allocate(b, config);
  std::string names;
  p.for_each([&](const std::string& name, const auto&) { names += name + " "; }, p);
  const std::string gates[] = {"", "gate.weight ", "g1 g2 "};
  EXPECT_EQ(names,
            gates[config.gate_rank_type] + (config.group_norm ? "ln_x.weight ln_x.bias " : ""));
}

INSTANTIATE_TEST_SUITE_P(types_and_norms, output_gate_test,
                         testing::Combine(testing::Values(0, 1, 2), testing::Bool()));

}  // namespace output_gate_test
}  // namespace radlads::test
