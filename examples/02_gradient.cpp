// SPDX-License-Identifier: Apache-2.0
// Takes the gradient of a recurrence by its backward pass, and checks it with the same recurrence
// on complex numbers: f(x + ih).imag() / h is the derivative to the last digit, because nothing
// cancels.

#include "radlads/core/random.hpp"
#include "radlads/rwkv7.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <iostream>

using cpu = radlads::cpu_backend;
using cell = radlads::recurrence::rwkv7;
using radlads::view;

namespace {

constexpr std::int64_t B = 2, T = 20, H = 2, K = 4;
const radlads::shape<4> sizes{B, T, H, K};

/// What the recurrence reads, r, w, k, a, b and v, and what it writes; all (B, T, H, K).
template <class S>
struct sequence {
  using tensor = radlads::tensor<S, 4, cpu>;
  static constexpr std::size_t value = cell::inputs;  // v comes after the cell's own inputs
  std::array<tensor, cell::inputs + 1> inputs;
  tensor y, checkpoints;

  explicit sequence(cpu& b) {
    for (tensor& each : inputs) each.resize(b, sizes);
    y.resize(b, sizes);
    checkpoints.resize(b, radlads::recurrence::checkpoint_shape(B, T, H, K, K));
  }
  std::array<view<const S, 4>, cell::inputs> cell_inputs() const {
    return {inputs[0].read(), inputs[1].read(), inputs[2].read(), inputs[3].read(),
            inputs[4].read()};
  }

  /// Runs the recurrence and returns the sum of its outputs, each with a weight of its own.
  S loss(cpu& b) {
    radlads::recurrence::scan_forward<cell, S>(b, cell_inputs(), inputs[value], y, {}, {},
                                               checkpoints);
    S total(0);
    for (std::int64_t i = 0; i < y.size(); ++i) total += y.data()[i] * weight(i);
    return total;
  }
  static double weight(std::int64_t i) { return std::cos(static_cast<double>(i)); }
};

void fill_with_random_numbers(sequence<double>& x) {
  for (std::size_t input = 0; input < x.inputs.size(); ++input) {
    const radlads::random_stream numbers{7, input};
    for (std::int64_t i = 0; i < x.y.size(); ++i) {
      double& number = x.inputs[input].data()[i];
      number = 0.5 * numbers.normal(static_cast<std::uint64_t>(i));
      // The decay is given as its logarithm, which must not be positive.
      if (input == cell::w) number = radlads::scalar_functions::exp_neg_sigmoid::value(number);
    }
  }
}

}  // namespace

int main() {
  cpu b;
  sequence<double> x(b);
  fill_with_random_numbers(x);
  std::cout << "The loss is " << x.loss(b) << ".\n";

  sequence<double> gradient(b);
  radlads::tensor<double, 4, cpu> dy(b, sizes);
  for (std::int64_t i = 0; i < dy.size(); ++i) dy.data()[i] = x.weight(i);
  const std::array<view<double, 4>, cell::inputs> dinputs{
      gradient.inputs[0].whole(), gradient.inputs[1].whole(), gradient.inputs[2].whole(),
      gradient.inputs[3].whole(), gradient.inputs[4].whole()};
  radlads::recurrence::scan_backward<cell, double>(b, x.cell_inputs(), x.inputs[x.value],
                                                   x.checkpoints, dy, {}, dinputs,
                                                   gradient.inputs[x.value], {});

  constexpr double h = 1e-50;
  sequence<std::complex<double>> moved(b);
  for (std::size_t input = 0; input < x.inputs.size(); ++input) {
    std::copy(x.inputs[input].data(), x.inputs[input].data() + x.y.size(),
              moved.inputs[input].data());
  }
  double error = 0, size = 0;
  for (std::size_t input = 0; input < x.inputs.size(); ++input) {
    for (std::int64_t i = 0; i < x.y.size(); ++i) {
      std::complex<double>& number = moved.inputs[input].data()[i];
      number.imag(h);
      const double derivative = moved.loss(b).imag() / h;
      number.imag(0);
      error += std::pow(gradient.inputs[input].data()[i] - derivative, 2);
      size += derivative * derivative;
    }
  }
  const double relative = std::sqrt(error / size);
  std::cout << "Over " << x.inputs.size() * static_cast<std::size_t>(x.y.size())
            << " derivatives, backward and the complex step differ by " << relative
            << " of their length.\n";
  return relative < 1e-12 ? 0 : 1;
}
