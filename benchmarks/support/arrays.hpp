// SPDX-License-Identifier: Apache-2.0
#pragma once
// Arrays of a benchmark: seeded values, Eigen's view of them, and the difference that keeps a wrong
// result from being timed.

#include "radlads/core/random.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"

#include <Eigen/Core>
#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace radlads::bench {

template <int Rank>
using floats = tensor<float, Rank, cpu_backend>;
using ids = tensor<std::int32_t, 1, cpu_backend>;

using matrix = Eigen::Map<Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using const_matrix =
    Eigen::Map<const Eigen::Matrix<float, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>>;
using array = Eigen::Map<Eigen::ArrayXf>;
using const_array = Eigen::Map<const Eigen::ArrayXf>;

/// Uniform numbers within `reach` of `centre`; the seed names the stream.
template <int Rank>
floats<Rank> random_floats(cpu_backend& b, const shape<Rank>& sizes, std::uint64_t seed,
                           float reach = 1, float centre = 0) {
  floats<Rank> result(b, sizes);
  const random_stream source{seed, 0};
  for (std::int64_t i = 0; i < result.size(); ++i) {
    const auto unit = static_cast<float>(source.uniform(static_cast<std::uint64_t>(i)));
    result.data()[i] = centre + reach * (2 * unit - 1);
  }
  return result;
}

template <int Rank>
floats<Rank> zeros(cpu_backend& b, const shape<Rank>& sizes) {
  floats<Rank> result(b, sizes);
  std::fill_n(result.data(), result.size(), 0.0f);
  return result;
}

/// Token numbers below `limit`.
inline ids random_ids(cpu_backend& b, std::int64_t count, std::int64_t limit, std::uint64_t seed) {
  ids result(b, {count});
  const random_stream source{seed, 0};
  for (std::int64_t i = 0; i < count; ++i) {
    const double unit = source.uniform(static_cast<std::uint64_t>(i));
    result.data()[i] = static_cast<std::int32_t>(unit * static_cast<double>(limit));
  }
  return result;
}

/// ||found - expected|| / ||expected||.
template <int Rank>
double difference(const floats<Rank>& found, const floats<Rank>& expected) {
  double error = 0, size = 0;
  for (std::int64_t i = 0; i < expected.size(); ++i) {
    const double want = double{expected.data()[i]}, gap = double{found.data()[i]} - want;
    error += gap * gap;
    size += want * want;
  }
  return std::sqrt(error / std::max(size, 1e-300));
}

/// Whether the case may be timed. NaN fails.
inline bool agrees(benchmark::State& state, double error, double tolerance = 1e-5) {
  if (error <= tolerance) return true;
  state.SkipWithError("disagrees with the plain reference");
  return false;
}

}  // namespace radlads::bench
