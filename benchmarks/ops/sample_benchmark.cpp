// SPDX-License-Identifier: Apache-2.0
// Choosing a token, in turns with one that sorts the vocabulary by probability. The case is refused
// when the two choose differently.

#include "../support/turns.hpp"
#include "radlads/core/random.hpp"
#include "radlads/cpu.hpp"
#include "radlads/ops/sample.hpp"
#include "reference/sampling.hpp"

#include <benchmark/benchmark.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

const std::array<ops::sampling_options, 6> cases{
    {{},
     {.temperature = 0},
     {.top_k = 40},
     {.top_p = 0.95},
     {.min_p = 0.05},
     {.temperature = 0.8, .top_k = 50, .top_p = 0.95, .min_p = 0.02, .repetition_penalty = 1.1}}};

void sample(benchmark::State& state) {
  cpu_backend b({.threads = 1});
  const std::int64_t V = state.range(0);
  const ops::sampling_options& o = cases[static_cast<std::size_t>(state.range(1))];
  const auto spread = static_cast<float>(state.range(2));
  const random_stream numbers{1, 2};
  std::vector<float> logits(static_cast<std::size_t>(V));
  std::vector<std::uint8_t> seen(logits.size());
  for (std::size_t v = 0; v < logits.size(); ++v) {
    logits[v] = spread * static_cast<float>(numbers.normal(v));
    seen[v] = v % 100 == 0 ? 1 : 0;
  }
  std::int32_t id = 0;
  std::uint64_t index = 0;
  const auto ours = [&] {
    ops::sample<float>(b, o, {logits.data(), {1, V}}, {seen.data(), {1, V}}, numbers, index,
                       {&id, {1}});
    benchmark::DoNotOptimize(id);
  };
  const reference::sampling same{o.temperature, static_cast<std::size_t>(o.top_k), o.top_p, o.min_p,
                                 o.repetition_penalty};
  std::int32_t expected = 0;
  const auto sorted = [&] {
    expected = reference::sampled_token(logits, seen, same, numbers.uniform(index));
    benchmark::DoNotOptimize(expected);
  };
  for (; index < 10; ++index) {
    ours();
    sorted();
    if (id != expected) return state.SkipWithError("chooses another token than the reference");
  }
  for (auto _ : state) {
    const auto turns = take_turns(1, {.total = 1}, ours, sorted);
    report_time(state, turns[0]);
    state.counters["vs_sorted"] = median_ratio(turns[1], turns[0]);
  }
}

void all_cases(benchmark::internal::Benchmark* each) {
  each->ArgNames({"V", "case", "spread"})->Unit(benchmark::kMicrosecond);
  each->UseManualTime()->Iterations(1);
  each->Args({49152, 0, 3});
  for (std::int64_t i = 0; i < static_cast<std::int64_t>(cases.size()); ++i) {
    each->Args({151936, i, 3});
    each->Args({151936, i, 0});
  }
}

BENCHMARK(sample)->Apply(all_cases);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
