// SPDX-License-Identifier: Apache-2.0
// Two heads and the divergence between them, in turns with Eigen's product of one head's size.
// Counts 4 V C operations a token for the loss, 8 V C with the student's gradients; exponentials
// are not counted.

#include "../support/arrays.hpp"
#include "../support/heads.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/kl_divergence.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct divergence {
  cpu_backend b;
  floats<2> head, x, teacher_head, teacher_x, dx, dhead;
  floats<1> losses;

  explicit divergence(const benchmark::State& state)
      : b({.threads = static_cast<int>(state.range(3))}) {
    const std::int64_t N = state.range(0), V = state.range(1), C = state.range(2);
    head = random_floats<2>(b, {V, C}, 1, 0.5f);
    x = random_floats<2>(b, {N, C}, 2);
    teacher_head = random_floats<2>(b, {V, C}, 3, 0.5f);
    teacher_x = random_floats<2>(b, {N, C}, 4);
    dx = zeros<2>(b, {N, C});
    dhead = zeros<2>(b, {V, C});
    losses = zeros<1>(b, {N});
  }

  void loss() {
    ops::head_kl_divergence<float>(b, 1.0f, 0.0f, 1.0f, head, x, teacher_head, teacher_x, {},
                                   losses, {}, {});
  }
  void gradients() {
    ops::head_kl_divergence<float>(b, 1.0f, 0.0f, 1.0f, head, x, teacher_head, teacher_x, {},
                                   losses, dx, dhead);
  }

  /// Worst relative error of loss and dx in the first, a middle and the last row.
  double error() {
    double worst = 0;
    for (const std::int64_t row : {std::int64_t{0}, x.extent(0) / 2, x.extent(0) - 1}) {
      const std::vector<double> p = log_probabilities(teacher_head, teacher_x, row);
      std::vector<double> q = log_probabilities(head, x, row);
      double want = 0;
      for (std::size_t v = 0; v < p.size(); ++v) want += std::exp(p[v]) * (p[v] - q[v]);
      worst = std::max(worst, std::abs(double{losses.data()[row]} / want - 1));
      for (std::size_t v = 0; v < p.size(); ++v) q[v] = std::exp(q[v]) - std::exp(p[v]);
      worst = std::max(worst, gradient_error(head, q, dx, row));
    }
    return worst;
  }
};

void compare(benchmark::State& state, bool has_gradients) {
  divergence d(state);
  d.gradients();
  if (!agrees(state, d.error(), 1e-4)) return;
  head_product product(d.b, d.head, d.x);
  const double operations = product.operations() * (has_gradients ? 4 : 2);
  report_arithmetic(
      state, {.total = 0.6}, d.b.threads(), operations, product.operations(),
      [&] { has_gradients ? d.gradients() : d.loss(); }, product);
}

void kl_divergence_loss(benchmark::State& state) { compare(state, false); }
void kl_divergence_gradients(benchmark::State& state) { compare(state, true); }

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "V", "C"}, {{2048, 512, 64}, {2048, 8192, 256}});
}

BENCHMARK(kl_divergence_loss)->Apply(sizes);
BENCHMARK(kl_divergence_gradients)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
