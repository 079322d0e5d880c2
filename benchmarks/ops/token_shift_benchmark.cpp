// SPDX-License-Identifier: Apache-2.0
// Difference to the previous token, forward and backward, in turns with a copy of as many bytes and
// with plain loops.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/token_shift.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

/// The neighbour, which is zero outside the sequence, minus the token: the one before forward, the
/// one behind backward.
void plain_shift(cpu_backend& b, const floats<3>& x, floats<3>& y, bool is_backward) {
  const std::int64_t tokens = x.extent(1), width = x.extent(2);
  b.parallel_for(x.extent(0) * tokens, 64, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t row = begin; row < end; ++row) {
      const std::int64_t t = row % tokens, step = is_backward ? 1 : -1;
      const bool is_edge = t + step < 0 || t + step == tokens;
      for (std::int64_t i = row * width; i < (row + 1) * width; ++i) {
        y.data()[i] = (is_edge ? 0.0f : x.data()[i + step * width]) - x.data()[i];
      }
    }
  });
}

void compare(benchmark::State& state, bool is_backward) {
  cpu_backend b({.threads = static_cast<int>(state.range(3))});
  const shape<3> sizes{state.range(0), state.range(1), state.range(2)};
  const floats<3> x = random_floats<3>(b, sizes, 1);
  floats<3> y = zeros<3>(b, sizes), other = zeros<3>(b, sizes);
  const auto ours = [&] {
    if (is_backward) {
      ops::token_shift_backward<float>(b, x, y);
    } else {
      ops::token_shift_forward<float>(b, x, {}, y, {});
    }
  };
  const auto plain = [&] { plain_shift(b, x, other, is_backward); };
  ours();
  plain();
  if (!agrees(state, difference(y, other))) return;
  report_bandwidth(state, b, 8.0 * static_cast<double>(x.size()), ours, plain);
}

void token_shift_forward(benchmark::State& state) { compare(state, false); }
void token_shift_backward(benchmark::State& state) { compare(state, true); }

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"B", "T", "C"}, {{4, 512, 64}, {32, 512, 64}, {8, 512, 896}});
}

BENCHMARK(token_shift_forward)->Apply(sizes);
BENCHMARK(token_shift_backward)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
