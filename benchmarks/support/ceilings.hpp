// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the machine can do at best, measured at the start of a run: float multiply-adds out of
// registers, and a copy through memory. And the line that names machine, compiler and version in
// the report.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/version.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <fstream>
#include <limits>
#include <string>
#include <vector>

namespace radlads::bench {

struct ceilings {
  double gigaflops = 0;  ///< float multiply-adds, two operations each, GFLOP/s
  double gigabytes = 0;  ///< a copy of 64 MiB a thread, bytes read plus bytes written, GB/s
};

/// Seconds of a clock that is fair to one thread: its own, which stands still while another process
/// has the core. Several threads need the one on the wall.
inline double clock_seconds(int threads) {
  timespec now{};
  clock_gettime(threads == 1 ? CLOCK_THREAD_CPUTIME_ID : CLOCK_MONOTONIC, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

/// Sixteen floats that the compiler keeps in one register, or in as many as the machine needs.
using float_lanes [[gnu::vector_size(64)]] = float;

/// `rounds` times twelve independent multiply-adds of sixteen floats: enough in flight to hide
/// their latency, few enough for the registers.
inline void multiply_add(std::int64_t rounds) {
  constexpr int chains = 12;
  float_lanes sums[chains] = {};
  float_lanes factor = float_lanes{} + 0.5f, term = float_lanes{} + 1.0f;
  benchmark::DoNotOptimize(factor);
  benchmark::DoNotOptimize(term);
  for (std::int64_t round = 0; round < rounds; ++round) {
#pragma GCC unroll 12
    for (int i = 0; i < chains; ++i) sums[i] = sums[i] * factor + term;
  }
  for (float_lanes& each : sums) benchmark::DoNotOptimize(each);
}

/// The best of several tries: a ceiling is what nothing exceeds.
template <class F>
double least_seconds(int threads, int tries, F&& f) {
  double least = std::numeric_limits<double>::infinity();
  for (int i = 0; i < tries; ++i) {
    const double start = clock_seconds(threads);
    f();
    least = std::min(least, clock_seconds(threads) - start);
  }
  return least;
}

inline ceilings measure_ceilings(int threads) {
  cpu_backend b({.threads = threads});
  constexpr std::int64_t rounds = 400000;
  const double operations = 2.0 * 12 * 16 * static_cast<double>(rounds) * b.threads();
  const double arithmetic = least_seconds(b.threads(), 12, [&] {
    b.parallel_for(b.threads(), 1, [](std::int64_t, std::int64_t, int) { multiply_add(rounds); });
  });
  const std::size_t each = std::size_t{64} << 20;
  const std::size_t bytes = each * static_cast<std::size_t>(b.threads());
  std::vector<char> from(bytes, 1), to(bytes, 2);
  const double copy = least_seconds(b.threads(), 6, [&] {
    b.parallel_for(b.threads(), 1, [&](std::int64_t begin, std::int64_t, int) {
      const std::size_t offset = each * static_cast<std::size_t>(begin);
      std::memcpy(to.data() + offset, from.data() + offset, each);
      benchmark::DoNotOptimize(to.data());
    });
  });
  return {operations / arithmetic * 1e-9, 2.0 * static_cast<double>(bytes) / copy * 1e-9};
}

/// The ceilings of one thread, or of all when `threads` is not 1; each measured once a run.
inline const ceilings& ceilings_of(int threads) {
  static const ceilings one = measure_ceilings(1), all = measure_ceilings(0);
  return threads == 1 ? one : all;
}

/// The processor as the system calls it.
inline std::string device_name() {
  std::ifstream file("/proc/cpuinfo");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("model name")) return line.substr(line.find(':') + 2);
  }
  return "unknown";
}

/// Writes machine, compiler, version and ceilings at the head of the report. Returns true, so that
/// a constant can be initialised with it before the benchmarks run.
inline bool describe_run() {
  const auto add = [](const std::string& name, const auto& value) {
    benchmark::AddCustomContext(name, value);
  };
  const auto text = [](const ceilings& c) {
    return std::to_string(static_cast<int>(c.gigaflops)) + " GFLOP/s, copy " +
           std::to_string(static_cast<int>(c.gigabytes)) + " GB/s";
  };
  add("device", device_name());
  add("compiler", std::string(__VERSION__));
  add("radlads", std::to_string(version_major) + "." + std::to_string(version_minor) + "." +
                     std::to_string(version_patch));
  add("peak, 1 thread", text(ceilings_of(1)));
  add("peak, all threads", text(ceilings_of(0)));
  return true;
}

}  // namespace radlads::bench
