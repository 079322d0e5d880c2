// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers into tensors and back, and the loss of a gradient test.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "support/error_of.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::test {

/// A tensor with the given numbers, cast to T; `first` says where they begin.
template <class T, int Rank, class Number>
tensor<T, Rank, cpu_backend> filled(cpu_backend& backend, const shape<Rank>& sizes,
                                    const std::vector<Number>& numbers, std::int64_t first = 0) {
  tensor<T, Rank, cpu_backend> result(backend, sizes);
  for (std::int64_t i = 0; i < result.size(); ++i) {
    result.data()[i] = static_cast<T>(numbers.at(static_cast<std::size_t>(first + i)));
  }
  return result;
}

template <class T, int Rank>
std::vector<T> values_of(const tensor<T, Rank, cpu_backend>& from) {
  return {from.data(), from.data() + from.size()};
}

/// sum_i weights[i] y[i]: the loss whose gradient with respect to y is `weights`.
template <class T, int Rank>
T weighted_sum(const std::vector<double>& weights, const tensor<T, Rank, cpu_backend>& y) {
  T total(0);
  for (std::int64_t i = 0; i < y.size(); ++i) {
    total += T(weights.at(static_cast<std::size_t>(i))) * y.data()[i];
  }
  return total;
}

/// One list after another.
inline std::vector<double> joined(const std::vector<std::vector<double>>& lists) {
  std::vector<double> all;
  for (const std::vector<double>& each : lists) all.insert(all.end(), each.begin(), each.end());
  return all;
}

}  // namespace radlads::test
