// SPDX-License-Identifier: Apache-2.0
#pragma once
// Frequencies of rotary position: base^(-2i/N), of which some models lower a part to read longer
// texts than they were first trained on.

#include "radlads/core/config.hpp"
#include "radlads/core/error.hpp"

#include <cmath>
#include <cstdint>

namespace radlads::ops {

/// How frequencies are lowered.
enum class rope_scaling_kind : std::int32_t {
  none,
  linear,  ///< all divided by `factor`
  llama3   ///< long waves divided by `factor`, short ones kept, those between blended (Llama 3.1)
};

/// Scaling of rotary frequencies. The last three members belong to llama3: waves longer than
/// original_positions / low_factor tokens are long, those shorter than original_positions /
/// high_factor are short.
struct rope_scaling {
  rope_scaling_kind kind = rope_scaling_kind::none;
  double factor = 1;
  double low_factor = 1;
  double high_factor = 4;
  double original_positions = 8192;

  bool operator==(const rope_scaling&) const = default;

  /// The scaled frequency, in radians a token.
  RADLADS_HOST_DEVICE double scaled(double frequency) const {
    if (kind == rope_scaling_kind::none) return frequency;
    if (kind == rope_scaling_kind::linear) return frequency / factor;
    constexpr double full_turn = 6.283185307179586;
    const double waves = original_positions * frequency / full_turn;
    if (waves > high_factor) return frequency;
    if (waves < low_factor) return frequency / factor;
    const double kept = (waves - low_factor) / (high_factor - low_factor);
    return (1 - kept) * frequency / factor + kept * frequency;
  }
};

/// What an angle depends on besides the position.
struct rope_frequencies {
  double base = 1e4;
  rope_scaling scaling = {};

  rope_frequencies(double base_value, const rope_scaling& scaling_value = {})
      : base(base_value), scaling(scaling_value) {}
};

/// Throws unless base and factors are such that every frequency is positive.
inline void check(const rope_frequencies& f) {
  const rope_scaling& s = f.scaling;
  const auto is_positive = [](double value) { return value > 0 && std::isfinite(value); };
  require(is_positive(f.base), "rope: the base is ", f.base, ", expected a positive number");
  require(is_positive(s.factor), "rope: the scaling factor is ", s.factor,
          ", expected a positive number");
  if (s.kind != rope_scaling_kind::llama3) return;
  require(is_positive(s.low_factor) && is_positive(s.high_factor) && s.low_factor < s.high_factor,
          "rope: the frequency factors of llama3 are ", s.low_factor, " and ", s.high_factor,
          ", expected two positive numbers, the first below the second");
  require(is_positive(s.original_positions), "rope: the original context of llama3 is ",
          s.original_positions, ", expected a positive number");
}

}  // namespace radlads::ops
