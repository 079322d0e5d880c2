// SPDX-License-Identifier: Apache-2.0
// Copies of grouped heads, and the sum of their gradients, in turns with a copy of as many bytes
// and with plain loops.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/repeat_heads.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct groups {
  std::int64_t rows, few, many, width;
  cpu_backend b;
  floats<3> narrow, wide, other_narrow, other_wide;

  explicit groups(const benchmark::State& state)
      : rows(state.range(0)),
        few(state.range(1)),
        many(state.range(2)),
        width(state.range(3)),
        b({.threads = static_cast<int>(state.range(4))}) {
    narrow = random_floats<3>(b, {rows, few, width}, 1);
    wide = random_floats<3>(b, {rows, many, width}, 2);
    other_narrow = zeros<3>(b, narrow.sizes());
    other_wide = zeros<3>(b, wide.sizes());
  }
  double bytes() const { return 4.0 * static_cast<double>(narrow.size() + wide.size()); }

  void forward() { ops::repeat_heads_forward<float>(b, narrow, wide); }
  void backward() { ops::repeat_heads_backward<float>(b, wide, narrow); }

  void plain_forward() {
    b.parallel_for(rows * many, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t head = begin; head < end; ++head) {
        const float* const from = narrow.data() + head / (many / few) * width;
        for (std::int64_t i = 0; i < width; ++i) other_wide.data()[head * width + i] = from[i];
      }
    });
  }
  void plain_backward() {
    const std::int64_t copies = many / few;
    b.parallel_for(rows * few, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t head = begin; head < end; ++head) {
        float* const to = other_narrow.data() + head * width;
        for (std::int64_t i = 0; i < width; ++i) to[i] = 0;
        for (std::int64_t copy = 0; copy < copies; ++copy) {
          const float* const from = wide.data() + (head * copies + copy) * width;
          for (std::int64_t i = 0; i < width; ++i) to[i] += from[i];
        }
      }
    });
  }
};

void repeat_heads_forward(benchmark::State& state) {
  groups c(state);
  c.forward();
  c.plain_forward();
  if (!agrees(state, difference(c.wide, c.other_wide), 0)) return;
  report_bandwidth(
      state, c.b, c.bytes(), [&] { c.forward(); }, [&] { c.plain_forward(); });
}

void repeat_heads_backward(benchmark::State& state) {
  groups c(state);
  c.backward();
  c.plain_backward();
  if (!agrees(state, difference(c.narrow, c.other_narrow))) return;
  report_bandwidth(
      state, c.b, c.bytes(), [&] { c.backward(); }, [&] { c.plain_backward(); });
}

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "Hkv", "H", "K"}, {{2048, 4, 8, 8}, {16384, 4, 8, 8}, {4096, 2, 14, 64}});
}

BENCHMARK(repeat_heads_forward)->Apply(sizes);
BENCHMARK(repeat_heads_backward)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
