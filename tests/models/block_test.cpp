// SPDX-License-Identifier: Apache-2.0
#include "layers/named_values.hpp"
#include "models/pointwise_mixer.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/models/block.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace block_test {

using B = cpu_backend;
using block = models::block<value_mixer>;

constexpr std::int64_t batch = 2, tokens = 3, C = 6, F = 11;
constexpr double dv_first_start = 0.125;

block::config description(bool provides_v_first) {
  models::config c;
  c.hidden = C;
  c.intermediate = F;
  c.norm_epsilon = 0.01;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_size = 3;
  layers::mixer_config sizes = models::mixer_sizes(c, 0);
  sizes.provides_v_first = provides_v_first;
  return block::configure(c, sizes);
}

template <class T>
struct block_run {
  B& b;
  block::config config;
  block::params<T, B> params, grads;
  block::saved<T, B> saved;
  models::captured_activations<T, B> captured;
  tensor<T, 3, B> x, v_first, y, dx, dv_first;
  std::vector<double> weights = random_values(batch * tokens * C, 5);

  block_run(B& backend, bool provides_v_first, const named_values<T>& point)
      : b(backend), config(description(provides_v_first)) {
    params.allocate(b, config);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    const shape<3> sizes{batch, tokens, C};
    x = filled<T, 3>(b, sizes, point.at("x"));
    v_first = filled<T, 3>(b, sizes, point.at("v_first"));
    y.resize(b, sizes);
    dx.resize(b, sizes);
    dv_first = filled<T, 3>(b, sizes, std::vector<double>(batch * tokens * C, dv_first_start));
  }
  T loss() {
    block::forward<T, B>(b, config, params, x, v_first, y, nullptr, captured, saved);
    return weighted_sum(weights, y);
  }
  void backward() {
    const auto dy = filled<T, 3>(b, y.sizes(), weights);
    block::backward<T, B>(b, config, params, saved, captured, x, v_first, dy, dx, dv_first, grads);
  }
};

struct block_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};

  named_values<double> point(bool provides_v_first) {
    block::params<double, B> p;
    p.allocate(b, description(provides_v_first));
    named_values<double> result{{"x", random_values(batch * tokens * C, 1)},
                                {"v_first", random_values(batch * tokens * C, 2)}};
    add_random_values(p, result);
    return result;
  }
};

TEST_F(block_test, gradients) {
  const auto at = point(false);
  block_run<double> run(b, false, at);
  run.loss();
  run.backward();
  auto gradients = values_by_name<double>(run.grads);
  gradients["x"] = values_of(run.dx);
  gradients["v_first"] = values_of(run.dv_first);
  for (double& each : gradients["v_first"]) each -= dv_first_start;
  expect_gradients(at, gradients, [&](const named_values<complex>& moved) {
    return block_run<complex>(b, false, moved).loss();
  });
}

TEST_F(block_test, gradients_of_parameters_add_and_dx_is_overwritten) {
  block_run<double> run(b, false, point(false));
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
}

std::vector<double> normalised(const std::vector<double>& row, const std::vector<double>& weight) {
  double square = 0;
  for (const double value : row) square += value * value / static_cast<double>(row.size());
  std::vector<double> result;
  for (std::size_t i = 0; i < row.size(); ++i) {
    result.push_back(row[i] / std::sqrt(square + 0.01) * weight[i]);
  }
  return result;
}

TEST_F(block_test, is_norm_mixer_add_norm_feed_forward_add) {
  const auto w = point(true);
  block_run<double> run(b, true, w);
  run.loss();
  const auto channels = static_cast<std::size_t>(C), inner = static_cast<std::size_t>(F);
  for (std::size_t n = 0; n < static_cast<std::size_t>(batch * tokens); ++n) {
    const auto begin = w.at("x").begin() + static_cast<std::ptrdiff_t>(n * channels);
    std::vector<double> row(begin, begin + C);
    const auto in = normalised(row, w.at("input_layernorm.weight"));
    for (std::size_t i = 0; i < channels; ++i) {
      EXPECT_NEAR(run.captured.input.data()[n * channels + i], in[i], 1e-13);
      EXPECT_NEAR(run.v_first.data()[n * channels + i], in[i] * w.at("self_attn.u")[i], 1e-13);
      const double mixed = in[i] * w.at("self_attn.u")[i] * w.at("self_attn.s")[i];
      EXPECT_NEAR(run.captured.output.data()[n * channels + i], mixed, 1e-13);
      row[i] += mixed;
    }
    const auto middle = normalised(row, w.at("post_attention_layernorm.weight"));
    for (std::size_t f = 0; f < inner; ++f) {
      double gate = 0, up = 0;
      for (std::size_t i = 0; i < channels; ++i) {
        gate += middle[i] * w.at("mlp.gate_proj.weight")[f * channels + i];
        up += middle[i] * w.at("mlp.up_proj.weight")[f * channels + i];
      }
      for (std::size_t i = 0; i < channels; ++i) {
        row[i] += gate / (1 + std::exp(-gate)) * up * w.at("mlp.down_proj.weight")[i * inner + f];
      }
    }
    for (std::size_t i = 0; i < channels; ++i) {
      EXPECT_NEAR(run.y.data()[n * channels + i], row[i], 1e-12) << n << " " << i;
    }
  }
}

TEST_F(block_test, the_first_half_captures_the_same_activations) {
  block_run<double> whole(b, true, point(true)), half(b, true, point(true));
  whole.loss();
  block::forward_mixer<double, B>(b, half.config, half.params, half.x, half.v_first, nullptr,
                                  half.captured, half.saved);
  EXPECT_EQ(values_of(half.captured.input), values_of(whole.captured.input));
  EXPECT_EQ(values_of(half.captured.output), values_of(whole.captured.output));
}

TEST_F(block_test, starts_with_norms_of_one_and_narrow_feed_forwards) {
  block::params<double, B> p;
  p.allocate(b, description(true));
  block::initialise<double, B>(b, description(true), p, {7, "model.layers.0."});
  const auto values = values_by_name<double>(p);
  EXPECT_EQ(values.at("input_layernorm.weight"), std::vector<double>(C, 1));
  EXPECT_EQ(values.at("post_attention_layernorm.weight"), std::vector<double>(C, 1));
  double square = 0;
  for (const char* const name :
       {"mlp.gate_proj.weight", "mlp.up_proj.weight", "mlp.down_proj.weight"}) {
    for (const double value : values.at(name)) square += value * value / (3.0 * C * F);
  }
  EXPECT_NEAR(std::sqrt(square), 0.02, 0.005);
  EXPECT_NE(values.at("mlp.gate_proj.weight"), values.at("mlp.up_proj.weight"));
}

}  // namespace block_test
}  // namespace radlads::test
