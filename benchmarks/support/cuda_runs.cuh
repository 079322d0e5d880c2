// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs timed by events on a backend's stream, and how such cases are registered: medians over
// repetitions are the benchmark library's.

#include "radlads/core/cuda/backend.cuh"

#include <benchmark/benchmark.h>

#include <cuda_runtime.h>
#include <string>

namespace radlads::bench {

/// Each iteration prepares, then times `run`, which does the work `count` times. One run goes
/// ahead.
template <class Prepare, class Run>
void time_runs(benchmark::State& state, cuda_backend& b, Prepare&& prepare, Run&& run,
               int count = 1) {
  cudaEvent_t start, end;
  require_cuda(cudaEventCreate(&start), "event");
  require_cuda(cudaEventCreate(&end), "event");
  run();
  for (auto _ : state) {
    prepare();
    require_cuda(cudaEventRecord(start, b.stream()), "event");
    run();
    require_cuda(cudaEventRecord(end, b.stream()), "event");
    b.synchronize();
    float milliseconds = 0;
    require_cuda(cudaEventElapsedTime(&milliseconds, start, end), "event");
    state.SetIterationTime(milliseconds * 1e-3 / count);
  }
  cudaEventDestroy(start);
  cudaEventDestroy(end);
}

/// Adds a counter of `amount` an iteration, per second.
inline void count_rate(benchmark::State& state, const char* name, double amount) {
  state.counters[name] = benchmark::Counter(amount * static_cast<double>(state.iterations()),
                                            benchmark::Counter::kIsRate);
}

/// Says so and returns false when results differ by more than bf16's rounding explains.
inline bool is_agreed(benchmark::State& state, double difference, double bound) {
  if (difference < bound) return true;
  const std::string message = "the results differ by " + std::to_string(difference);
  state.SkipWithError(message.c_str());
  return false;
}

template <class F>
void register_runs(const std::string& name, benchmark::TimeUnit unit, F&& f) {
  benchmark::RegisterBenchmark(name.c_str(), f)
      ->UseManualTime()
      ->Unit(unit)
      ->Iterations(12)
      ->Repetitions(3)
      ->ReportAggregatesOnly();
}

}  // namespace radlads::bench
