// SPDX-License-Identifier: Apache-2.0
// Unit vectors, one a head, forward and backward, in turns with a copy of as many bytes and with
// plain loops.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/normalize.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct heads_case {
  std::int64_t count, width;  // heads of all rows together
  cpu_backend b;
  floats<3> x, dy, y, dx, other_y, other_dx;
  floats<2> inverse;

  explicit heads_case(const benchmark::State& state)
      : count(state.range(0) * state.range(1)),
        width(state.range(2)),
        b({.threads = static_cast<int>(state.range(3))}) {
    const shape<3> sizes{state.range(0), state.range(1), width};
    x = random_floats<3>(b, sizes, 1);
    dy = random_floats<3>(b, sizes, 2);
    for (auto* each : {&y, &dx, &other_y, &other_dx}) *each = zeros<3>(b, sizes);
    inverse = zeros<2>(b, {sizes[0], sizes[1]});
  }
  double bytes(int passes) const { return 4.0 * passes * static_cast<double>(x.size()); }

  void forward() { ops::normalize_forward<float>(b, 0, x, y, inverse); }
  void backward() { ops::normalize_backward<float>(b, y, inverse, dy, dx); }

  void plain_forward() {
    b.parallel_for(count, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t head = begin; head < end; ++head) {
        const float* const from = x.data() + head * width;
        float squares = 0;
        for (std::int64_t i = 0; i < width; ++i) squares += from[i] * from[i];
        const float factor = 1 / std::sqrt(squares);
        for (std::int64_t i = 0; i < width; ++i)
          other_y.data()[head * width + i] = from[i] * factor;
      }
    });
  }
  void plain_backward() {
    b.parallel_for(count, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t head = begin; head < end; ++head) {
        const float *const unit_vector = y.data() + head * width, *const d =
                                                                      dy.data() + head * width;
        float along = 0;
        for (std::int64_t i = 0; i < width; ++i) along += unit_vector[i] * d[i];
        for (std::int64_t i = 0; i < width; ++i) {
          other_dx.data()[head * width + i] =
              (d[i] - unit_vector[i] * along) * inverse.data()[head];
        }
      }
    });
  }
};

void normalize_forward(benchmark::State& state) {
  heads_case c(state);
  c.forward();
  c.plain_forward();
  if (!agrees(state, difference(c.y, c.other_y))) return;
  report_bandwidth(
      state, c.b, c.bytes(2), [&] { c.forward(); }, [&] { c.plain_forward(); });
}

void normalize_backward(benchmark::State& state) {
  heads_case c(state);
  c.forward();
  c.backward();
  c.plain_backward();
  if (!agrees(state, difference(c.dx, c.other_dx))) return;
  report_bandwidth(
      state, c.b, c.bytes(3), [&] { c.backward(); }, [&] { c.plain_backward(); });
}

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "H", "K"}, {{2048, 8, 8}, {16384, 8, 8}, {4096, 14, 64}});
}

BENCHMARK(normalize_forward)->Apply(sizes);
BENCHMARK(normalize_backward)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
