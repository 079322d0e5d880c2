// SPDX-License-Identifier: Apache-2.0
#pragma once
// One recurrence over one batch of sequences: seeded data in any scalar, run by the library or by
// the references. Shared by tests and the benchmark.

#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "radlads/recurrence/scan.hpp"
#include "support/gradient_check.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <vector>

namespace radlads::test {

struct scan_sizes {
  std::int64_t B, T, H, K, V;
  std::int64_t tokens() const { return B * T * H; }
  std::int64_t values() const { return B * T * H * V; }
  std::int64_t states() const { return B * H * K * V; }
};

/// Everything a scan reads, dense: inputs (B, T, H, K or 1) with the decay as its logarithm, v (B,
/// T, H, V), the initial state (B, H, K, V), and the weights of the scalar loss sum(y * dy) +
/// sum(final * dfinal).
template <class Cell, class S>
struct scan_data {
  scan_sizes sizes;
  std::array<std::vector<S>, Cell::inputs> inputs;
  std::vector<S> v, initial, dy, dfinal;
};

template <class S>
struct scan_outputs {
  std::vector<S> y, final_state;
};

template <class Cell, class S>
struct scan_gradients {
  std::array<std::vector<S>, Cell::inputs> inputs;
  std::vector<S> v, initial;
};

/// Random data with decays between exp(-0.6) and 1, and a rank-one term that keeps states bounded.
template <class Cell>
scan_data<Cell, double> make_case(const scan_sizes& sizes, std::uint64_t seed) {
  scan_data<Cell, double> data{sizes, {}, {}, {}, {}, {}};
  const double scale = 0.7 / std::sqrt(static_cast<double>(sizes.K));
  for (int input = 0; input < Cell::inputs; ++input) {
    const bool is_rate = input >= recurrence::vector_inputs<Cell>();
    const double spread = input == Cell::decay || input == 0 || is_rate ? 1 : scale;
    auto& values = data.inputs[static_cast<std::size_t>(input)];
    values = random_values(sizes.tokens() * recurrence::input_width<Cell>(input, sizes.K),
                           seed + static_cast<std::uint64_t>(input), spread);
    if (input != Cell::decay && !is_rate) continue;
    for (double& value : values) value = (input == Cell::decay ? -0.6 : 1) / (1 + std::exp(-value));
  }
  data.v = random_values(sizes.values(), seed + 100);
  data.initial = random_values(sizes.states(), seed + 101);
  data.dy = random_values(sizes.values(), seed + 102);
  data.dfinal = random_values(sizes.states(), seed + 103);
  return data;
}

template <class To, class From>
std::vector<To> convert(const std::vector<From>& from) {
  std::vector<To> to;
  to.reserve(from.size());
  for (const From& each : from) to.push_back(static_cast<To>(each));
  return to;
}

template <class To, class Cell, class From>
scan_data<Cell, To> convert(const scan_data<Cell, From>& from) {
  scan_data<Cell, To> to{from.sizes,           {},
                         convert<To>(from.v),  convert<To>(from.initial),
                         convert<To>(from.dy), convert<To>(from.dfinal)};
  for (std::size_t i = 0; i < from.inputs.size(); ++i) to.inputs[i] = convert<To>(from.inputs[i]);
  return to;
}

/// All that a gradient is taken with respect to, one after the other: inputs, v, initial state.
template <class Holder>
auto flatten(const Holder& from) {
  auto flat = from.inputs[0];
  for (std::size_t i = 1; i < from.inputs.size(); ++i) {
    flat.insert(flat.end(), from.inputs[i].begin(), from.inputs[i].end());
  }
  flat.insert(flat.end(), from.v.begin(), from.v.end());
  flat.insert(flat.end(), from.initial.begin(), from.initial.end());
  return flat;
}

/// The inverse of flatten().
template <class Cell, class S>
void unflatten(const std::vector<S>& flat, scan_data<Cell, S>& to) {
  auto next = flat.begin();
  const auto fill = [&](std::vector<S>& part) {
    for (S& value : part) value = *next++;
  };
  for (auto& input : to.inputs) fill(input);
  fill(to.v);
  fill(to.initial);
}

template <class Cell, class S>
S loss(const scan_data<Cell, S>& data, const scan_outputs<S>& out) {
  S total = 0;
  for (std::size_t i = 0; i < out.y.size(); ++i) total += out.y[i] * data.dy[i];
  for (std::size_t i = 0; i < data.dfinal.size(); ++i) {
    total += out.final_state[i] * data.dfinal[i];
  }
  return total;
}

/// A tensor with these values; `sizes` multiply to their number.
template <class S>
tensor<S, 4, cpu_backend> make_tensor(cpu_backend& b, const shape<4>& sizes,
                                      const std::vector<S>& values) {
  tensor<S, 4, cpu_backend> result(b, sizes);
  std::copy(values.begin(), values.end(), result.data());
  return result;
}

template <class S>
std::vector<S> values_of(const tensor<S, 4, cpu_backend>& from) {
  return std::vector<S>(from.data(), from.data() + from.size());
}

/// The tensors of a case on a backend, and what a scan writes.
template <class Cell, class S>
struct scan_tensors {
  using cube = tensor<S, 4, cpu_backend>;
  std::array<cube, Cell::inputs> inputs, dinputs;
  cube v, y, initial, final_state, checkpoints, dy, dfinal, dv, dinitial;

