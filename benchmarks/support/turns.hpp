// SPDX-License-Identifier: Apache-2.0
#pragma once
// Timing by turns. A shared machine is not equally quick from minute to minute, so what is to be
// compared runs alternately, and a ratio is the median over rounds of the ratio inside a round.

#include "ceilings.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace radlads::bench {

using samples = std::vector<double>;  // seconds of one call, one entry a round

/// How long to measure. A block repeats a short call until `block` seconds have passed, because the
/// clock itself takes tens of nanoseconds.
struct effort {
  double block = 2e-4;
  double total = 0.3;  ///< seconds, of all contestants together
  int least_rounds = 9;
};

template <class F>
double seconds_of(int threads, F& f, std::int64_t calls) {
  const double start = clock_seconds(threads);
  for (std::int64_t i = 0; i < calls; ++i) f();
  return (clock_seconds(threads) - start) / static_cast<double>(calls);
}

/// Calls that fill a block. The first call warms up.
template <class F>
std::int64_t calls_of(int threads, F& f, double block) {
  f();
  std::int64_t calls = 1;
  while (seconds_of(threads, f, calls) * static_cast<double>(calls) < block) calls *= 2;
  return calls;
}

/// Runs the contestants one after the other, round by round; returns the samples of each.
template <class... F>
std::array<samples, sizeof...(F)> take_turns(int threads, const effort& e, F&&... contestants) {
  const std::array<std::int64_t, sizeof...(F)> calls{calls_of(threads, contestants, e.block)...};
  std::array<samples, sizeof...(F)> result;
  const double start = clock_seconds(threads);
  for (int round = 0; round < e.least_rounds || clock_seconds(threads) - start < e.total; ++round) {
    std::size_t at = 0;
    ((result[at].push_back(seconds_of(threads, contestants, calls[at])), ++at), ...);
  }
  return result;
}

inline double quantile(samples values, double share) {
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1) + 0.5);
  std::nth_element(values.begin(), values.begin() + at, values.end());
  return values[static_cast<std::size_t>(at)];
}
inline double median(samples values) { return quantile(std::move(values), 0.5); }

/// Median over rounds of upper / lower.
inline double median_ratio(const samples& upper, const samples& lower) {
  samples ratios(upper.size());
  for (std::size_t i = 0; i < ratios.size(); ++i) ratios[i] = upper[i] / lower[i];
  return median(std::move(ratios));
}

/// The median as the benchmark's time, and how far the tenth and ninetieth percentile lie apart.
inline void report_time(benchmark::State& state, const samples& ours) {
  state.SetIterationTime(median(ours));
  state.counters["spread"] = (quantile(ours, 0.9) - quantile(ours, 0.1)) / median(ours);
}

/// One case for each row of `list`, its last argument the number of threads: one, and all there
/// are.
inline void add_cases(benchmark::internal::Benchmark* each, std::vector<std::string> names,
                      const std::vector<std::vector<std::int64_t>>& list) {
  names.emplace_back("threads");
  each->ArgNames(names)->Unit(benchmark::kMicrosecond)->UseManualTime()->Iterations(1);
  const auto all = static_cast<std::int64_t>(std::thread::hardware_concurrency());
  for (std::vector<std::int64_t> arguments : list) {
    arguments.push_back(1);
    each->Args(arguments);
    arguments.back() = all;
    if (all > 1) each->Args(arguments);
  }
}

/// For work that memory bounds: a copy of as many bytes, and another way to do the same work, in
/// turns.
template <class Ours, class Other>
void report_bandwidth(benchmark::State& state, cpu_backend& b, double bytes, Ours&& ours,
                      Other&& other) {
  const auto half = static_cast<std::int64_t>(bytes / 2);
  std::vector<char> from(static_cast<std::size_t>(half), 1), to(static_cast<std::size_t>(half), 2);
  const auto copy = [&] {
    b.parallel_for(half, 1 << 15, [&](std::int64_t begin, std::int64_t end, int) {
      std::memcpy(to.data() + begin, from.data() + begin, static_cast<std::size_t>(end - begin));
    });
    benchmark::DoNotOptimize(to.data());
  };
  for (auto _ : state) {
    const auto turns = take_turns(b.threads(), {}, ours, copy, other);
    report_time(state, turns[0]);
    state.counters["MB"] = bytes * 1e-6;
    state.counters["GB/s"] = bytes / median(turns[0]) * 1e-9;
    state.counters["of_copy"] = median_ratio(turns[1], turns[0]);
    state.counters["vs_plain"] = median_ratio(turns[2], turns[0]);
  }
}

/// For work that arithmetic bounds: Eigen's product of the same size takes turns; `operations` are
/// ours, `other_operations` those of the product.
template <class Ours, class Other>
void report_arithmetic(benchmark::State& state, const effort& e, int threads, double operations,
                       double other_operations, Ours&& ours, Other&& other) {
  for (auto _ : state) {
    const auto turns = take_turns(threads, e, ours, other);
    report_time(state, turns[0]);
    const double scale = operations / other_operations;
    state.counters["GFLOP/s"] = operations / median(turns[0]) * 1e-9;
    state.counters["eigen"] = other_operations / median(turns[1]) * 1e-9;
    state.counters["of_eigen"] = scale * median_ratio(turns[1], turns[0]);
    // Matrices and losses have rows in the first argument: tokens.
    state.counters["ns/token"] = median(turns[0]) * 1e9 / static_cast<double>(state.range(0));
    state.counters["of_peak"] =
        operations / median(turns[0]) * 1e-9 / ceilings_of(threads).gigaflops;
  }
}

}  // namespace radlads::bench
