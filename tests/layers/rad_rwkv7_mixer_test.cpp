// SPDX-License-Identifier: Apache-2.0
#include "layers/mixer_case.hpp"
#include "radlads/layers/rad_rwkv7_mixer.hpp"
#include "reference/rad_rwkv7.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {
namespace rad_rwkv7_mixer_test {

using layers::mixer_config;
using layers::mixer_options;
using layers::rad_rwkv7_mixer;

mixer_config sizes(std::int64_t heads, std::int64_t kv_heads, std::int64_t head_size,
                   const mixer_options& options, bool provides_v_first = false) {
  mixer_config c = rad_rwkv7_mixer::configure(small_mixer(heads, kv_heads, head_size), options);
  c.provides_v_first = provides_v_first;
  return c;
}

std::vector<mixer_config> cases() {
  mixer_options paper = small_ranks(), plain = small_ranks(), released = small_ranks();
  plain.use_rope = false;
  plain.gate_rank_type = 0;
  released.balance_state = false;
  released.group_norm = true;
  released.gate_rank_type = 1;
  mixer_options half = small_ranks();
  half.balance_state = false;
  std::vector<mixer_config> all{sizes(2, 2, 6, paper),    sizes(4, 2, 2, paper, true),
                                sizes(2, 1, 6, plain),    sizes(3, 1, 5, plain, true),
                                sizes(2, 1, 6, released), sizes(3, 3, 4, released, true),
                                sizes(4, 4, 3, released)};
  all[1].qk_norm = true;
  all[4].qk_norm = true;
  all[4].qkv_bias = false;
  all[5].output_bias = true;
  all[6].use_rope = false;
  all[6].gate_rank_type = 0;
  all.push_back(sizes(2, 1, 4, half));
  return all;
}

TEST(rad_rwkv7_mixer, gradients) {
  for (const mixer_config& c : cases()) check_mixer_gradients<rad_rwkv7_mixer>(c);
  // More tokens than one segment of checkpoints, and a single one.
  check_mixer_gradients<rad_rwkv7_mixer>(cases()[0], 1, 35);
  check_mixer_gradients<rad_rwkv7_mixer>(cases()[0], 3, 2);
}

TEST(rad_rwkv7_mixer, contract) {
  for (const mixer_config& c : cases()) check_mixer_contract<rad_rwkv7_mixer>(c);
}

TEST(rad_rwkv7_mixer, agrees_with_the_reference) {
  for (const mixer_config& c : cases()) {
    check_against_reference<rad_rwkv7_mixer>(
        c, [&](const auto& w, const auto& s, const auto& x, auto& v_first) {
          return reference::rad_rwkv7(w, s, c.provides_v_first, x, v_first);
        });
  }
}

TEST(rad_rwkv7_mixer, splits_change_nothing) {
  for (const mixer_config& c : cases()) check_splits<rad_rwkv7_mixer>(c);
}

TEST(rad_rwkv7_mixer, a_call_without_tokens_changes_nothing) {
  check_split<rad_rwkv7_mixer, double>(cases()[0], {7, 0, 12});
}

TEST(rad_rwkv7_mixer, batch_order) {
  for (const mixer_config& c : cases()) check_batch_order<rad_rwkv7_mixer>(c);
}

TEST(rad_rwkv7_mixer, nothing) {
  for (const mixer_config& c : cases()) check_nothing<rad_rwkv7_mixer>(c);
}

TEST(rad_rwkv7_mixer, defaults_are_the_papers) {
  const mixer_config c = rad_rwkv7_mixer::configure(small_mixer(2, 1, 64, 896), {});
  EXPECT_TRUE(c.use_rope && c.balance_state);
  EXPECT_FALSE(c.group_norm || c.token_shift);
  EXPECT_EQ(c.gate_rank_type, 2);
  EXPECT_EQ(c.rank_decay, 64);
  EXPECT_EQ(c.rank_iclr, 64);
  EXPECT_EQ(c.rank_value_mix, 32);
  EXPECT_EQ(c.rank_gate, 128);
}

TEST(rad_rwkv7_mixer, token_shift_is_no_option_of_it) {
  mixer_options o;
  o.token_shift = true;
  EXPECT_FALSE(rad_rwkv7_mixer::configure(small_mixer(2, 1, 4), o).token_shift);
}

named_values<double> initial_values(const mixer_config& c) {
  cpu_backend b({.threads = 2, .poison = true});
  rad_rwkv7_mixer::params<double, cpu_backend> p;
  p.allocate(b, c);
  rad_rwkv7_mixer::initialise<double, cpu_backend>(b, c, p, {7, "model.layers.1.self_attn."});
  return values_by_name<double>(p);
}

double decay_of(double w0) { return std::exp(-std::exp(-0.5) / (1 + std::exp(-w0))); }

TEST(rad_rwkv7_mixer, initial_values) {
  mixer_options o = small_ranks();
  for (const std::int64_t layer : {0, 1, 2}) {
    mixer_config c = sizes(2, 1, 6, o, layer == 0);
    c.layer = layer;
    const auto values = initial_values(c);
    const std::vector<double>& w0 = values.at("w0");
    EXPECT_NEAR(decay_of(w0.front()), 0.99909, 5e-6);
    EXPECT_NEAR(decay_of(w0.back()), 0.89526, 5e-6);
    // Halfway up the exponent is 0.85 at the first layer, 0.85 + sqrt(1/2) and 1.85 further on.
    const double exponents[] = {0.85, 1.5571067811865475, 1.85};
    EXPECT_NEAR(w0[5], -6.5 + 5 * std::pow(5.0 / 11.0, exponents[layer]), 1e-12);
    for (const char* const zero : {"w1", "a0", "a1", "g1", "q_proj.bias"}) {
      EXPECT_EQ(values.at(zero), std::vector<double>(values.at(zero).size(), 0)) << zero;
    }
    EXPECT_EQ(values.count("v0"), layer == 0 ? 0u : 1u);
    if (layer == 0) continue;
    EXPECT_EQ(values.at("v0"), std::vector<double>(12, 1));
    EXPECT_EQ(values.at("v1"), std::vector<double>(values.at("v1").size(), 0));
  }
}

TEST(rad_rwkv7_mixer, up_factors_start_orthogonal_with_rows_of_length_one_tenth) {
  const auto values = initial_values(sizes(2, 1, 6, small_ranks()));
  for (const char* const name : {"w2", "a2", "v2", "g2"}) {
    const auto rows = reference::as_matrix(values.at(name), 12);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      for (std::size_t j = 0; j < rows.size(); ++j) {
        double product = 0;
        for (std::size_t x = 0; x < 12; ++x) product += rows[i][x] * rows[j][x];
        EXPECT_NEAR(product, i == j ? 0.01 : 0, 1e-14) << name;
      }
    }
  }
}

