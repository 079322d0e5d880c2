// SPDX-License-Identifier: Apache-2.0
// Gradients of whole models, of their losses included. Running them is tested in
// generation_test.cpp.
#include "models/language_model_case.hpp"
#include "radlads/models/language_model.hpp"
#include "radlads/ops/cross_entropy.hpp"
#include "radlads/ops/kl_divergence.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace radlads::test {
namespace language_model_test {

using B = cpu_backend;

constexpr std::int64_t batch = 2, tokens = 6, rows = batch * tokens, teacher_width = 5;
constexpr double scale = 0.3, kl_weight = 0.8, ce_weight = 0.4;

/// One training step: forward, loss with its gradient at the head, backward.
template <class T>
struct step_run {
  B& b;
  models::config config;
  language_model<T> model;
  typename language_model<T>::params grads;
  typename language_model<T>::saved saved;
  std::vector<std::int32_t> ids = some_ids(rows), targets = some_ids(rows + 1);
  tensor<T, 2, B> dnormed;

  step_run(B& backend, const models::config& c, const named_values<T>& point)
      : b(backend), config(c), model(model_at(b, c, point)) {
    allocate_like(b, model.weights, grads);
    targets.erase(targets.begin());
    targets[4] = -1;
    saved.layers.is_training = true;
  }
  view<const std::int32_t, 2> id_view() const { return {ids.data(), {batch, tokens}}; }

  /// The scaled sum of the losses; leaves dnormed and the head's gradient.
  T loss(bool has_teacher) {
    model.forward(b, id_view(), nullptr, saved);
    dnormed.resize(b, saved.normed.sizes());
    tensor<T, 1, B> losses(b, {rows});
    const view<const std::int32_t, 1> wanted(targets.data(), {rows});
    const auto head = language_model<T>::head_of(std::as_const(model.weights));
    if (has_teacher) {
      const auto teacher_head = filled<T, 2>(b, {config.vocabulary, teacher_width},
                                             random_values(13 * teacher_width, 61));
      const auto teacher_x =
          filled<T, 2>(b, {rows, teacher_width}, random_values(rows * teacher_width, 62));
      ops::head_kl_divergence<T>(b, kl_weight, ce_weight, scale, head, saved.normed, teacher_head,
                                 teacher_x, wanted, losses, dnormed,
                                 language_model<T>::head_of(grads));
    } else {
      ops::head_cross_entropy<T>(b, scale, head, saved.normed, wanted, losses, {}, dnormed,
                                 language_model<T>::head_of(grads));
    }
    T total(0);
    for (std::int64_t i = 0; i < rows; ++i) total += losses.data()[i];
    return total * T(scale);
  }
  void backward() { model.backward(b, id_view(), dnormed, saved, grads); }
};

struct language_model_test : testing::Test {
  B b{cpu_options{.threads = 2, .poison = true}};

