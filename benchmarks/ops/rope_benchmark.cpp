// SPDX-License-Identifier: Apache-2.0
// Rotary position, in turns with a copy of as many bytes and with plain loops that take sine and
// cosine once for each token and pair of a head.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/rope.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

constexpr double base = 1e4;

void plain_rope(cpu_backend& b, const floats<4>& x, floats<4>& y) {
  const std::int64_t batch = x.extent(0), tokens = x.extent(1), heads = x.extent(2);
  const std::int64_t half = x.extent(3) / 2;
  b.parallel_for(tokens, 1, [&](std::int64_t begin, std::int64_t end, int) {
    for (std::int64_t t = begin; t < end; ++t) {
      for (std::int64_t i = 0; i < half; ++i) {
        const double exponent = -static_cast<double>(i) / static_cast<double>(half);
        const double angle = static_cast<double>(t) * std::pow(base, exponent);
        const auto c = static_cast<float>(std::cos(angle)), s = static_cast<float>(std::sin(angle));
        for (std::int64_t row = 0; row < batch; ++row) {
          for (std::int64_t h = 0; h < heads; ++h) {
            const std::int64_t at = ((row * tokens + t) * heads + h) * 2 * half + i;
            const float lower = x.data()[at], upper = x.data()[at + half];
            y.data()[at] = lower * c - upper * s;
            y.data()[at + half] = upper * c + lower * s;
          }
        }
      }
    }
  });
}

void rope(benchmark::State& state) {
  cpu_backend b({.threads = static_cast<int>(state.range(4))});
  const shape<4> sizes{state.range(0), state.range(1), state.range(2), state.range(3)};
  const floats<4> x = random_floats<4>(b, sizes, 1);
  floats<4> y = zeros<4>(b, sizes), other = zeros<4>(b, sizes);
  const auto ours = [&] { ops::rope<float>(b, base, 0, 1, x, y); };
  const auto plain = [&] { plain_rope(b, x, other); };
  ours();
  plain();
  if (!agrees(state, difference(y, other))) return;
  report_bandwidth(state, b, 8.0 * static_cast<double>(x.size()), ours, plain);
}

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"B", "T", "H", "K"},
            {{4, 512, 4, 8}, {4, 512, 8, 8}, {32, 512, 8, 8}, {8, 512, 14, 64}});
}

BENCHMARK(rope)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
