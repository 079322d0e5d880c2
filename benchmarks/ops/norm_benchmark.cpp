// SPDX-License-Identifier: Apache-2.0
// Root mean square norm of rows and group norm of heads, forward and backward, in turns with a copy
// of as many bytes and with plain loops. A forward reads x and writes y; a backward reads x and dy
// and writes dx.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/norm.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

constexpr double epsilon = 1e-5;

/// Heads of one row are normalised each on its own; for the root mean square there is one head.
struct rows_case {
  std::int64_t rows, heads, width;
  cpu_backend b;
  floats<3> x, dy, y, dx, other_y, other_dx;
  floats<2> mean, inverse;
  floats<1> weight, bias, dweight, dbias, other_dweight, other_dbias;

  explicit rows_case(const benchmark::State& state)
      : rows(state.range(0)),
        heads(state.range(1)),
        width(state.range(2)),
        b({.threads = static_cast<int>(state.range(3))}) {
    x = random_floats<3>(b, {rows, heads, width}, 1);
    dy = random_floats<3>(b, {rows, heads, width}, 2);
    for (auto* each : {&y, &dx, &other_y, &other_dx}) *each = zeros<3>(b, x.sizes());
    mean = zeros<2>(b, {rows, heads});
    inverse = zeros<2>(b, {rows, heads});
    weight = random_floats<1>(b, {heads * width}, 3);
    bias = random_floats<1>(b, {heads * width}, 4);
    for (auto* each : {&dweight, &dbias, &other_dweight, &other_dbias}) {
      *each = zeros<1>(b, {heads * width});
    }
  }

  double bytes(int passes) const { return 4.0 * passes * static_cast<double>(x.size()); }
  shape<2> flat() const { return {rows, heads * width}; }

  void rms_forward() {
    ops::rms_norm_forward<float>(b, epsilon, weight, reshape<2>(x.read(), flat()),
                                 reshape<2>(y.whole(), flat()), inverse.flat());
  }
  void rms_backward() {
    ops::rms_norm_backward<float>(b, weight, reshape<2>(x.read(), flat()), inverse.flat(),
                                  reshape<2>(dy.read(), flat()), reshape<2>(dx.whole(), flat()),
                                  dweight);
  }
  void group_forward() {
    ops::group_norm_forward<float>(b, epsilon, weight, bias, x, y, mean, inverse);
  }
  void group_backward() {
    ops::group_norm_backward<float>(b, weight, x, mean, inverse, dy, dx, dweight, dbias);
  }

  template <class F>
  void each_head(F&& f) {
    b.parallel_for(rows * heads, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) f(i, (i % heads) * width);
    });
  }
  const float* at(const floats<3>& t, std::int64_t head) const { return t.data() + head * width; }
  float* at(floats<3>& t, std::int64_t head) const { return t.data() + head * width; }

  void plain_forward(bool has_mean) {
    each_head([&](std::int64_t head, std::int64_t channel) {
      const float* const from = at(x, head);
      float* const to = at(other_y, head);
      float sum = 0, squares = 0;
      for (std::int64_t i = 0; i < width; ++i) sum += from[i];
      const float centre = has_mean ? sum / static_cast<float>(width) : 0;
      for (std::int64_t i = 0; i < width; ++i) squares += (from[i] - centre) * (from[i] - centre);
      const float factor =
          1 / std::sqrt(squares / static_cast<float>(width) + static_cast<float>(epsilon));
      for (std::int64_t i = 0; i < width; ++i) {
        to[i] = (from[i] - centre) * factor * weight.data()[channel + i];
        if (has_mean) to[i] += bias.data()[channel + i];
      }
    });
  }

  /// With the statistics of the forward call; weight gradients in one thread, as shared sums are.
  void plain_backward(bool has_mean) {
    each_head([&](std::int64_t head, std::int64_t channel) {
      const float *const from = at(x, head), *const d = at(dy, head);
      const float centre = has_mean ? mean.data()[head] : 0, factor = inverse.data()[head];
      float* const to = at(other_dx, head);
      float along = 0, sum = 0;
      for (std::int64_t i = 0; i < width; ++i) {
        to[i] = d[i] * weight.data()[channel + i];
        along += to[i] * (from[i] - centre) * factor;
        sum += to[i];
      }
      along /= static_cast<float>(width);
      const float shift = has_mean ? sum / static_cast<float>(width) : 0;
      for (std::int64_t i = 0; i < width; ++i) {
        to[i] = (to[i] - shift - (from[i] - centre) * factor * along) * factor;
      }
    });
    for (std::int64_t head = 0; head < rows * heads; ++head) {
      const float *const from = at(x, head), *const d = at(dy, head);
      const float centre = has_mean ? mean.data()[head] : 0, factor = inverse.data()[head];
      float* const total = other_dweight.data() + (head % heads) * width;
      float* const total_bias = other_dbias.data() + (head % heads) * width;
      for (std::int64_t i = 0; i < width; ++i) total[i] += d[i] * (from[i] - centre) * factor;
      for (std::int64_t i = 0; has_mean && i < width; ++i) total_bias[i] += d[i];
    }
  }
};

template <void (rows_case::*Forward)(), bool HasMean>
void forward(benchmark::State& state) {
  rows_case c(state);
  (c.*Forward)();
  c.plain_forward(HasMean);
  if (!agrees(state, difference(c.y, c.other_y))) return;
  report_bandwidth(
      state, c.b, c.bytes(2), [&] { (c.*Forward)(); }, [&] { c.plain_forward(HasMean); });
}

template <void (rows_case::*Forward)(), void (rows_case::*Backward)(), bool HasMean>
void backward(benchmark::State& state) {
  rows_case c(state);
  (c.*Forward)();
  (c.*Backward)();
  c.plain_backward(HasMean);
  if (!agrees(state, difference(c.dx, c.other_dx))) return;
  if (!agrees(state, difference(c.dweight, c.other_dweight), 1e-4)) return;
  if (HasMean && !agrees(state, difference(c.dbias, c.other_dbias), 1e-4)) return;
  report_bandwidth(
      state, c.b, c.bytes(3), [&] { (c.*Backward)(); }, [&] { c.plain_backward(HasMean); });
}

void rms_norm_forward(benchmark::State& state) { forward<&rows_case::rms_forward, false>(state); }
void rms_norm_backward(benchmark::State& state) {
  backward<&rows_case::rms_forward, &rows_case::rms_backward, false>(state);
}
void group_norm_forward(benchmark::State& state) {
  forward<&rows_case::group_forward, true>(state);
}
void group_norm_backward(benchmark::State& state) {
  backward<&rows_case::group_forward, &rows_case::group_backward, true>(state);
}

void row_sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "H", "K"}, {{2048, 1, 64}, {16384, 1, 64}, {4096, 1, 896}});
}
void head_sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "H", "K"}, {{2048, 8, 8}, {16384, 8, 8}, {4096, 14, 64}});
}

BENCHMARK(rms_norm_forward)->Apply(row_sizes);
BENCHMARK(rms_norm_backward)->Apply(row_sizes);
BENCHMARK(group_norm_forward)->Apply(head_sizes);
BENCHMARK(group_norm_backward)->Apply(head_sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
