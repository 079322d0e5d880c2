// SPDX-License-Identifier: Apache-2.0
// Rows of a table by token number, and the sum of their gradients, in turns with a copy of as many
// bytes and with plain loops. Token numbers are uniform.

#include "../support/arrays.hpp"
#include "../support/turns.hpp"
#include "radlads/ops/embedding.hpp"

#include <benchmark/benchmark.h>

#include <cstdint>
#include <cstring>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct lookup {
  std::int64_t count, vocabulary, width;
  cpu_backend b;
  ids tokens;
  floats<2> table, rows, other_rows, dtable, other_dtable;

  explicit lookup(const benchmark::State& state)
      : count(state.range(0)),
        vocabulary(state.range(1)),
        width(state.range(2)),
        b({.threads = static_cast<int>(state.range(3))}) {
    tokens = random_ids(b, count, vocabulary, 1);
    table = random_floats<2>(b, {vocabulary, width}, 2);
    rows = random_floats<2>(b, {count, width}, 3);
    other_rows = zeros<2>(b, {count, width});
    dtable = zeros<2>(b, {vocabulary, width});
    other_dtable = zeros<2>(b, {vocabulary, width});
  }
  double bytes(int passes) const { return 4.0 * passes * static_cast<double>(rows.size()); }

  void forward() { ops::embedding_forward<float>(b, table, tokens, rows); }
  void backward() { ops::embedding_backward<float>(b, tokens, rows, dtable); }

  void plain_forward() {
    b.parallel_for(count, 64, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t n = begin; n < end; ++n) {
        std::memcpy(other_rows.data() + n * width, table.data() + tokens.data()[n] * width,
                    static_cast<std::size_t>(width) * sizeof(float));
      }
    });
  }
  /// In one thread: rows of the table are shared.
  void plain_backward() {
    for (std::int64_t n = 0; n < count; ++n) {
      float* const total = other_dtable.data() + tokens.data()[n] * width;
      for (std::int64_t i = 0; i < width; ++i) total[i] += rows.data()[n * width + i];
    }
  }
};

void embedding_forward(benchmark::State& state) {
  lookup c(state);
  c.forward();
  c.plain_forward();
  if (!agrees(state, difference(c.rows, c.other_rows), 0)) return;
  report_bandwidth(
      state, c.b, c.bytes(2), [&] { c.forward(); }, [&] { c.plain_forward(); });
}

/// Reads a gradient, reads and writes a row of the table.
void embedding_backward(benchmark::State& state) {
  lookup c(state);
  c.backward();
  c.plain_backward();
  if (!agrees(state, difference(c.dtable, c.other_dtable))) return;
  report_bandwidth(
      state, c.b, c.bytes(3), [&] { c.backward(); }, [&] { c.plain_backward(); });
}

void sizes(benchmark::internal::Benchmark* each) {
  add_cases(each, {"N", "V", "C"}, {{2048, 512, 64}, {16384, 512, 64}, {4096, 8192, 256}});
}

BENCHMARK(embedding_forward)->Apply(sizes);
BENCHMARK(embedding_backward)->Apply(sizes);

[[maybe_unused]] const bool is_described = describe_run();

}  // namespace
