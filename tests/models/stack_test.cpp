// SPDX-License-Identifier: Apache-2.0
#include "layers/named_values.hpp"
#include "models/pointwise_mixer.hpp"
#include "ops/tensor_values.hpp"
#include "radlads/models/stack.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {
namespace stack_test {

using B = cpu_backend;
template <class T>
using stack = models::stack<T, B, scaling_mixer, value_mixer>;

constexpr std::int64_t batch = 2, tokens = 3, C = 6;

models::config description(const std::vector<std::string>& mixers) {
  models::config c;
  c.vocabulary = 7;
  c.hidden = C;
  c.intermediate = 5;
  c.heads = 2;
  c.kv_heads = 1;
  c.head_size = 3;
  c.mixers = mixers;
  c.layers = static_cast<std::int64_t>(mixers.size());
  return c;
}

template <class T>
struct stack_run {
  B& b;
  stack<T> layers;
  typename stack<T>::params params, grads;
  typename stack<T>::saved saved;
  std::vector<T> x;

  stack_run(B& backend, const std::vector<std::string>& mixers, const named_values<T>& point)
      : b(backend) {
    layers.configure(description(mixers));
    layers.allocate(b, params);
    set_by_name(point, params);
    allocate_like(b, params, grads);
    x = point.at("x");
    saved.is_training = true;
  }
  void prepare() {
    const auto first = saved.prepare(b, layers.size(), {batch, tokens, C}, C);
    std::copy(x.begin(), x.end(), first.data());
  }
  void forward(typename stack<T>::state* carried = nullptr) {
    prepare();
    layers.forward(b, params, carried, saved);
  }
  std::vector<T> output() {
    const auto last = saved.last();
    return {last.data(), last.data() + last.size()};
  }
  T loss() {
    forward();
    T total(0);
    const auto weights = random_values(batch * tokens * C, 5);
    const std::vector<T> out = output();
    for (std::size_t i = 0; i < out.size(); ++i) total += out[i] * weights[i];
    return total;
  }
  std::vector<T> backward() {
    auto dlast = filled<T, 3>(b, {batch, tokens, C}, random_values(batch * tokens * C, 5));
    tensor<T, 3, B> dfirst(b, dlast.sizes());
    layers.backward(b, params, saved, dlast, dfirst, grads);
    return values_of(dfirst);
  }
};

struct stack_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};

  named_values<double> point(const std::vector<std::string>& mixers) {
    stack<double> layers;
    stack<double>::params p;
    layers.configure(description(mixers));
    layers.allocate(b, p);
    named_values<double> result{{"x", random_values(batch * tokens * C, 1)}};
    add_random_values(p, result);
    return result;
  }
};

TEST_F(stack_test, gradients_through_layers_and_v_first) {
  const std::vector<std::vector<std::string>> cases{
      {"scaling"},
      {"value"},
      {"value", "value"},
      {"scaling", "value", "scaling", "value", "value"}};
  for (const auto& mixers : cases) {
    const auto at = point(mixers);
    stack_run<double> run(b, mixers, at);
    run.loss();
    const auto dx = run.backward();
    auto gradients = values_by_name<double>(run.grads);
    gradients["x"] = dx;
    expect_gradients(at, gradients, [&](const named_values<complex>& moved) {
      return stack_run<complex>(b, mixers, moved).loss();
    });
  }
}

TEST_F(stack_test, names_tensors_by_layer) {
  const auto at = point({"scaling", "value", "value"});
  EXPECT_EQ(at.count("0.input_layernorm.weight"), 1u);
  EXPECT_EQ(at.count("2.self_attn.s"), 1u);
  // The first layer that uses v_first provides it, and alone has what that takes.
  EXPECT_EQ(at.count("0.self_attn.u"), 0u);
  EXPECT_EQ(at.count("1.self_attn.u"), 1u);
  EXPECT_EQ(at.count("2.self_attn.u"), 0u);
}

TEST_F(stack_test, knows_its_provider) {
  stack<float> layers;
  layers.configure(description({"scaling", "value", "value"}));
  EXPECT_EQ(layers.provider(), 1);
  layers.configure(description({"scaling", "scaling"}));
  EXPECT_EQ(layers.provider(), -1);
  EXPECT_EQ(layers.size(), 2);
}

TEST_F(stack_test, an_unknown_mixer_lists_the_known_ones) {
  stack<float> layers;
  EXPECT_EQ(error_of([&] {
              layers.configure(description({"scaling", "softmax"}));
            }),
            "model: layer 1 names the mixer 'softmax'; known are scaling, value");
}

