// SPDX-License-Identifier: Apache-2.0
// Hidden-state alignment, loss and gradient, in turns with a copy of as many bytes and with Eigen's
// expressions, row by row on the same threads. Reads y and target, writes dy.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/squared_error.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

void compare(benchmark::State& state, bool is_squared) {
  cpu_backend b({.threads = static_cast<int>(state.range(2))});
  const std::int64_t rows = state.range(0), width = state.range(1);
  const floats<2> y = random_floats<2>(b, {rows, width}, 1);
  const floats<2> target = random_floats<2>(b, {rows, width}, 2);
  floats<1> losses = zeros<1>(b, {rows}), other_losses = zeros<1>(b, {rows});
  floats<2> dy = zeros<2>(b, {rows, width}), other_dy = zeros<2>(b, {rows, width});
  constexpr float scale = 0.25f;
  const auto ours = [&] {
    if (is_squared) {
      ops::alignment_mse<float>(b, scale, y, target, losses, dy);
    } else {
      ops::alignment_l2<float>(b, scale, y, target, losses, dy);
    }
  };
  const auto plain = [&] {
    b.parallel_for(rows, 32, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t n = begin; n < end; ++n) {
        const const_array found(y.data() + n * width, width);
        const const_array wanted(target.data() + n * width, width);
        array gradient(other_dy.data() + n * width, width);
        gradient = found - wanted;
        const float squares = gradient.square().sum();
        const float norm = std::sqrt(squares);
        other_losses.data()[n] = scale * (is_squared ? squares : norm);
        gradient *= is_squared ? 2 * scale : scale / norm;
      }
    });
  };
  ours();
  plain();
  if (!agrees(state, difference(losses, other_losses))) return;
  if (!agrees(state, difference(dy, other_dy))) return;
  report_bandwidth(state, b, 12.0 * static_cast<double>(y.size()), ours, plain);
}

void alignment_l2(benchmark::State& state) { compare(state, false); }
void alignment_mse(benchmark::State& state) { compare(state, true); }

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "C"}, {{2048, 64}, {16384, 64}, {4096, 896}});
}

BENCHMARK(alignment_l2)->Apply(sizes);
BENCHMARK(alignment_mse)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
