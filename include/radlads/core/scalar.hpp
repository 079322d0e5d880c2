// SPDX-License-Identifier: Apache-2.0
#pragma once
// Number types: bf16 and half as storage, the accumulation type, and the concept of a scalar.

#include "radlads/core/config.hpp"

#include <bit>
#include <complex>
#include <cstdint>
#include <type_traits>

namespace radlads {

/// Brain float: the upper half of a float. Storage only; arithmetic happens in float.
struct bf16 {
  std::uint16_t bits = 0;

  bf16() = default;
  /// Rounds to nearest, ties to even; NaN stays NaN.
  RADLADS_HOST_DEVICE explicit bf16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const bool is_nan = (word & 0x7fffffffu) > 0x7f800000u;
    const std::uint32_t rounded = word + 0x7fffu + ((word >> 16) & 1u);
    bits = static_cast<std::uint16_t>(is_nan ? ((word >> 16) | 0x40u) : (rounded >> 16));
  }
  RADLADS_HOST_DEVICE explicit operator float() const {
    return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16);
  }
};

/// IEEE 754 binary16. Storage only; arithmetic happens in float.
struct half {
  std::uint16_t bits = 0;

  half() = default;
  /// Rounds to nearest, ties to even; values above 65504 + half a step become infinite.
  RADLADS_HOST_DEVICE explicit half(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const auto sign = static_cast<std::uint16_t>((word >> 16) & 0x8000u);
    const std::uint32_t magnitude = word & 0x7fffffffu;
    if (magnitude > 0x7f800000u) {
      bits = static_cast<std::uint16_t>(sign | 0x7e00u);
    } else if (magnitude >= 0x47800000u) {
      bits = static_cast<std::uint16_t>(sign | 0x7c00u);
    } else if (magnitude < 0x38800000u) {
      // Adding 0.5 puts the subnormal's last bit at the last bit of a float in [0.5, 1).
      const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
      bits =
          static_cast<std::uint16_t>(sign | (std::bit_cast<std::uint32_t>(shifted) - 0x3f000000u));
    } else {
      const std::uint32_t rounded = magnitude + 0xfffu + ((magnitude >> 13) & 1u);
      bits = static_cast<std::uint16_t>(sign | ((rounded - 0x38000000u) >> 13));
    }
  }
  RADLADS_HOST_DEVICE explicit operator float() const {
    const std::uint32_t sign = static_cast<std::uint32_t>(bits & 0x8000u) << 16;
    const std::uint32_t exponent = (bits >> 10) & 0x1fu;
    const std::uint32_t mantissa = bits & 0x3ffu;
    if (exponent == 0x1fu) return std::bit_cast<float>(sign | 0x7f800000u | (mantissa << 13));
    if (exponent != 0) {
      return std::bit_cast<float>(sign | ((exponent + 112u) << 23) | (mantissa << 13));
    }
    const float value = static_cast<float>(mantissa) * 0x1p-24f;
    return sign != 0 ? -value : value;
  }
};

template <class T>
struct accumulate {
  using type = T;
};
template <>
struct accumulate<bf16> {
  using type = float;
};
template <>
struct accumulate<half> {
  using type = float;
};

/// The accumulation type: sums, statistics, losses and recurrent state of a storage type have it.
template <class T>
using accumulate_t = typename accumulate<T>::type;

template <class T>
struct real_part {
  using type = T;
};
template <class T>
struct real_part<std::complex<T>> {
  using type = T;
};

/// The ordered field below a scalar: double for std::complex<double>, else the scalar itself.
/// Comparisons are made on it, so that the complex step passes through branches unchanged.
template <class T>
using real_t = typename real_part<accumulate_t<T>>::type;

/// Real part of a scalar, for comparisons.
template <class T>
RADLADS_HOST_DEVICE real_t<T> real_of(const T& value) {
  if constexpr (std::is_same_v<real_t<T>, accumulate_t<T>>) {
    return static_cast<real_t<T>>(value);
  } else {
    return value.real();
  }
}

/// What a tensor may hold: float, double, the storage types, and complex<double> for gradient
/// tests by complex step.
template <class T>
concept scalar = std::is_same_v<T, float> || std::is_same_v<T, double> || std::is_same_v<T, bf16> ||
    std::is_same_v<T, half> || std::is_same_v<T, std::complex<double>>;

/// a where the real part of x is at least that of bound, else b.
template <class T>
requires scalar<T> RADLADS_HOST_DEVICE T select_at_least(const T& x,
                                                         const std::type_identity_t<T>& bound,
                                                         const std::type_identity_t<T>& a,
                                                         const std::type_identity_t<T>& b) {
  return real_of(x) >= real_of(bound) ? a : b;
}

}  // namespace radlads
