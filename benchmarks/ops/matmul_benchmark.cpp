// SPDX-License-Identifier: Apache-2.0
// Matrix products of the layers, each in turns with Eigen's product split by hand over the same
// threads. Named after y (M, N) = x (M, K) W^T: forward, dx = dy W, and dW += dy^T x.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/matmul.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <utility>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct product {
  std::int64_t M, K, N;
  cpu_backend b;
  floats<2> x, w, y, dx, dw;
  floats<2> other_y, other_dx, other_dw;
  std::vector<Eigen::MatrixXf> partial;  // one a thread

  explicit product(const benchmark::State& state)
      : M(state.range(0)),
        K(state.range(1)),
        N(state.range(2)),
        b({.threads = static_cast<int>(state.range(3))}),
        x(random_floats<2>(b, {M, K}, 1)),
        w(random_floats<2>(b, {N, K}, 2)),
        y(random_floats<2>(b, {M, N}, 3)),
        dx(zeros<2>(b, {M, K})),
        dw(zeros<2>(b, {N, K})),
        other_y(zeros<2>(b, {M, N})),
        other_dx(zeros<2>(b, {M, K})),
        other_dw(zeros<2>(b, {N, K})),
        partial(static_cast<std::size_t>(b.threads()), Eigen::MatrixXf(N, K)) {}

  double operations() const { return 2.0 * static_cast<double>(M * K * N); }

  void forward() { ops::linear<float>(b, w, {}, x, y); }
  void input_gradient() { ops::linear_backward<float>(b, w, x, y, dx, {}, {}); }
  void weight_gradient() { ops::linear_backward<float>(b, w, x, y, {}, dw, {}); }

  static const_matrix rows(const floats<2>& t, std::int64_t begin, std::int64_t end) {
    return {t.data() + begin * t.extent(1), end - begin, t.extent(1)};
  }
  static matrix rows(floats<2>& t, std::int64_t begin, std::int64_t end) {
    return {t.data() + begin * t.extent(1), end - begin, t.extent(1)};
  }

  /// A single row is split over its columns instead.
  void other_forward() {
    const const_matrix weight = rows(std::as_const(w), 0, N);
    if (M == 1) {
      b.parallel_for(N, 16, [&](std::int64_t begin, std::int64_t end, int) {
        rows(other_y, 0, 1).middleCols(begin, end - begin).noalias() =
            rows(std::as_const(x), 0, 1) * weight.middleRows(begin, end - begin).transpose();
      });
      return;
    }
    b.parallel_for(M, 1, [&](std::int64_t begin, std::int64_t end, int) {
      rows(other_y, begin, end).noalias() = rows(std::as_const(x), begin, end) * weight.transpose();
    });
  }
  void other_input_gradient() {
    b.parallel_for(M, 1, [&](std::int64_t begin, std::int64_t end, int) {
      rows(other_dx, begin, end).noalias() =
          rows(std::as_const(y), begin, end) * rows(std::as_const(w), 0, N);
    });
  }
  void other_weight_gradient() {
    b.parallel_for(M, 1, [&](std::int64_t begin, std::int64_t end, int worker) {
      partial[static_cast<std::size_t>(worker)].noalias() =
          rows(std::as_const(y), begin, end).transpose() * rows(std::as_const(x), begin, end);
    });
    for (const Eigen::MatrixXf& each : partial) rows(other_dw, 0, N) += each;
  }
};

template <void (product::*Ours)(), void (product::*Other)(), floats<2> product::*Result,
          floats<2> product::*Expected>
void compare(benchmark::State& state) {
  product p(state);
  (p.*Ours)();
  (p.*Other)();
  if (!agrees(state, difference(p.*Result, p.*Expected))) return;
  report_arithmetic(
      state, {}, p.b.threads(), p.operations(), p.operations(), [&] { (p.*Ours)(); },
      [&] { (p.*Other)(); });
}

void forward(benchmark::State& state) {
  compare<&product::forward, &product::other_forward, &product::y, &product::other_y>(state);
}
void input_gradient(benchmark::State& state) {
  compare<&product::input_gradient, &product::other_input_gradient, &product::dx,
          &product::other_dx>(state);
}
void weight_gradient(benchmark::State& state) {
  compare<&product::weight_gradient, &product::other_weight_gradient, &product::dw,
          &product::other_dw>(state);
}

void training_sizes(benchmark::internal::Benchmark* each) {
  std::vector<std::vector<std::int64_t>> list;
  for (const std::int64_t rows : {2048, 16384}) {
    for (const auto& [in, out] : {std::pair{64, 32}, {64, 64}, {64, 172}, {172, 64}, {64, 512}}) {
      list.push_back({rows, in, out});
    }
  }
  list.push_back({512, 896, 896});
  add_cases(each, {"M", "K", "N"}, list);
}
void decoding_sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"M", "K", "N"},
            {{1, 64, 64}, {1, 64, 172}, {1, 64, 512}, {1, 896, 896}, {1, 896, 4864}});
}

BENCHMARK(forward)->Apply(training_sizes)->Apply(decoding_sizes);
BENCHMARK(input_gradient)->Apply(training_sizes);
BENCHMARK(weight_gradient)->Apply(training_sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
