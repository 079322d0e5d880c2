// SPDX-License-Identifier: Apache-2.0
// Causal attention on CUDA in bf16, forward and forward + backward, the L2 cache flushed before
// each run. Operations are those of the causal half: 2 B H T^2 D forward, five products more of B H
// T^2 D backward. A shape is timed only after part of it agreed with the tiled kernels.

#include "../support/cuda_runs.cuh"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/random.hpp"
#include "radlads/ops/cuda/attention.cuh"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cuda_runtime.h>
#include <string>
#include <vector>

namespace {

using namespace radlads;
using namespace radlads::bench;

struct sizes {
  std::int64_t B, T, H, kv, D;
};

struct attention_case {
  cuda_backend b;
  sizes z;
  tensor<bf16, 4, cuda_backend> q, k, v, y, dy, dq, dk, dv;
  tensor<float, 3, cuda_backend> log_sum;
  tensor<float, 1, cuda_backend> flushed;

  explicit attention_case(const sizes& from) : z(from) {
    std::vector<bf16> table(65521);
    const random_stream source{1, 1};
    for (std::size_t i = 0; i < table.size(); ++i)
      table[i] = bf16(static_cast<float>(source.normal(i)));
    std::size_t next = 0;
    const auto fill = [&](tensor<bf16, 4, cuda_backend>& t, std::int64_t heads) {
      t.resize(b, {z.B, z.T, heads, z.D});
      write_on_host(b, t, [&](bf16* to) {
        for (std::int64_t i = 0; i < t.size(); ++i) to[i] = table[next++ % table.size()];
      });
    };
    for (auto* each : {&q, &y, &dy, &dq}) fill(*each, z.H);
    for (auto* each : {&k, &v, &dk, &dv}) fill(*each, z.kv);
    log_sum.resize(b, {z.B, z.H, z.T});
    flushed.resize(b, {std::int64_t{32} << 20});
  }

  float scale() const { return 1 / std::sqrt(static_cast<float>(z.D)); }
  void forward() { ops::attention_forward<bf16>(b, scale(), q, k, v, y, log_sum); }
  void backward() {
    ops::attention_backward<bf16>(b, scale(), q, k, v, y, log_sum, dy, dq, dk, dv);
  }

  /// Relative difference of y from what the tiled kernel makes of the same numbers.
  double difference() {
    forward();
    const std::vector<bf16> found = to_host(b, y);
    attention_args<bf16> args = attention_args_of<bf16>(scale(), q.read(), k.read(), v.read());
    args.out = head_tensor_of(y.whole());
    launch_tiled_attention_forward<bf16>(b, z.B, args);
    const std::vector<bf16> plain = to_host(b, y);
    double error = 0, size = 0;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      const double expected = static_cast<float>(plain[i]),
                   d = static_cast<float>(found[i]) - expected;
      error += d * d;
      size += expected * expected;
    }
    return std::sqrt(error / size);
  }
};

void attention(benchmark::State& state, sizes z, bool has_backward) {
  const double difference =
      attention_case({1, std::min<std::int64_t>(z.T, 1024), z.H, z.kv, z.D}).difference();
  if (!is_agreed(state, difference, 4e-3)) return;
  attention_case at(z);
  time_runs(
      state, at.b, [&] { set_zero<float, 1, cuda_backend>(at.b, at.flushed); },
      [&] {
        at.forward();
        if (has_backward) at.backward();
      });
  const auto square = static_cast<double>(z.B * z.H * z.T * z.T * z.D);
  count_rate(state, "TFLOP/s", (has_backward ? 7 : 2) * square / 1e12);
}

const bool is_registered = [] {
  for (const sizes& z : {sizes{32, 512, 28, 28, 128},
                         {32, 512, 28, 4, 128},
                         {4, 4096, 28, 28, 128},
                         {32, 512, 14, 2, 64},
                         {4, 4096, 28, 28, 64}}) {
    for (const bool has_backward : {false, true}) {
      const std::string name = "attention/B" + std::to_string(z.B) + "_T" + std::to_string(z.T) +
                               "_H" + std::to_string(z.H) + "/" + std::to_string(z.kv) + "_D" +
                               std::to_string(z.D) + (has_backward ? "/both" : "/forward");
      register_runs(name, benchmark::kMillisecond, [z, has_backward](benchmark::State& state) {
        attention(state, z, has_backward);
      });
    }
  }
  return true;
}();

}  // namespace
