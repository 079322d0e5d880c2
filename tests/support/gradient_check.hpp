// SPDX-License-Identifier: Apache-2.0
#pragma once
// Derivatives to compare hand-written gradients with: by complex step where a function is
// holomorphic, by central differences where it is not. And seeded numbers to feed them.

#include "radlads/core/random.hpp"

#include <cmath>
#include <complex>
#include <cstdint>
#include <vector>

namespace radlads::test {

using complex = std::complex<double>;

/// Standard normal numbers times `scale`; the seed names the stream.
inline std::vector<double> random_values(std::int64_t count, std::uint64_t seed, double scale = 1) {
  const random_stream source{seed, 0};
  std::vector<double> values(static_cast<std::size_t>(count));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = scale * source.normal(i);
  return values;
}

/// df/dx_i for every i by f(x + i h e_i).imag() / h with h = 1e-50: exact to rounding. `f` takes a
/// vector of complex numbers and returns a complex number.
template <class F>
std::vector<double> complex_step(F&& f, const std::vector<double>& x) {
  constexpr double h = 1e-50;
  std::vector<complex> point(x.begin(), x.end());
  std::vector<double> gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    point[i] = complex(x[i], h);
    gradient[i] = complex(f(point)).imag() / h;
    point[i] = x[i];
  }
  return gradient;
}

/// df/dx_i by (f(x + h) - f(x - h)) / 2h; `f` takes a vector of double and returns a double.
template <class F>
std::vector<double> central_difference(F&& f, const std::vector<double>& x, double h = 1e-5) {
  std::vector<double> point = x;
  std::vector<double> gradient(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) {
    point[i] = x[i] + h;
    const double above = f(point);
    point[i] = x[i] - h;
    const double below = f(point);
    gradient[i] = (above - below) / (2 * h);
    point[i] = x[i];
  }
  return gradient;
}

/// ||found - expected|| / ||expected||, in the Euclidean norm; infinite on NaN or other sizes.
template <class Found, class Expected>
double relative_error(const Found& found, const Expected& expected) {
  if (std::size(found) != std::size(expected)) return INFINITY;
  double difference = 0, size = 0;
  auto e = std::begin(expected);
  for (const auto& f : found) {
    const double want = static_cast<double>(*e++);
    difference += (static_cast<double>(f) - want) * (static_cast<double>(f) - want);
    size += want * want;
  }
  const double error = std::sqrt(difference) / std::max(std::sqrt(size), 1e-300);
  return std::isnan(error) ? INFINITY : error;
}

}  // namespace radlads::test
