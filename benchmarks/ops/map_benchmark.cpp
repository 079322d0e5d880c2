// SPDX-License-Identifier: Apache-2.0
// Activations of every element and the update of AdamW, in turns with a copy of as many bytes and
// with Eigen's expression of the same function on the same threads.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/map.hpp"
#include "radlads/optim/adamw.hpp"
#include "radlads/scalar_functions/activation.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cstdint>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct elements {
  cpu_backend b;
  floats<2> x, dy, y, other_y;

  explicit elements(const benchmark::State& state)
      : b({.threads = static_cast<int>(state.range(2))}) {
    const shape<2> sizes{state.range(0), state.range(1)};
    x = random_floats<2>(b, sizes, 1, 4);
    dy = random_floats<2>(b, sizes, 2);
    y = zeros<2>(b, sizes);
    other_y = zeros<2>(b, sizes);
  }
  double bytes(int passes) const { return 4.0 * passes * static_cast<double>(x.size()); }

  /// f(part of x, part of dy, part of the other result), as Eigen arrays.
  template <class F>
  void plain(F&& f) {
    b.parallel_for(x.size(), 4096, [&](std::int64_t begin, std::int64_t end, int) {
      const std::int64_t count = end - begin;
      f(const_array(x.data() + begin, count), const_array(dy.data() + begin, count),
        array(other_y.data() + begin, count));
    });
  }

  template <class Function, class F>
  void forward(benchmark::State& state, const Function& function, F&& f) {
    const auto ours = [&] { ops::map_forward<float>(b, function, x, y); };
    const auto other = [&] {
      plain([&](const const_array& in, const const_array&, array out) { f(in, out); });
    };
    ours();
    other();
    if (agrees(state, difference(y, other_y))) {
      report_bandwidth(state, b, bytes(2), ours, other);
    }
  }
};

void sigmoid_forward(benchmark::State& state) {
  elements(state).forward(state, scalar_functions::sigmoid{},
                          [](const const_array& x, array& y) { y = x.logistic(); });
}
void silu_forward(benchmark::State& state) {
  elements(state).forward(state, scalar_functions::silu{},
                          [](const const_array& x, array& y) { y = x * x.logistic(); });
}
void tanh_forward(benchmark::State& state) {
  elements(state).forward(state, scalar_functions::hyperbolic_tangent{},
                          [](const const_array& x, array& y) { y = x.tanh(); });
}

/// Reads z, y and dy, although this derivative needs only the first and the last.
void silu_backward(benchmark::State& state) {
  elements e(state);
  floats<2> value = zeros<2>(e.b, e.x.sizes());
  ops::map_forward<float>(e.b, scalar_functions::silu{}, e.x, value);
  const auto ours = [&] {
    ops::map_backward<float>(e.b, scalar_functions::silu{}, e.x, value, e.dy, e.y);
  };
  const auto other = [&] {
    e.plain([](const const_array& x, const const_array& dy, array dx) {
      dx = dy * x.logistic() * (1 + x * (1 - x.logistic()));
    });
  };
  ours();
  other();
  if (agrees(state, difference(e.y, e.other_y))) {
    report_bandwidth(state, e.b, e.bytes(4), ours, other);
  }
}

/// Reads weight, gradient and two moments, writes all but the gradient.
void adamw_update(benchmark::State& state) {
  cpu_backend b({.threads = static_cast<int>(state.range(1))});
  const shape<1> sizes{state.range(0)};
  const optim::adamw_step<float> step{0.5f, 0.9f, 0.1f, 0.95f, 0.05f, 0.999f, 1e-3f, 1.2f, 1e-8f};
  const floats<1> g = random_floats<1>(b, sizes, 1);
  floats<1> p = random_floats<1>(b, sizes, 2), m = random_floats<1>(b, sizes, 3);
  floats<1> v = random_floats<1>(b, sizes, 4, 0.5f, 1);
  floats<1> other_p = random_floats<1>(b, sizes, 2), other_m = random_floats<1>(b, sizes, 3);
  floats<1> other_v = random_floats<1>(b, sizes, 4, 0.5f, 1);
  const auto ours = [&] {
    ops::elementwise<float>(b, step, ops::outputs(p, m, v), ops::inputs(p, g, m, v));
  };
  const auto other = [&] {
    b.parallel_for(g.size(), 4096, [&](std::int64_t begin, std::int64_t end, int) {
      const std::int64_t count = end - begin;
      const const_array gradient(g.data() + begin, count);
      array weight(other_p.data() + begin, count), first(other_m.data() + begin, count),
          second(other_v.data() + begin, count);
      first = first * step.keep1 + gradient * (step.gradient_scale * step.take1);
      second = second * step.keep2 + (gradient * step.gradient_scale).square() * step.take2;
      weight = weight * step.shrink -
               first * step.rate / ((second * step.second_inverse).sqrt() + step.epsilon);
    });
  };
  ours();
  other();
  const double worst =
      std::max({difference(p, other_p), difference(m, other_m), difference(v, other_v)});
  if (agrees(state, worst)) {
    report_bandwidth(state, b, 4.0 * 7 * static_cast<double>(g.size()), ours, other);
  }
}

void row_sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "C"}, {{2048, 32}, {2048, 64}, {2048, 172}, {16384, 172}, {4096, 896}});
}
void parameter_counts(benchmark::internal::Benchmark* each) {
  add_cases(each, {"count"}, {{4096}, {372160}, {8 << 20}});
}

BENCHMARK(sigmoid_forward)->Apply(row_sizes);
BENCHMARK(silu_forward)->Apply(row_sizes);
BENCHMARK(tanh_forward)->Apply(row_sizes);
BENCHMARK(silu_backward)->Apply(row_sizes);
BENCHMARK(adamw_update)->Apply(parameter_counts);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
