// SPDX-License-Identifier: Apache-2.0
// Time of the recurrences on the CPU. A case whose outputs or gradients disagree with the
// references is reported as an error, not timed. GFLOP/s counts 9 K V a token and head for RWKV-7
// and 5 K V for gated linear attention (three times that backward, its replay included), whatever
// is really executed.

#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "recurrence/scan_case.hpp"
#include "recurrence/scan_reference.hpp"
#include "support/tolerance.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <type_traits>

namespace radlads::test {

template <class Cell>
constexpr double operations = std::is_same_v<Cell, recurrence::rwkv7> ? 9 : 5;

scan_sizes sizes_of(const benchmark::State& state) {
  return {state.range(0), state.range(1), state.range(2), state.range(3), state.range(3)};
}

cpu_options threads_of(const benchmark::State& state) {
  return {.threads = static_cast<int>(state.range(4))};
}

/// Whether a shorter case of these widths is right.
template <class Cell>
bool is_right(cpu_backend& b, scan_sizes sizes) {
  sizes.B = 1;
  sizes.T = 40;
  sizes.H = 2;
  const auto data = make_case<Cell>(sizes, 3);
  const auto in_float = convert<float>(data);
  return relative_error(run_forward(b, in_float).y, run_reference(data).y) <
             order_tolerance<float> &&
         relative_error(flatten(run_backward(b, in_float)), flatten(run_chunkwise_backward(data))) <
             order_tolerance<float>;
}

/// Times `f`, one call of which does `work` times the cell's operations on every token.
template <class Cell, class F>
void measure(benchmark::State& state, double work, F&& f) {
  const scan_sizes sizes = sizes_of(state);
  cpu_backend b(threads_of(state));
  if (!is_right<Cell>(b, sizes)) {
    state.SkipWithError("the result disagrees with the reference");
    return;
  }
  scan_tensors<Cell, float> on(b, convert<float>(make_case<Cell>(sizes, 5)));
  on.forward(b);
  for (auto _ : state) f(b, on);
  const auto tokens =
      static_cast<double>(sizes.B * sizes.T) * static_cast<double>(state.iterations());
  const auto updates = static_cast<double>(sizes.H * sizes.K * sizes.V);
  state.counters["token"] =
      benchmark::Counter(tokens, benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
  state.counters["flop/s"] =
      benchmark::Counter(work * operations<Cell> * updates * tokens, benchmark::Counter::kIsRate);
}

template <class Cell>
void inference(benchmark::State& state) {
  measure<Cell>(state, 1, [](cpu_backend& b, scan_tensors<Cell, float>& on) {
    recurrence::scan_forward<Cell, float>(b, on.input_views(), on.v, on.y, {}, {}, {});
  });
}

template <class Cell>
void forward(benchmark::State& state) {
  measure<Cell>(state, 1, [](cpu_backend& b, scan_tensors<Cell, float>& on) { on.forward(b); });
}

template <class Cell>
void backward(benchmark::State& state) {
  measure<Cell>(state, 3, [](cpu_backend& b, scan_tensors<Cell, float>& on) { on.backward(b); });
}

template <class Cell>
void step(benchmark::State& state) {
  measure<Cell>(state, 1, [](cpu_backend& b, scan_tensors<Cell, float>& on) {
    recurrence::scan_step<Cell, float>(b, on.input_views(), on.v, on.y, on.final_state);
  });
}

void sequences(benchmark::internal::Benchmark* each) {
  each->ArgNames({"B", "T", "H", "K", "threads"})->Unit(benchmark::kMicrosecond);
  for (const int threads : {1, 2}) {
    each->Args({4, 512, 8, 8, threads});
    each->Args({1, 512, 32, 64, threads});
    each->Args({1, 512, 28, 128, threads});
  }
  each->UseRealTime();
}

void tokens(benchmark::internal::Benchmark* each) {
  each->ArgNames({"B", "T", "H", "K", "threads"})->Unit(benchmark::kMicrosecond);
  for (const int threads : {1, 2}) {
    each->Args({1, 1, 8, 8, threads});
    each->Args({1, 1, 32, 64, threads});
    each->Args({1, 1, 28, 128, threads});
  }
  each->UseRealTime();
}

BENCHMARK(inference<recurrence::rwkv7>)->Apply(sequences);
BENCHMARK(forward<recurrence::rwkv7>)->Apply(sequences);
BENCHMARK(backward<recurrence::rwkv7>)->Apply(sequences);
BENCHMARK(step<recurrence::rwkv7>)->Apply(tokens);
BENCHMARK(inference<recurrence::gla>)->Apply(sequences);
BENCHMARK(forward<recurrence::gla>)->Apply(sequences);
BENCHMARK(backward<recurrence::gla>)->Apply(sequences);
BENCHMARK(step<recurrence::gla>)->Apply(tokens);

}  // namespace radlads::test
