// SPDX-License-Identifier: Apache-2.0
// Twenty updates against scalar Adam in double, by its textbook formulas; groups, frozen tensors
// and the factor from clipping.

#include "radlads/core/parameters.hpp"
#include "radlads/cpu.hpp"
#include "radlads/optim/adamw.hpp"
#include "support/gradient_check.hpp"
#include "support/tolerance.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace adamw_test {

using namespace radlads;
using test::random_values;
using test::relative_error;

template <class T>
struct three_tensors {
  tensor<T, 2, cpu_backend> mixer;
  tensor<T, 1, cpu_backend> norm;
  tensor<T, 2, cpu_backend> absent;
  template <class F, class... P>
  static void for_each(F&& f, P&... p) {
    visit(f, {"q", tensor_role::matrix, tensor_purpose::projection, tensor_part::recurrent_mixer},
          p.mixer...);
    visit(f, {"norm.weight", tensor_role::norm}, p.norm...);
    visit(f, "absent", p.absent...);
  }
};

template <class T>
void fill(T* to, const std::vector<double>& from) {
  std::transform(from.begin(), from.end(), to, [](double x) { return static_cast<T>(x); });
}

template <class T>
three_tensors<T> numbers(cpu_backend& backend, std::uint64_t seed) {
  three_tensors<T> p;
  p.mixer.resize(backend, {7, 5});
  p.norm.resize(backend, {131});
  fill(p.mixer.data(), random_values(35, seed));
  fill(p.norm.data(), random_values(131, seed + 1000));
  return p;
}

// One number through the rule as its authors state it, with hatted moments.
struct scalar_adam {
  double m = 0, v = 0, t = 0;
  double next(double p, double g, double rate, double decay) {
    t += 1;
    m = 0.9 * m + 0.1 * g;
    v = 0.95 * v + 0.05 * g * g;
    const double m_hat = m / (1 - std::pow(0.9, t)), v_hat = v / (1 - std::pow(0.95, t));
    return p - rate * decay * p - rate * m_hat / (std::sqrt(v_hat) + 1e-8);
  }
};

template <class T>
class adamw : public testing::Test {};
using real_scalars = testing::Types<float, double>;
TYPED_TEST_SUITE(adamw, real_scalars);

TYPED_TEST(adamw, follows_the_scalar_rule_for_twenty_steps) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  three_tensors<T> params = numbers<T>(backend, 1);
  optim::adamw<three_tensors<T>> optimizer{.options = {.weight_decay = 0.1}};
  optimizer.start(backend, params);
  std::vector<double> mixer = random_values(35, 1), norm = random_values(131, 1001);
  std::vector<scalar_adam> mixer_rule(35), norm_rule(131);
  for (std::uint64_t step = 0; step < 20; ++step) {
    const three_tensors<T> gradients = numbers<T>(backend, 10 + step);
    const double rate = 1e-2 / (1 + static_cast<double>(step));
    optimizer.update(backend, params, gradients, optim::group_rates{rate, 3 * rate}, 0.5);
    const std::vector<double> g = random_values(35, 10 + step), h = random_values(131, 1010 + step);
    for (std::size_t i = 0; i < 35; ++i) {
      mixer[i] = mixer_rule[i].next(mixer[i], 0.5 * g[i], 3 * rate, 0.1);
    }
    for (std::size_t i = 0; i < 131; ++i)
      norm[i] = norm_rule[i].next(norm[i], 0.5 * h[i], rate, 0.1);
  }
  const T* const p = params.mixer.data();
  const T* const q = params.norm.data();
  EXPECT_LT(relative_error(std::vector<T>(p, p + 35), mixer), test::order_tolerance<T>);
  EXPECT_LT(relative_error(std::vector<T>(q, q + 131), norm), test::order_tolerance<T>);
  EXPECT_EQ(optimizer.steps, 20);
  EXPECT_NEAR(static_cast<double>(optimizer.v.norm.data()[130]), norm_rule[130].v,
              1e-6 * norm_rule[130].v);
}

