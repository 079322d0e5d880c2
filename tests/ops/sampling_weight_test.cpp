// SPDX-License-Identifier: Apache-2.0
#include "radlads/ops/sampling_weight.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdint>
#include <limits>

namespace radlads::test {
namespace sampling_weight_test {

TEST(sampling_weight, is_a_power_of_two) {
  constexpr std::uint32_t step = (1u << ops::sampling_key_bits) / 997;
  for (std::uint32_t key = 0; key < 8u << ops::sampling_key_bits; key += step) {
    const double expected = std::exp2(43 - key * 0x1p-25);
    EXPECT_NEAR(static_cast<double>(ops::sampling_weight(key)) / expected, 1, 4e-9) << key;
  }
}

TEST(sampling_weight, ends_at_2_to_minus_43) {
  EXPECT_EQ(ops::sampling_weight(ops::sampling_key_end), 0u);
  EXPECT_EQ(ops::sampling_weight(ops::sampling_key_end - 1), 1u);
  EXPECT_LE(ops::sampling_weight(0), ops::greatest_sampling_weight);
}

TEST(sampling_weight, keys_grow_with_the_distance_from_the_greatest_logit) {
  const ops::sampling_rule rule = ops::sampling_rule_of({.temperature = 0.5});
  EXPECT_EQ(ops::sampling_key(3.5, 3.5, rule.scale), 0u);
  // A distance of ln 2 at temperature 1/2 is two powers of two.
  EXPECT_NEAR(ops::sampling_key(3.5, 3.5 - std::log(2.0), rule.scale) * 0x1p-25, 2, 1e-7);
  EXPECT_EQ(ops::sampling_key(3.5, -1e300, rule.scale), ops::sampling_key_end);
  EXPECT_EQ(ops::sampling_key(3.5, -std::numeric_limits<double>::infinity(), rule.scale),
            ops::sampling_key_end);
}

TEST(sampling_weight, the_smallest_temperatures_keep_the_greatest_logit_alone) {
  const ops::sampling_rule rule = ops::sampling_rule_of({.temperature = 5e-324});
  EXPECT_EQ(ops::sampling_key(1e30, 1e30, rule.scale), 0u);
  EXPECT_EQ(ops::sampling_key(1, std::nextafter(1.0, 0.0), rule.scale), ops::sampling_key_end);
}

TEST(sampling_weight, min_p_is_a_key) {
  // 1/8 is three powers of two below; the key itself stays.
  EXPECT_EQ(ops::sampling_rule_of({.min_p = 0.125}).key_end, (3u << ops::sampling_key_bits) + 1);
  EXPECT_EQ(ops::sampling_rule_of({.min_p = 1}).key_end, 1u);
  EXPECT_EQ(ops::sampling_rule_of({.min_p = 1e-300}).key_end, ops::sampling_key_end);
  EXPECT_EQ(ops::sampling_rule_of({}).key_end, ops::sampling_key_end);
}

TEST(sampling_weight, a_number_falls_on_a_unit_below_the_total) {
  EXPECT_EQ(ops::sampling_target(0, 10), 0u);
  EXPECT_EQ(ops::sampling_target(0.39, 10), 3u);
  EXPECT_EQ(ops::sampling_target(std::nextafter(1.0, 0.0), 1), 0u);
  const std::uint64_t most = std::uint64_t{1} << 63;
  EXPECT_LT(ops::sampling_target(std::nextafter(1.0, 0.0), most), most);
}

TEST(sampling_weight, shares_are_rounded_up) {
  EXPECT_EQ(ops::sampling_share(0.5, 10), 5u);
  EXPECT_EQ(ops::sampling_share(0.51, 10), 6u);
  EXPECT_EQ(ops::sampling_share(1e-300, 10), 1u);
  EXPECT_EQ(ops::sampling_share(1, 10), 10u);
}

TEST(sampling_weight, penalties_move_logits_down) {
  EXPECT_EQ(ops::penalised_logit(3.0f, 2.0f), 1.5f);
  EXPECT_EQ(ops::penalised_logit(-3.0f, 2.0f), -6.0f);
  EXPECT_EQ(ops::penalised_logit(0.0f, 2.0f), 0.0f);
}

}  // namespace sampling_weight_test
}  // namespace radlads::test
