// SPDX-License-Identifier: Apache-2.0
#pragma once
// Several numbers side by side that behave as one scalar: what cells, scalar functions and
// elementwise functions see on the CPU. Eigen turns each operation into vector instructions. Every
// operator is inlined by force: left to the compiler some stay calls, and lanes then travel
// through memory.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"

#include <Eigen/Core>

#include <cmath>
#include <complex>
#include <cstdint>
#include <cstring>

namespace radlads {

/// Width of lanes: one 512-bit register, or what the compiler makes of that.
template <class T>
inline constexpr int lane_width = 64 / static_cast<int>(sizeof(T));

/// W values of T. Arithmetic is elementwise; a plain T broadcasts.
template <class T, int W = lane_width<T>>
struct lanes {
  using array = Eigen::Array<T, W, 1>;
  static constexpr int width = W;
  array value;

  lanes() = default;
  lanes(T x) : value(array::Constant(x)) {}
  explicit lanes(const array& x) : value(x) {}

  RADLADS_INLINE static lanes load(const T* from) {
    return lanes(array(Eigen::Map<const array>(from)));
  }
  /// Reads `count` <= W values; the rest are `fill`.
  RADLADS_INLINE static lanes load(const T* from, std::int64_t count, T fill = T(0)) {
    if (count >= W) return load(from);
    lanes result(fill);
    std::memcpy(static_cast<void*>(result.value.data()), from,
                static_cast<std::size_t>(count) * sizeof(T));
    return result;
  }
  RADLADS_INLINE void store(T* to) const {
    Eigen::Map<array> target(to);
    target = value;
  }
  RADLADS_INLINE void store(T* to, std::int64_t count) const {
    if (count >= W) {
      store(to);
    } else {
      std::memcpy(static_cast<void*>(to), value.data(),
                  static_cast<std::size_t>(count) * sizeof(T));
    }
  }
  RADLADS_INLINE T sum() const { return value.sum(); }

  RADLADS_INLINE friend lanes operator+(const lanes& a, const lanes& b) {
    return lanes(array(a.value + b.value));
  }
  RADLADS_INLINE friend lanes operator-(const lanes& a, const lanes& b) {
    return lanes(array(a.value - b.value));
  }
  RADLADS_INLINE friend lanes operator*(const lanes& a, const lanes& b) {
    return lanes(array(a.value * b.value));
  }
  RADLADS_INLINE friend lanes operator/(const lanes& a, const lanes& b) {
    return lanes(array(a.value / b.value));
  }
  RADLADS_INLINE friend lanes operator+(const lanes& a, T b) { return lanes(array(a.value + b)); }
  RADLADS_INLINE friend lanes operator-(const lanes& a, T b) { return lanes(array(a.value - b)); }
  RADLADS_INLINE friend lanes operator*(const lanes& a, T b) { return lanes(array(a.value * b)); }
  RADLADS_INLINE friend lanes operator/(const lanes& a, T b) { return lanes(array(a.value / b)); }
  RADLADS_INLINE friend lanes operator+(T a, const lanes& b) { return lanes(array(a + b.value)); }
  RADLADS_INLINE friend lanes operator-(T a, const lanes& b) { return lanes(array(a - b.value)); }
  RADLADS_INLINE friend lanes operator*(T a, const lanes& b) { return lanes(array(a * b.value)); }
  RADLADS_INLINE friend lanes operator/(T a, const lanes& b) { return lanes(array(a / b.value)); }
  RADLADS_INLINE friend lanes operator-(const lanes& a) { return lanes(array(-a.value)); }
  RADLADS_INLINE lanes& operator+=(const lanes& b) {
    value += b.value;
    return *this;
  }
  RADLADS_INLINE lanes& operator-=(const lanes& b) {
    value -= b.value;
    return *this;
  }
  RADLADS_INLINE lanes& operator*=(const lanes& b) {
    value *= b.value;
    return *this;
  }

  RADLADS_INLINE friend lanes exp(const lanes& x) { return lanes(array(x.value.exp())); }
  RADLADS_INLINE friend lanes log(const lanes& x) { return lanes(array(x.value.log())); }
  RADLADS_INLINE friend lanes sqrt(const lanes& x) { return lanes(array(x.value.sqrt())); }
  RADLADS_INLINE friend lanes tanh(const lanes& x) { return lanes(array(x.value.tanh())); }
  /// a where the real part of x is at least that of bound, else b.
  RADLADS_INLINE friend lanes select_at_least(const lanes& x, T bound, const lanes& a,
                                              const lanes& b) {
    lanes result;
    for (int i = 0; i < W; ++i) {
      result.value[i] = real_of(x.value[i]) >= real_of(bound) ? a.value[i] : b.value[i];
    }
    return result;
  }
};

}  // namespace radlads
