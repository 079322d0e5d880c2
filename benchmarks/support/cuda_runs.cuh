// SPDX-License-Identifier: Apache-2.0
#pragma once
// Runs timed by events on a backend's stream, and how such cases are registered: medians over
// repetitions are the benchmark library's.

#include "radlads/core/cuda/backend.cuh"

#include <benchmark/benchmark.h>

#include <cuda_runtime.h>
#include <string>

namespace radlads::bench {

/// Seconds that the device takes for what a function puts on the backend's stream, by events.
class stopwatch {
 public:
  explicit stopwatch(cuda_backend& b) : backend_(b) {
    require_cuda(cudaEventCreate(&start_), "event");
    require_cuda(cudaEventCreate(&end_), "event");
  }
  stopwatch(const stopwatch&) = delete;
  stopwatch& operator=(const stopwatch&) = delete;
  ~stopwatch() {
    cudaEventDestroy(start_);
    cudaEventDestroy(end_);
  }

  template <class Run>
  double seconds(Run&& run) {
    require_cuda(cudaEventRecord(start_, backend_.stream()), "event");
    run();
    require_cuda(cudaEventRecord(end_, backend_.stream()), "event");
    backend_.synchronize();
    float milliseconds = 0;
    require_cuda(cudaEventElapsedTime(&milliseconds, start_, end_), "event");
    return milliseconds * 1e-3;
  }

 private:
  cuda_backend& backend_;
  cudaEvent_t start_ = nullptr, end_ = nullptr;
};

/// Each iteration prepares, then times `run`, which does the work `count` times. One run goes
/// ahead.
template <class Prepare, class Run>
void time_runs(benchmark::State& state, cuda_backend& b, Prepare&& prepare, Run&& run,
               int count = 1) {
  stopwatch watch(b);
  run();
  for (auto _ : state) {
    prepare();
    state.SetIterationTime(watch.seconds(run) / count);
  }
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
