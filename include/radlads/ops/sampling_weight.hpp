// SPDX-License-Identifier: Apache-2.0
#pragma once
// Probabilities as whole numbers. A token's key is how far its logit lies below the greatest, in
// fixed point and in powers of two; its weight is 2^-key in fixed point. Sums of weights do not
// depend on their order, so every backend and every number of threads chooses the same token from
// the same logits.

#include "radlads/core/config.hpp"
#include "radlads/ops/sampling_options.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numbers>

namespace radlads::ops {

/// Bits of a key behind the point. A step is a factor of 1 + 2e-8 of a probability.
inline constexpr int sampling_key_bits = 25;
/// Tokens less probable than 2^-43 of the greatest are never chosen: their weight is 0.
inline constexpr std::uint32_t sampling_octaves = 43;
inline constexpr std::uint32_t sampling_key_end = sampling_octaves << sampling_key_bits;
/// The greatest weight. That of 2^20 tokens stays below 2^63.
inline constexpr std::uint64_t greatest_sampling_weight = std::uint64_t{1} << sampling_octaves;
inline constexpr std::int64_t most_sampled_tokens = std::int64_t{1} << 20;

/// Options in the units of keys. The host computes it once for all backends.
struct sampling_rule {
  bool is_greedy = false;
  double scale = 0;                          ///< keys in a unit of logit
  std::uint32_t key_end = sampling_key_end;  ///< keys below stay after min_p
  std::int64_t top_k = 0;
  double top_p = 1;
  double penalty = 1;

  RADLADS_HOST_DEVICE bool cuts(std::int64_t vocabulary) const {
    return (top_k > 0 && top_k < vocabulary) || top_p < 1 || key_end < sampling_key_end;
  }
};

/// What checked options mean in keys.
inline sampling_rule sampling_rule_of(const sampling_options& o) {
  sampling_rule rule;
  rule.is_greedy = o.temperature == 0;
  rule.top_k = o.top_k;
  rule.top_p = o.top_p;
  rule.penalty = o.repetition_penalty;
  constexpr double steps = std::uint64_t{1} << sampling_key_bits;
  // Bounded, so that the greatest logit's distance of 0 times the scale is 0.
  if (!rule.is_greedy) rule.scale = std::min(steps * std::numbers::log2e / o.temperature, 1e300);
  if (o.min_p > 0) {
    const double last = std::floor(-std::log2(o.min_p) * steps);
    rule.key_end = static_cast<std::uint32_t>(std::min<double>(last + 1, sampling_key_end));
  }
  return rule;
}

/// Key of a logit that is at most `greatest`, which is finite.
RADLADS_HOST_DEVICE RADLADS_INLINE std::uint32_t sampling_key(double greatest, double logit,
                                                              double scale) {
  const double steps = (greatest - logit) * scale;
  // Through a signed number: that is what processors convert to without a detour.
  return steps < sampling_key_end ? static_cast<std::uint32_t>(static_cast<std::int32_t>(steps))
                                  : sampling_key_end;
}

/// Weight of a key, within 4e-9 of 2^-key times the greatest, rounded down; 0 at the end.
RADLADS_HOST_DEVICE RADLADS_INLINE std::uint64_t sampling_weight(std::uint32_t key) {
  // 2^-f in [0, 1) as 2^-32 of c0 - f (c1 - f (c2 - ...)): Chebyshev's interpolation of degree six.
  constexpr std::uint64_t c[7] = {0xfffffffa, 0xb17215bb, 0x3d7f57e6, 0x0e34a916,
                                  0x0273d6b6, 0x00539af7, 0x0072b38};
  const std::uint64_t f = (key << (32 - sampling_key_bits)) & 0xffffffffu;
  std::uint64_t sum = c[6];
  RADLADS_UNROLL
  for (int k = 5; k >= 0; --k) sum = c[k] - (sum * f >> 32);
  // At the end nothing is left: the sum is below 2^32.
  return sum << (sampling_octaves - 32) >> (key >> sampling_key_bits);
}

/// Which of `total` > 0 units a number of [0, 1) falls on.
RADLADS_HOST_DEVICE inline std::uint64_t sampling_target(double uniform, std::uint64_t total) {
  const auto unit = static_cast<std::uint64_t>(uniform * static_cast<double>(total));
  return unit < total ? unit : total - 1;
}

/// Units that make the share top_p of `total` > 0.
RADLADS_HOST_DEVICE inline std::uint64_t sampling_share(double top_p, std::uint64_t total) {
  const double share = top_p * static_cast<double>(total);
  auto units = static_cast<std::uint64_t>(share);
  if (static_cast<double>(units) < share) ++units;
  if (units < 1) return 1;
  return units < total ? units : total;
}

/// A logit of a token that the text has, as the library transformers changes it.
template <class A>
RADLADS_HOST_DEVICE RADLADS_INLINE A penalised_logit(A logit, A penalty) {
  return logit > A(0) ? logit / penalty : logit * penalty;
}

/// The last token that stays, in order of key and then of id.
struct sampling_cut {
  std::uint32_t key;
  std::int64_t id;

  RADLADS_HOST_DEVICE bool keeps(std::uint32_t other_key, std::int64_t other_id) const {
    return other_key < key || (other_key == key && other_id <= id);
  }
};

/// A cut is found digit by digit: histograms of at most 2^11 bins over a key's digit, from the top.
struct sampling_digit {
  int shift, bits;
};
inline constexpr int sampling_digits = 3;
inline constexpr int sampling_bins = 1 << 11;
RADLADS_HOST_DEVICE constexpr sampling_digit digit_of_key(int index) {
  return index == 0   ? sampling_digit{20, 11}
         : index == 1 ? sampling_digit{10, 10}
                      : sampling_digit{0, 10};
}

}  // namespace radlads::ops
