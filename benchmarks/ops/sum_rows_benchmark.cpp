// SPDX-License-Identifier: Apache-2.0
// Sums over rows and the sum of squares, in turns with a copy of as many bytes and with Eigen's
// reduction, in one thread as Eigen has it.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/sum_rows.hpp"

#include <benchmark/benchmark.h>

#include <cmath>
#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

void sum_rows(benchmark::State& state) {
  cpu_backend b({.threads = static_cast<int>(state.range(2))});
  const floats<2> x = random_floats<2>(b, {state.range(0), state.range(1)}, 1);
  floats<1> total = zeros<1>(b, {x.extent(1)}), other = zeros<1>(b, {x.extent(1)});
  const auto ours = [&] { ops::sum_rows<float>(b, x, total); };
  const auto plain = [&] {
    Eigen::Map<Eigen::RowVectorXf>(other.data(), other.size()) +=
        const_matrix(x.data(), x.extent(0), x.extent(1)).colwise().sum();
  };
  ours();
  plain();
  if (!agrees(state, difference(total, other), 1e-4)) return;
  report_bandwidth(state, b, 4.0 * static_cast<double>(x.size()), ours, plain);
}

void sum_squares(benchmark::State& state) {
  cpu_backend b({.threads = static_cast<int>(state.range(1))});
  const floats<1> x = random_floats<1>(b, {state.range(0)}, 1);
  double total = 0, other = 0;
  const auto ours = [&] {
    total = ops::sum_squares<float>(b, x);
    benchmark::DoNotOptimize(total);
  };
  const auto plain = [&] {
    other = const_array(x.data(), x.size()).cast<double>().square().sum();
    benchmark::DoNotOptimize(other);
  };
  ours();
  plain();
  if (!agrees(state, std::abs(total / other - 1))) return;
  report_bandwidth(state, b, 4.0 * static_cast<double>(x.size()), ours, plain);
}

void row_sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "C"}, {{2048, 64}, {16384, 64}, {16384, 172}, {4096, 896}});
}
void counts(benchmark::internal::Benchmark* each) {
  add_cases(each, {"count"}, {{4096}, {372160}, {8 << 20}});
}

BENCHMARK(sum_rows)->Apply(row_sizes);
BENCHMARK(sum_squares)->Apply(counts);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
