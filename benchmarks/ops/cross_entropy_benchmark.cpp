// SPDX-License-Identifier: Apache-2.0
// Head and cross-entropy, in turns with Eigen's product of the head's size. Counts 2 V C operations
// a token for the loss, 6 V C with both gradients; exponentials are not counted.

#include "../support/arrays.hpp"
#include "../support/heads.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/cross_entropy.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct scored {
  cpu_backend b;
  floats<2> head, x, dx, dhead;
  floats<1> losses;
  ids targets;

  explicit scored(const benchmark::State& state)
      : b({.threads = static_cast<int>(state.range(3))}) {
    const std::int64_t N = state.range(0), V = state.range(1), C = state.range(2);
    head = random_floats<2>(b, {V, C}, 1, 0.5f);
    x = random_floats<2>(b, {N, C}, 2);
    dx = zeros<2>(b, {N, C});
    dhead = zeros<2>(b, {V, C});
    losses = zeros<1>(b, {N});
    targets = random_ids(b, N, V, 3);
  }

  void loss() { ops::head_cross_entropy<float>(b, 1.0f, head, x, targets, losses, {}, {}, {}); }
  void gradients() {
    ops::head_cross_entropy<float>(b, 1.0f, head, x, targets, losses, {}, dx, dhead);
  }

  /// Worst relative error of loss and dx in the first, a middle and the last row.
  double error() {
    double worst = 0;
    for (const std::int64_t row : {std::int64_t{0}, x.extent(0) / 2, x.extent(0) - 1}) {
      std::vector<double> rows = log_probabilities(head, x, row);
      const auto target = static_cast<std::size_t>(targets.data()[row]);
      worst = std::max(worst, std::abs(double{losses.data()[row]} / -rows[target] - 1));
      for (double& each : rows) each = std::exp(each);
      rows[target] -= 1;
      worst = std::max(worst, gradient_error(head, rows, dx, row));
    }
    return worst;
  }
};

void compare(benchmark::State& state, bool has_gradients) {
  scored s(state);
  s.gradients();
  if (!agrees(state, s.error(), 1e-4)) return;
  head_product product(s.b, s.head, s.x);
  const double operations = product.operations() * (has_gradients ? 3 : 1);
  report_arithmetic(
      state, {.total = 0.6}, s.b.threads(), operations, product.operations(),
      [&] { has_gradients ? s.gradients() : s.loss(); }, product);
}

void cross_entropy_loss(benchmark::State& state) { compare(state, false); }
void cross_entropy_gradients(benchmark::State& state) { compare(state, true); }

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "V", "C"}, {{2048, 512, 64}, {2048, 8192, 256}});
}

BENCHMARK(cross_entropy_loss)->Apply(sizes);
BENCHMARK(cross_entropy_gradients)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