TEST(rad_rwkv7_mixer, initial_values_of_the_released_variant) {
  mixer_options o = small_ranks();
  o.balance_state = false;
  o.group_norm = true;
  o.gate_rank_type = 1;
  const auto values = initial_values(sizes(2, 1, 6, o));
  EXPECT_EQ(values.at("k_k"), std::vector<double>(12, 0.85));
  EXPECT_EQ(values.at("k_a"), std::vector<double>(12, 1));
  EXPECT_EQ(values.at("gate.weight"), std::vector<double>(12 * 12, 0));
  EXPECT_EQ(values.at("ln_x.weight"), std::vector<double>(12, 1));
  EXPECT_EQ(values.at("ln_x.bias"), std::vector<double>(12, 0));
  EXPECT_EQ(values.count("g1") + values.count("g2"), 0u);
}

TEST(rad_rwkv7_mixer, says_when_there_is_no_v_first) {
  cpu_backend b({.threads = 2, .poison = true});
  const mixer_config c = sizes(2, 1, 6, small_ranks());
  mixer_run<rad_rwkv7_mixer, double> run(b, c, 2, 3, mixer_point<rad_rwkv7_mixer>(b, c, 2, 3));
  run.v_first.release();
  EXPECT_EQ(error_of([&] { run.forward(); }),
            "rad_rwkv7: v_first is (0, 0, 0), expected (2, 3, 12)");
}

}  // namespace rad_rwkv7_mixer_test
}  // namespace radlads::test