TEST_F(stack_test, inference_shares_activations_and_changes_no_bit) {
  const std::vector<std::string> mixers{"value", "scaling", "value", "value"};
  const auto at = point(mixers);
  stack_run<double> training(b, mixers, at), inference(b, mixers, at);
  inference.saved.is_training = false;
  training.forward();
  inference.forward();
  EXPECT_EQ(inference.output(), training.output());
  EXPECT_EQ(training.saved.hidden.size(), 5u);
  EXPECT_EQ(training.saved.captured.size(), 4u);
  EXPECT_EQ(inference.saved.hidden.size(), 2u);
  EXPECT_EQ(inference.saved.captured.size(), 1u);
  EXPECT_TRUE(inference.saved.layers.empty());
}

TEST_F(stack_test, activation_checkpointing_keeps_inputs_alone_and_changes_no_bit) {
  const std::vector<std::string> mixers{"value", "scaling", "value", "value"};
  const auto at = point(mixers);
  stack_run<double> kept(b, mixers, at), again(b, mixers, at);
  again.saved.activation_checkpointing = true;
  kept.forward();
  again.forward();
  EXPECT_EQ(again.output(), kept.output());
  EXPECT_EQ(again.backward(), kept.backward());
  EXPECT_EQ(values_by_name<double>(again.grads), values_by_name<double>(kept.grads));
  EXPECT_TRUE(again.saved.layers.empty());
  EXPECT_EQ(again.saved.hidden.size(), 5u);
  EXPECT_EQ(again.saved.captured.size(), 1u);
}

TEST_F(stack_test, captured_activations_are_the_mixers_inputs_and_outputs_of_every_layer) {
  const std::vector<std::string> mixers{"value", "scaling", "value"};
  const auto at = point(mixers);
  stack_run<double> training(b, mixers, at), captured(b, mixers, at);
  training.forward();
  captured.saved.is_training = false;
  captured.saved.captures_activations = true;
  captured.prepare();
  captured.layers.forward_captured(b, captured.params, captured.saved);
  ASSERT_EQ(captured.saved.captured.size(), 3u);
  for (std::size_t i = 0; i < 3; ++i) {
    EXPECT_EQ(values_of(captured.saved.captured[i].input),
              values_of(training.saved.captured[i].input))
        << i;
    EXPECT_EQ(values_of(captured.saved.captured[i].output),
              values_of(training.saved.captured[i].output))
        << i;
  }
}

TEST_F(stack_test, every_layer_has_a_state_of_its_own) {
  const std::vector<std::string> mixers{"value", "scaling", "value"};
  stack_run<double> run(b, mixers, point(mixers));
  auto state = run.layers.make_state(b, batch);
  EXPECT_EQ(state.bytes(), 3 * 200);
  run.forward(&state);
  EXPECT_EQ(state.bytes(), 3 * (200 + tokens));
}

TEST_F(stack_test, gradients_and_moments_take_over_which_mixers_there_are) {
  const std::vector<std::string> mixers{"value", "scaling"};
  stack_run<double> run(b, mixers, point(mixers));
  stack<double>::params other;
  other.layers.resize(3);
  allocate_like(b, run.params, other);
  EXPECT_EQ(parameter_count(other), parameter_count(run.params));
  for (const auto& [name, values] : values_by_name<double>(other)) {
    EXPECT_EQ(values, std::vector<double>(values.size(), 0)) << name;
  }
}

TEST_F(stack_test, initial_values_depend_on_the_layer_and_not_on_its_neighbours) {
  const auto initial = [&](const std::vector<std::string>& mixers) {
    stack<double> layers;
    stack<double>::params p;
    layers.configure(description(mixers));
    layers.allocate(b, p);
    layers.initialise(b, p, {7, "model.layers."});
    return values_by_name<double>(p);
  };
  const auto alike = initial({"scaling", "scaling"}), mixed = initial({"value", "scaling"});
  EXPECT_NE(alike.at("0.self_attn.s"), alike.at("1.self_attn.s"));
  EXPECT_EQ(alike.at("1.self_attn.s"), mixed.at("1.self_attn.s"));
  EXPECT_EQ(alike.at("1.mlp.up_proj.weight"), mixed.at("1.mlp.up_proj.weight"));
}

}  // namespace stack_test
}  // namespace radlads::test
