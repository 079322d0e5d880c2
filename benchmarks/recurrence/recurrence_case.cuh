// SPDX-License-Identifier: Apache-2.0
#pragma once
// Tensors of a recurrence on CUDA in bf16 with gates as RAD-RWKV7 makes them, run through the
// library, and the agreement that a benchmark needs before it may time anything.

#include "../support/cuda_runs.cuh"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/random.hpp"
#include "radlads/gated_deltanet.hpp"
#include "radlads/gla.hpp"
#include "radlads/kda.hpp"
#include "radlads/mamba2.hpp"
#include "radlads/rwkv6.hpp"
#include "radlads/rwkv7.hpp"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cuda_runtime.h>
#include <string>
#include <type_traits>
#include <vector>

namespace radlads::bench {

struct sizes {
  std::int64_t B, T, H, D;
};

template <class Cell>
struct recurrence_case {
  cuda_backend b;
  shape<4> s;
  std::array<tensor<bf16, 4, cuda_backend>, Cell::inputs> in, din;
  tensor<bf16, 4, cuda_backend> v, y, dy, dv;
  tensor<float, 4, cuda_backend> checkpoints;
  tensor<float, 1, cuda_backend> flushed;

  explicit recurrence_case(const sizes& z) : s{z.B, z.T, z.H, z.D} {
    // One table of numbers for all tensors: the host would take minutes for fresh ones.
    std::vector<float> table(1 << 20);
    const random_stream source{1, 1};
    for (std::size_t i = 0; i < table.size(); ++i) table[i] = static_cast<float>(source.normal(i));
    std::uint64_t offset = 0;
    const auto fill = [&](tensor<bf16, 4, cuda_backend>& t, auto&& f) {
      offset += 7919;
      write_on_host(b, t, [&](bf16* to) {
        for (std::int64_t i = 0; i < t.size(); ++i) {
          to[i] = bf16(f(table[(static_cast<std::uint64_t>(i) + offset) % table.size()]));
        }
      });
    };
    const float unit = 1 / std::sqrt(static_cast<float>(z.D));
    for (int i = 0; i < Cell::inputs; ++i) {
      const auto at = static_cast<std::size_t>(i);
      in[at].resize(b, stored_shape(i));
      fill(in[at], [&](float x) {
        if (i == Cell::decay) return -0.606531f / (1 + std::exp(2 - x));
        if (i >= recurrence::vector_inputs<Cell>()) return 1 / (1 + std::exp(-x));  // beta
        return i == 0 ? x : x * unit;
      });
      din[at].resize(b, stored_shape(i));
    }
    if constexpr (Cell::inputs == 5) {
      // The replacement key points against the removal key, as in RWKV-7.
      fill(in[4], [&](float x) { return -0.5f * x * unit; });
      b.copy(in[3].data(), in[4].data(), static_cast<std::size_t>(in[4].size()) * sizeof(bf16));
      fill(in[4], [&](float x) { return 0.5f * x * unit; });
    }
    v.resize(b, s);
    dy.resize(b, s);
    fill(v, [](float x) { return x; });
    fill(dy, [](float x) { return x; });
    y.resize(b, s);
    dv.resize(b, s);
    checkpoints.resize(b, recurrence::checkpoint_shape(z.B, z.T, z.H, z.D, z.D));
    flushed.resize(b, {std::int64_t{32} << 20});
  }

  /// Whether input i is a bonus: one row for all tokens of a head.
  static constexpr bool is_bonus(int i) {
    return std::is_same_v<Cell, recurrence::rwkv6> && i == recurrence::rwkv6::u;
  }
  shape<4> stored_shape(int i) const {
    shape<4> own = recurrence::input_shape<Cell>(static_cast<std::size_t>(i), s);
    if (is_bonus(i)) own[1] = 1;
    return own;
  }
  template <class T>
  auto views(std::array<tensor<bf16, 4, cuda_backend>, Cell::inputs>& from) {
    std::array<view<T, 4, device_space>, Cell::inputs> result;
    for (std::size_t i = 0; i < result.size(); ++i) {
      result[i] = from[i].whole();
      if (!is_bonus(static_cast<int>(i))) continue;
      result[i].extents[1] = s[1];
      result[i].strides[1] = 0;
    }
    return result;
  }
  auto inputs() { return views<const bf16>(in); }
  auto gradients() { return views<bf16>(din); }
  /// Elements of all inputs, each once.
  std::int64_t input_size() const {
    std::int64_t total = 0;
    for (const auto& each : in) total += each.size();
    return total;
  }
  void forward() { recurrence::scan_forward<Cell, bf16>(b, inputs(), v, y, {}, {}, checkpoints); }
  void forward_alone() { recurrence::scan_forward<Cell, bf16>(b, inputs(), v, y, {}, {}, {}); }
  void backward() {
    recurrence::scan_backward<Cell, bf16>(b, inputs(), v, checkpoints, dy, {}, gradients(), dv, {});
  }
  void scan() {
    recurrence::launch_scan(b, recurrence::scan_forward_arguments<Cell, bf16, device_space>{
                                   inputs(), v, y, {}, {}, checkpoints});
    recurrence::launch_scan_backward(b,
                                     recurrence::scan_backward_arguments<Cell, bf16, device_space>{
                                         inputs(), v, checkpoints, dy, {}, gradients(), dv, {}});
  }

  std::vector<float> result() {
    std::vector<float> all;
    const auto add = [&](const auto& t) {
      for (const bf16 each : to_host(b, t)) all.push_back(static_cast<float>(each));
    };
    add(y);
    for (const auto& each : din) add(each);
    add(dv);
    return all;
  }

  /// Relative difference of what `run` leaves in y and the gradients from what the scan leaves
  /// there.
  template <class F>
  double difference(F&& run) {
    run();
    const std::vector<float> chosen = result();
    scan();
    const std::vector<float> plain = result();
    double error = 0, size = 0;
    for (std::size_t i = 0; i < plain.size(); ++i) {
      const double d = static_cast<double>(chosen[i]) - static_cast<double>(plain[i]);
      error += d * d;
      size += static_cast<double>(plain[i]) * static_cast<double>(plain[i]);
    }
    return std::sqrt(error / size);
  }
};

/// Of bf16 results that were summed in different orders.
inline constexpr double most_difference = 5e-3;

/// A part of the shape, small enough for the scan, with as many heads as decide for the same
/// algorithm.
inline sizes part_of(const sizes& z) {
  return {1, std::min<std::int64_t>(z.T, 512), z.B * z.H >= 100 ? 100 : 4, z.D};
}

inline constexpr sizes shapes[] = {{32, 512, 28, 128},  {8, 512, 28, 128}, {4, 4096, 28, 128},
                                   {1, 16384, 28, 128}, {8, 4096, 64, 64}, {8, 512, 64, 64},
                                   {1, 16384, 64, 64}};

inline std::string name_of_shape(const sizes& z) {
  return "B" + std::to_string(z.B) + "_T" + std::to_string(z.T) + "_H" + std::to_string(z.H) +
         "_D" + std::to_string(z.D);
}

}  // namespace radlads::bench