TYPED_TEST(adamw, leaves_frozen_tensors_and_their_moments_alone) {
  using T = TypeParam;
  cpu_backend backend({.threads = 2, .poison = true});
  three_tensors<T> params = numbers<T>(backend, 1);
  const three_tensors<T> before = numbers<T>(backend, 1), gradients = numbers<T>(backend, 2);
  optim::adamw<three_tensors<T>> optimizer;
  optimizer.start(backend, params);
  optimizer.update(backend, params, gradients,
                   [](const std::string& name) { return name == "norm.weight" ? 0.0 : 1e-3; });
  EXPECT_TRUE(std::equal(params.norm.data(), params.norm.data() + 131, before.norm.data()));
  EXPECT_TRUE(std::all_of(optimizer.m.norm.data(), optimizer.m.norm.data() + 131,
                          [](T x) { return x == T(0); }));
  EXPECT_NE(params.mixer.data()[0], before.mixer.data()[0]);
  EXPECT_NE(optimizer.m.mixer.data()[0], T(0));
}

TEST(adamw_master, starts_from_the_parameters_or_from_exact_weights) {
  cpu_backend backend({.threads = 2, .poison = true});
  three_tensors<float> exact = numbers<float>(backend, 1);
  const three_tensors<float> as_given = numbers<float>(backend, 1);
  three_tensors<bf16> rounded;
  allocate_like(backend, exact, rounded);
  optim::adamw<three_tensors<bf16>, three_tensors<float>> optimizer;
  optimizer.steps = 3;
  optimizer.start_from(backend, rounded, std::move(exact));
  EXPECT_EQ(optimizer.steps, 0);
  EXPECT_EQ(optimizer.v.norm.data()[7], 0);
  for (int i = 0; i < 35; ++i) {
    EXPECT_EQ(optimizer.master.mixer.data()[i], as_given.mixer.data()[i]);
    EXPECT_EQ(rounded.mixer.data()[i].bits, bf16(as_given.mixer.data()[i]).bits);
  }
  optimizer.start(backend, rounded);
  for (int i = 0; i < 131; ++i)
    EXPECT_EQ(optimizer.master.norm.data()[i], static_cast<float>(rounded.norm.data()[i]));
}

TEST(adamw_moments, are_those_of_the_tensors_that_the_last_start_named) {
  cpu_backend backend({.threads = 2, .poison = true});
  const three_tensors<float> params = numbers<float>(backend, 1);
  optim::adamw<three_tensors<float>> optimizer;
  optimizer.start(backend, params);
  EXPECT_EQ(parameter_count(optimizer.m), 35 + 131);
  optimizer.start(backend, params, [](const std::string& name) { return name == "norm.weight"; });
  EXPECT_EQ(parameter_count(optimizer.m), 131);
  EXPECT_EQ(parameter_count(optimizer.v), 131);
}

TEST(group_rates, differ_in_mixers_whatever_names_say) {
  const optim::group_rates one{1e-3}, two{1e-3, 1e-4};
  const auto in = [](const char* name, tensor_part part) {
    return tensor_info{name, tensor_role::matrix, tensor_purpose::none, part};
  };
  EXPECT_EQ(one(in("q", tensor_part::recurrent_mixer)), 1e-3);
  EXPECT_EQ(two(in("q", tensor_part::recurrent_mixer)), 1e-4);
  EXPECT_EQ(two(in("q", tensor_part::softmax_mixer)), 1e-4);
  EXPECT_EQ(two(in("model.layers.3.self_attn.up", tensor_part::feed_forward)), 1e-3);
  EXPECT_EQ(two(in("model.layers.3.self_attn.up", tensor_part::none)), 1e-3);
}

TEST(adamw_errors, name_the_tensor) {
  cpu_backend backend({.threads = 2});
  three_tensors<float> params = numbers<float>(backend, 1);
  three_tensors<float> gradients = numbers<float>(backend, 2);
  optim::adamw<three_tensors<float>> optimizer;
  EXPECT_THROW(optimizer.update(backend, params, gradients, optim::group_rates{1e-3}), error);
  optimizer.start(backend, params);
  gradients.norm.resize(backend, {130});
  try {
    optimizer.update(backend, params, gradients, optim::group_rates{1e-3});
    FAIL() << "nothing was thrown";
  } catch (const error& e) {
    EXPECT_STREQ(e.what(), "adamw: the gradient of norm.weight has another shape");
  }
}

}  // namespace adamw_test
