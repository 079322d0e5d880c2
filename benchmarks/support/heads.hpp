// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the two losses behind a head share: the shape, naive double logarithms of probabilities to
// check a few rows against, and Eigen's product of the head's size.

#include "arrays.hpp"
#include "turns.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace radlads::bench {

/// Logarithms of softmax(head x_row), in double.
inline std::vector<double> log_probabilities(const floats<2>& head, const floats<2>& x,
                                             std::int64_t row) {
  const std::int64_t V = head.extent(0), C = head.extent(1);
  std::vector<double> result(static_cast<std::size_t>(V));
  for (std::int64_t v = 0; v < V; ++v) {
    double sum = 0;
    for (std::int64_t c = 0; c < C; ++c) {
      sum += double{head.data()[v * C + c]} * double{x.data()[row * C + c]};
    }
    result[static_cast<std::size_t>(v)] = sum;
  }
  const double top = *std::max_element(result.begin(), result.end());
  double total = 0;
  for (const double each : result) total += std::exp(each - top);
  for (double& each : result) each -= top + std::log(total);
  return result;
}

/// Relative error of dx in one row, whose exact value is dlogits head.
inline double gradient_error(const floats<2>& head, const std::vector<double>& dlogits,
                             const floats<2>& dx, std::int64_t row) {
  const std::int64_t C = head.extent(1);
  double error = 0, size = 0;
  for (std::int64_t c = 0; c < C; ++c) {
    double want = 0;
    for (std::size_t v = 0; v < dlogits.size(); ++v) {
      want += dlogits[v] * double{head.data()[static_cast<std::int64_t>(v) * C + c]};
    }
    const double gap = double{dx.data()[row * C + c]} - want;
    error += gap * gap;
    size += want * want;
  }
  return std::sqrt(error / size);
}

/// Eigen's logits = x head^T, split by hand, over all rows at once.
struct head_product {
  cpu_backend& b;
  const floats<2>&head, &x;
  floats<2> logits;

  head_product(cpu_backend& backend, const floats<2>& weight, const floats<2>& input)
      : b(backend), head(weight), x(input), logits(zeros<2>(b, {x.extent(0), head.extent(0)})) {}
  double operations() const {
    return 2.0 * static_cast<double>(x.size()) * static_cast<double>(head.extent(0));
  }
  void operator()() {
    const std::int64_t C = x.extent(1), V = head.extent(0);
    b.parallel_for(x.extent(0), 1, [&](std::int64_t begin, std::int64_t end, int) {
      matrix(logits.data() + begin * V, end - begin, V).noalias() =
          const_matrix(x.data() + begin * C, end - begin, C) *
          const_matrix(head.data(), V, C).transpose();
    });
  }
};

}  // namespace radlads::bench
