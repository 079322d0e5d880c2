// SPDX-License-Identifier: Apache-2.0
// Attention, forward and backward, float, one thread: the small teacher (T 512, heads of 8), heads
// of 64, and decoding. Counts 4 N floating-point operations for each visible query-key pair forward
// and 10 N backward; exponentials are not counted. A case runs only if rows of its output agree
// with the definition in double.

#include "radlads/core/random.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/attention.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using namespace radlads;

struct problem {
  std::int64_t batches, times, keys, heads, kv_heads, width;
  cpu_backend backend{cpu_options{.threads = 1}};
  tensor<float, 4, cpu_backend> q, k, v, y, dy, dq, dk, dv;
  tensor<float, 3, cpu_backend> log_sum;

  explicit problem(const benchmark::State& state)
      : batches(state.range(0)),
        times(state.range(1)),
        keys(state.range(2)),
        heads(state.range(3)),
        kv_heads(state.range(4)),
        width(state.range(5)) {
    for (auto* each : {&q, &y, &dy, &dq}) each->resize(backend, {batches, times, heads, width});
    for (auto* each : {&k, &v, &dk, &dv}) each->resize(backend, {batches, keys, kv_heads, width});
    log_sum.resize(backend, {batches, heads, times});
    std::uint64_t stream = 0;
    for (auto* each : {&q, &k, &v, &dy}) {
      const random_stream source{1, stream++};
      for (std::int64_t i = 0; i < each->size(); ++i) {
        each->data()[i] = static_cast<float>(source.normal(static_cast<std::uint64_t>(i)));
      }
    }
  }

  float scale() const { return 1 / std::sqrt(static_cast<float>(width)); }
  double pairs() const {
    const auto t = static_cast<double>(times), s = static_cast<double>(keys);
    return static_cast<double>(batches * heads) * t * (s - (t - 1) / 2);
  }
  void forward() { ops::attention_forward<float>(backend, scale(), q, k, v, y, log_sum); }
  void backward() {
    ops::attention_backward<float>(backend, scale(), q, k, v, y, log_sum, dy, dq, dk, dv);
  }

  /// Largest difference of the first, a middle and the last row of a head from the definition.
  double forward_error() {
    double worst = 0;
    for (const std::int64_t t : {std::int64_t{0}, times / 2, times - 1}) {
      const std::int64_t b = batches - 1, h = heads - 1, seen = keys - times + t + 1;
      std::vector<double> expected(static_cast<std::size_t>(width));
      double total = 0;
      for (std::int64_t s = 0; s < seen; ++s) {
        double score = 0;
        for (std::int64_t n = 0; n < width; ++n) {
          score += double{q.whole()(b, t, h, n)} * double{k.whole()(b, s, kv_heads - 1, n)};
        }
        const double weight = std::exp(score * double{scale()});
        total += weight;
        for (std::int64_t n = 0; n < width; ++n) {
          expected[static_cast<std::size_t>(n)] +=
              weight * double{v.whole()(b, s, kv_heads - 1, n)};
        }
      }
      for (std::int64_t n = 0; n < width; ++n) {
        const double found = double{y.whole()(b, t, h, n)};
        worst = std::max(worst, std::abs(found - expected[static_cast<std::size_t>(n)] / total));
      }
    }
    return worst;
  }

  /// Backward and forward are adjoint along dq: sum dq.q equals the derivative in the scale, and so
  /// does sum dk.k, since scores depend on scale, q and k only through their product.
  double backward_error() const {
    double by_query = 0, by_key = 0, value = 0, output = 0;
    for (std::int64_t i = 0; i < q.size(); ++i) {
      by_query += double{dq.data()[i]} * double{q.data()[i]};
      output += double{dy.data()[i]} * double{y.data()[i]};
    }
    for (std::int64_t i = 0; i < k.size(); ++i) {
      by_key += double{dk.data()[i]} * double{k.data()[i]};
      value += double{dv.data()[i]} * double{v.data()[i]};
    }
    return std::abs(by_query - by_key) / (1 + std::abs(by_key)) +
           std::abs(value - output) / (1 + std::abs(output));
  }
};

void report(benchmark::State& state, const problem& p, double operations_per_pair) {
  using benchmark::Counter;
  constexpr auto rate = Counter::kIsIterationInvariantRate;
  state.counters["FLOP"] = Counter(operations_per_pair * p.pairs(), rate);
  state.counters["time/token"] =
      Counter(static_cast<double>(p.batches * p.times), rate | Counter::kInvert);
}

void attention_forward(benchmark::State& state) {
  problem p(state);
  p.forward();
  if (!(p.forward_error() < 1e-4)) return state.SkipWithError("disagrees with the definition");
  for (auto _ : state) p.forward();
  report(state, p, 4 * static_cast<double>(p.width));
}

void attention_backward(benchmark::State& state) {
  problem p(state);
  p.forward();
  p.backward();
  if (!(p.forward_error() < 1e-4)) return state.SkipWithError("disagrees with the definition");
  if (!(p.backward_error() < 1e-3)) return state.SkipWithError("gradients break an identity");
  for (auto _ : state) p.backward();
  report(state, p, 10 * static_cast<double>(p.width));
}

void training_shapes(benchmark::internal::Benchmark* each) {
  each->ArgNames({"B", "T", "S", "H", "Hkv", "N"})->Unit(benchmark::kMillisecond);
  each->Args({4, 512, 512, 8, 4, 8})->Args({32, 512, 512, 8, 4, 8})->Args({1, 512, 512, 14, 2, 64});
}
void decoding_shapes(benchmark::internal::Benchmark* each) {
  each->Args({1, 1, 512, 8, 4, 8})->Args({1, 1, 4096, 8, 4, 8})->Args({1, 1, 4096, 14, 2, 64});
}

BENCHMARK(attention_forward)->Apply(training_shapes)->Apply(decoding_shapes);
BENCHMARK(attention_backward)->Apply(training_shapes);

}  // namespace