  scan_tensors(cpu_backend& b, const scan_data<Cell, S>& data) {
    const auto [B, T, H, K, V] = data.sizes;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      const shape<4> sizes{B, T, H, recurrence::input_width<Cell>(static_cast<int>(i), K)};
      inputs[i] = make_tensor(b, sizes, data.inputs[i]);
      dinputs[i].resize(b, sizes);
    }
    v = make_tensor(b, {B, T, H, V}, data.v);
    dy = make_tensor(b, {B, T, H, V}, data.dy);
    initial = make_tensor(b, {B, H, K, V}, data.initial);
    dfinal = make_tensor(b, {B, H, K, V}, data.dfinal);
    y.resize(b, v.sizes());
    dv.resize(b, v.sizes());
    final_state.resize(b, initial.sizes());
    dinitial.resize(b, initial.sizes());
    checkpoints.resize(b, recurrence::checkpoint_shape(B, T, H, K, V));
  }

  auto input_views() const {
    std::array<view<const S, 4>, Cell::inputs> views;
    for (std::size_t i = 0; i < views.size(); ++i) views[i] = inputs[i];
    return views;
  }
  auto dinput_views() {
    std::array<view<S, 4>, Cell::inputs> views;
    for (std::size_t i = 0; i < views.size(); ++i) views[i] = dinputs[i];
    return views;
  }

  void forward(cpu_backend& b) {
    recurrence::scan_forward<Cell, S>(b, input_views(), v, y, initial, final_state, checkpoints);
  }
  void backward(cpu_backend& b) {
    recurrence::scan_backward<Cell, S>(b, input_views(), v, checkpoints, dy, dfinal, dinput_views(),
                                       dv, dinitial);
  }
};

template <class Cell, class S>
scan_outputs<S> run_forward(cpu_backend& b, const scan_data<Cell, S>& data) {
  scan_tensors<Cell, S> on(b, data);
  on.forward(b);
  return {values_of(on.y), values_of(on.final_state)};
}

template <class Cell, class S>
scan_gradients<Cell, S> run_backward(cpu_backend& b, const scan_data<Cell, S>& data) {
  scan_tensors<Cell, S> on(b, data);
  on.forward(b);
  on.backward(b);
  scan_gradients<Cell, S> result;
  for (std::size_t i = 0; i < on.dinputs.size(); ++i) result.inputs[i] = values_of(on.dinputs[i]);
  result.v = values_of(on.dv);
  result.initial = values_of(on.dinitial);
  return result;
}

}  // namespace radlads::test
