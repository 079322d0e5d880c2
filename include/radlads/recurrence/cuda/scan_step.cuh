// SPDX-License-Identifier: Apache-2.0
#pragma once
// One token of any recurrence on CUDA, as decoding needs it: a row of state is shared out to two or
// four threads, so that many loads are under way where heads are few. To the cell these threads are
// one scalar: its sums over a row go through dot(), which adds up the parts. The state is read and
// written once, past the caches.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/cuda/scan.cuh"
#include "radlads/recurrence/cuda/scan_tokens.cuh"
#include "radlads/recurrence/scan.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads::cuda_detail {

/// A number of a row whose rest other threads of the warp have: lane % rows is the row, lane / rows
/// the part.
template <class A, int Parts>
struct row_part {
  static constexpr int parts = Parts;
  static constexpr int rows = warp_size / Parts;  ///< of a warp, neighbours in memory
  A value;

  row_part() = default;
  __device__ row_part(A x) : value(x) {}
  __device__ friend row_part operator+(row_part a, row_part b) { return a.value + b.value; }
  __device__ friend row_part operator-(row_part a, row_part b) { return a.value - b.value; }
  __device__ friend row_part operator*(row_part a, row_part b) { return a.value * b.value; }
};

/// sum_j s[j] * x[j] over the whole row: this thread's K numbers and those of the other parts.
template <int K, class A, int Parts, class X>
__device__ inline row_part<A, Parts> dot(const row_part<A, Parts> (&s)[K], const X& x) {
  A sum = s[0].value * x[0];
  RADLADS_UNROLL_STATE(K, A)
  for (int j = 1; j < K; ++j) sum += s[j].value * x[j];
  RADLADS_UNROLL
  for (int distance = row_part<A, Parts>::rows; distance < warp_size; distance *= 2)
    sum += __shfl_xor_sync(~0u, sum, distance);
  return sum;
}

}  // namespace radlads::cuda_detail

namespace radlads::recurrence {

inline constexpr int step_threads = 128;

/// How many threads share a row, from measurements (docs/performance.md): two read longer stretches
/// of memory, four have more loads under way, which few heads need.
template <class Cell, int K>
constexpr int parts_of_row(std::int64_t heads, std::int64_t multiprocessors) {
  using form = typename Cell::form;
  const bool has_gain = K <= 64 || std::is_same_v<form, diagonal_plus_rank_one> ||
                        std::is_same_v<form, delta_rule> ||
                        std::is_same_v<form, delta_rule_by_token>;
  return has_gain && heads >= 2 * multiprocessors ? 2 : 4;
}

/// Grid: (B * H, slices of V).
template <class Cell, class T, int K, int Parts>
RADLADS_KERNEL __launch_bounds__(step_threads)
    scan_step_kernel(const __grid_constant__ cuda_scan_args<Cell, T> a) {
  using A = accumulate_t<T>;
  using S = cuda_detail::row_part<A, Parts>;
  constexpr int own = K / Parts, block_rows = step_threads / Parts;
  __shared__ alignas(16) A inputs[Cell::inputs * K];
  const std::int64_t head_index = blockIdx.x, b = head_index / a.heads, h = head_index % a.heads;
  const int lane = static_cast<int>(threadIdx.x) % warp_size, part = lane / S::rows;
  const int warp = static_cast<int>(threadIdx.x) / warp_size;
  const int channel = static_cast<int>(blockIdx.y) * block_rows + warp * S::rows + lane % S::rows;
  const bool is_real = channel < a.values;
  const std::int64_t state = head_index * a.keys * a.values + channel;
  S s[own];
  RADLADS_UNROLL_STATE(own, A)
  for (int j = 0; j < own; ++j) {
    const int key = part * own + j;
    const bool is_stored = is_real && key < a.keys && a.initial_state != nullptr;
    s[j] = is_stored ? __ldcs(a.initial_state + state + static_cast<std::int64_t>(key) * a.values)
                     : A(0);
  }
  for (int at = static_cast<int>(threadIdx.x); at < Cell::inputs * K; at += step_threads) {
    const int j = at % K, input = at / K;
    // A per-token scalar is there for every part.
    const int from = input < vector_inputs<Cell>() ? j : 0;
    A value = from < a.keys ? static_cast<A>(a.inputs[input].at(b, 0, h)[from]) : A(0);
    if (input == Cell::decay) value = exp(value);
    inputs[at] = value;
  }
  __syncthreads();  // the token is there
  const staged_token<A, K> x{inputs + part * own};
  const S v = is_real ? static_cast<A>(a.v.at(b, 0, h)[channel]) : A(0);
  const S y = Cell::template step<own>(s, x, v);
  if (!is_real) return;
  if (part == 0) a.y.at(b, 0, h)[channel] = static_cast<T>(y.value);
  if (a.final_state == nullptr) return;
  RADLADS_UNROLL_STATE(own, A)
  for (int j = 0; j < own; ++j) {
    const int key = part * own + j;
    if (key < a.keys)
      __stcs(a.final_state + state + static_cast<std::int64_t>(key) * a.values, s[j].value);
  }
}

/// For one token without checkpoints.
template <class Cell, class T>
RADLADS_HIDDEN void launch_scan_step(cuda_backend& b,
                                     const scan_forward_arguments<Cell, T, device_space>& from) {
  const std::int64_t heads = from.v.extent(0) * from.heads(), values = from.v.extent(3);
  with_scan_width<T>("scan_step: the head size", from.inputs[0].extent(3), [&](auto width) {
    constexpr int K = decltype(width)::value;
    const auto run = [&](auto parts) {
      constexpr int Parts = decltype(parts)::value;
      launch(b, "scan_step", scan_step_kernel<Cell, T, K, Parts>,
             {.blocks = heads,
              .threads = step_threads,
              .blocks_y = ceil_div(values, step_threads / Parts)},
             scan_args_of(from));
    };
    if (parts_of_row<Cell, K>(heads, b.multiprocessors()) == 2) {
      run(std::integral_constant<int, 2>{});
    } else {
      run(std::integral_constant<int, 4>{});
    }
  });
}

}  // namespace radlads::recurrence
