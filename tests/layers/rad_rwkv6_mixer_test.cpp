// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/rad_rwkv6_mixer.hpp"
#include "reference/rad_rwkv6.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace radlads::test {
namespace rad_rwkv6_mixer_test {

using layers::mixer_config;
using layers::mixer_options;
using layers::rad_rwkv6_mixer;

mixer_config sizes(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_size,
                   const mixer_options& options) {
  return rad_rwkv6_mixer::configure(small_mixer(heads, kv_heads, head_size), options);
}

std::vector<mixer_config> cases() {
  const mixer_options paper = small_ranks();
  mixer_options still = small_ranks(), normed = small_ranks(), narrow = small_ranks();
  still.token_shift = false;
  still.gate_rank_type = 0;
  normed.group_norm = true;
  normed.balance_state = false;
  narrow.use_rope = true;
  narrow.gate_rank_type = 2;
  std::vector<mixer_config> all{sizes(2, 2, 6, paper), sizes(4, 2, 3, paper), sizes(2, 1, 6, still),
                                sizes(3, 1, 5, normed), sizes(2, 1, 4, narrow)};
  all[1].qk_norm = true;
  all[2].output_bias = true;
  all[3].qkv_bias = false;
  mixer_options both = narrow;
  both.token_shift = false;
  both.group_norm = true;
  all.push_back(sizes(2, 2, 6, both));
  return all;
}

TEST(rad_rwkv6_mixer, gradients) {
  for (const mixer_config& c : cases()) check_mixer_gradients<rad_rwkv6_mixer>(c);
  check_mixer_gradients<rad_rwkv6_mixer>(cases()[0], 1, 35);
  check_mixer_gradients<rad_rwkv6_mixer>(cases()[0], 3, 2);
}

/// Decays that reach the floor of log w for some channels and stay away from it for others.
named_values<double> point_at_the_floor(cpu_backend& b, const mixer_config& c) {
  named_values<double> point = mixer_point<rad_rwkv6_mixer>(b, c, 2, 5);
  std::vector<double>& decay = point.at("time_decay");
  for (std::size_t i = 0; i < decay.size(); ++i) decay[i] = i % 3 == 0 ? 9.0 : -1.0;
  return point;
}

TEST(rad_rwkv6_mixer, gradients_where_the_decay_is_at_its_floor) {
  cpu_backend b({.threads = 2, .poison = true});
  const mixer_config c = cases()[0];
  const auto point = point_at_the_floor(b, c);
  check_mixer_gradients<rad_rwkv6_mixer>(c, 2, 5, point);
  mixer_run<rad_rwkv6_mixer, double> run(b, c, 2, 5, point);
  run.loss();
  run.backward();
  for (std::int64_t i = 0; i < run.grads.decay.size(); i += 3) {
    EXPECT_EQ(run.grads.decay.data()[i], 0.0);
    EXPECT_NE(run.grads.decay.data()[i + 1], 0.0);
  }
  const auto [low, high] =
      std::minmax_element(run.saved.log_w.data(), run.saved.log_w.data() + run.saved.log_w.size());
  EXPECT_EQ(*low, -5.0);
  EXPECT_GT(*high, -1.0);
}

TEST(rad_rwkv6_mixer, contract) {
  for (const mixer_config& c : cases()) check_mixer_contract<rad_rwkv6_mixer>(c);
}

TEST(rad_rwkv6_mixer, agrees_with_the_reference) {
  for (const mixer_config& c : cases()) {
    check_against_reference<rad_rwkv6_mixer>(
        c, [](const auto& w, const auto& s, const auto& x, auto&) {
          return reference::rad_rwkv6(w, s, x);
        });
  }
}

TEST(rad_rwkv6_mixer, splits_change_nothing) {
  for (const mixer_config& c : cases()) check_splits<rad_rwkv6_mixer>(c);
}

TEST(rad_rwkv6_mixer, batch_order) {
  for (const mixer_config& c : cases()) check_batch_order<rad_rwkv6_mixer>(c);
}

TEST(rad_rwkv6_mixer, nothing) {
  for (const mixer_config& c : cases()) check_nothing<rad_rwkv6_mixer>(c);
}

TEST(rad_rwkv6_mixer, defaults_are_the_papers) {
  const mixer_config c = rad_rwkv6_mixer::configure(small_mixer(2, 1, 64, 2048), {});
  EXPECT_TRUE(c.token_shift && c.balance_state);
  EXPECT_FALSE(c.use_rope || c.group_norm);
  EXPECT_EQ(c.gate_rank_type, 1);
  EXPECT_EQ(c.rank_decay, 96);
  EXPECT_EQ(c.rank_token_shift, 96);
}

TEST(rad_rwkv6_mixer, initial_values) {
  cpu_backend b({.threads = 2, .poison = true});
  for (const std::int64_t layer : {0, 1, 2}) {
    mixer_config c = sizes(2, 1, 6, small_ranks());
    c.layer = layer;
    rad_rwkv6_mixer::params<double, cpu_backend> p;
    p.allocate(b, c);
    rad_rwkv6_mixer::initialise<double, cpu_backend>(b, c, p, {7, "model.layers.0.self_attn."});
    const auto values = values_by_name<double>(p);
    const std::vector<double>& decay = values.at("time_decay");
    EXPECT_NEAR(std::exp(-std::exp(decay.front())), 0.99752, 5e-6);
    EXPECT_NEAR(std::exp(-std::exp(decay.back())), 0.69220, 5e-6);
    const double exponents[] = {0.7, 1.35, 2.0};
    EXPECT_NEAR(decay[5], -6 + 5 * std::pow(5.0 / 11.0, exponents[layer]), 1e-12);
    EXPECT_EQ(values.at("time_maa_x"), std::vector<double>(12, 1));
    for (const char* const zero : {"time_maa_r", "time_maa_k", "time_maa_v", "time_maa_w",
                                   "time_maa_g", "time_maa_w1", "time_decay_w1", "gate.weight"}) {
      EXPECT_EQ(values.at(zero), std::vector<double>(values.at(zero).size(), 0)) << zero;
    }
    for (const char* const uniform : {"time_maa_w2", "time_decay_w2"}) {
      const auto [low, high] =
          std::minmax_element(values.at(uniform).begin(), values.at(uniform).end());
      EXPECT_GE(*low, -0.01) << uniform;
      EXPECT_LE(*high, 0.01) << uniform;
      EXPECT_LT(*low, -0.007) << uniform;
      EXPECT_GT(*high, 0.007) << uniform;
    }
  }
}

// A decay of one's own, given as its logarithm: the same for every input.
struct constant_decay {
  template <class Z>
  static Z value(const Z&) {
    return Z(-0.25);
  }
  template <class Z>
  static Z derivative(const Z&, const Z&) {
    return Z(0);
  }
};

TEST(rad_rwkv6_mixer, takes_another_decay) {
  using mixer = layers::basic_rad_rwkv6_mixer<constant_decay>;
  cpu_backend b({.threads = 2, .poison = true});
  mixer_run<mixer, double> run(b, cases()[0], 2, 5, mixer_point<mixer>(b, cases()[0], 2, 5));
  run.forward();
  EXPECT_EQ(values_of(run.saved.log_w), std::vector<double>(2 * 5 * 12, -0.25));
}

}  // namespace rad_rwkv6_mixer_test
}  // namespace radlads::test