  void check_gradients(const models::config& c, bool has_teacher = false) {
    const auto point = model_point(b, c);
    step_run<double> run(b, c, point);
    run.loss(has_teacher);
    run.backward();
    expect_gradients(point, values_by_name<double>(run.grads),
                     [&](const named_values<complex>& at) {
                       return step_run<complex>(b, c, at).loss(has_teacher);
                     });
  }
};

TEST_F(language_model_test, gradients_of_the_teacher) {
  models::config c = small_model({"attention", "attention"});
  check_gradients(c);
  c.qk_norm = true;
  c.qkv_bias = false;
  c.is_tied = true;
  check_gradients(c);
}

TEST_F(language_model_test, gradients_of_rad_rwkv7) {
  models::config c = small_model({"rad_rwkv7", "rad_rwkv7"});
  check_gradients(c, true);
  c.options.balance_state = false;
  c.options.group_norm = true;
  c.is_tied = true;
  check_gradients(c, true);
}

TEST_F(language_model_test, gradients_of_rad_rwkv6) {
  models::config c = small_model({"rad_rwkv6", "rad_rwkv6"});
  check_gradients(c, true);
  c.options.token_shift = false;
  c.options.use_rope = true;
  c.options.gate_rank_type = 2;
  check_gradients(c);
}

TEST_F(language_model_test, gradients_of_hybrids) {
  check_gradients(small_model({"rad_rwkv7", "attention"}));
  check_gradients(small_model({"attention", "rad_rwkv7", "rad_rwkv7"}));
  check_gradients(small_model({"rad_rwkv7", "rad_rwkv6", "attention", "rad_rwkv7"}), true);
}

TEST_F(language_model_test, gradients_add_on_a_second_call) {
  const models::config c = small_model({"rad_rwkv7", "attention"});
  step_run<double> run(b, c, model_point(b, c));
  run.loss(false);
  run.backward();
  const auto once = values_by_name<double>(run.grads);
  run.loss(false);
  run.backward();
  for (const auto& [name, twice] : values_by_name<double>(run.grads)) {
    std::vector<double> expected = once.at(name);
    for (double& each : expected) each *= 2;
    EXPECT_LT(relative_error(twice, expected), 1e-14) << name;
  }
}

TEST_F(language_model_test, names_are_those_of_the_files) {
  models::config c = small_model({"rad_rwkv7", "attention"});
  const auto untied = model_point(b, c);
  for (const char* const name :
       {"model.embed_tokens.weight", "model.layers.0.input_layernorm.weight",
        "model.layers.0.self_attn.w0", "model.layers.0.self_attn.g2",
        "model.layers.1.self_attn.q_proj.bias", "model.layers.1.mlp.down_proj.weight",
        "model.layers.1.post_attention_layernorm.weight", "model.norm.weight", "lm_head.weight"}) {
    EXPECT_EQ(untied.count(name), 1u) << name;
  }
  // The first layer provides v_first and has no value mix; attention has no decay.
  EXPECT_EQ(untied.count("model.layers.0.self_attn.v0"), 0u);
  EXPECT_EQ(untied.count("model.layers.1.self_attn.w0"), 0u);
  c.is_tied = true;
  EXPECT_EQ(model_point(b, c).count("lm_head.weight"), 0u);
}

TEST_F(language_model_test, a_tied_head_is_the_embedding) {
  models::config c = small_model({"attention"});
  language_model<double> model;
  model.build(b, c);
  EXPECT_EQ(model.head_of(model.weights).data(), model.weights.head.data());
  c.is_tied = true;
  language_model<double> tied;
  tied.build(b, c);
  EXPECT_EQ(tied.head_of(tied.weights).data(), tied.weights.embedding.data());
}

TEST_F(language_model_test, final_norm_takes_the_epsilon_of_the_description) {
  models::config c = small_model({"attention"});
  c.norm_epsilon = 3;  // as large as the mean square itself
  const auto point = model_point(b, c);
  language_model<double> model;
  model.build(b, c);
  set_by_name(point, model.weights);
  const std::vector<std::int32_t> ids = some_ids(6);
  language_model<double>::saved saved;
  model.forward(b, {ids.data(), {1, 6}}, nullptr, saved);
  const view<const double, 3> last = saved.layers.last();
  const std::vector<double>& weight = point.at("model.norm.weight");
  for (std::int64_t t = 0; t < 6; ++t) {
    double mean = 0;
    for (std::int64_t i = 0; i < 10; ++i) mean += last(0, t, i) * last(0, t, i) / 10;
    for (std::int64_t i = 0; i < 10; ++i) {
      const double expected =
          last(0, t, i) / std::sqrt(mean + 3) * weight[static_cast<std::size_t>(i)];
      EXPECT_NEAR(saved.normed.data()[t * 10 + i], expected, 1e-14);
    }
  }
}

TEST_F(language_model_test, build_says_what_is_wrong) {
  language_model<double> model;
  EXPECT_EQ(error_of([&] {
              model.build(b, small_model({"attention", "mamba"}));
            }),
            "model: layer 1 names the mixer 'mamba'; known are attention, rad_rwkv7, rad_rwkv6");
  models::config c = small_model({"attention", "attention"});
  c.layers = 3;
  EXPECT_EQ(error_of([&] { model.build(b, c); }), "model: 2 mixers are named for 3 layers");
}

TEST_F(language_model_test, initialises_every_tensor_from_the_seed_alone) {
  const models::config c = small_model({"rad_rwkv7", "rad_rwkv6", "attention"});
  const auto initial = [&](std::uint64_t seed) {
    language_model<double> model;
    model.build(b, c);
    model.initialise(b, seed);
    return values_by_name<double>(model.weights);
  };
  const auto first = initial(1), again = initial(1), other = initial(2);
  EXPECT_EQ(first, again);
  EXPECT_NE(first.at("model.embed_tokens.weight"), other.at("model.embed_tokens.weight"));
  EXPECT_EQ(first.at("model.norm.weight"), std::vector<double>(10, 1));
  for (const auto& [name, values] : first) {
    for (const double value : values) ASSERT_FALSE(std::isnan(value)) << name << " was left out";
  }
}

}  // namespace language_model_test
}  // namespace radlads::test
