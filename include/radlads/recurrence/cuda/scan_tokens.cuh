// SPDX-License-Identifier: Apache-2.0
#pragma once
// What both directions of the scan on CUDA share: the K-vectors of some tokens in shared memory,
// padded with zeros to the built width, decays as factors; and which head and value channel a
// thread has.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/head_tensor.cuh"
#include "radlads/core/dispatch.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/recurrence/arguments.hpp"
#include "radlads/recurrence/concepts.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace radlads::recurrence {

/// Inputs and their gradients, for the heads of the first.
template <class T, std::size_t Inputs>
void copy_rows(const std::array<view<T, 4, device_space>, Inputs>& from,
               head_tensor<T> (&to)[Inputs]) {
  for (std::size_t i = 0; i < Inputs; ++i) to[i] = head_tensor_of(from[i], from[0].extent(2));
}

/// The memory of a state, or null for an absent one.
template <class T>
T* pointer_or_null(const view<T, 4, device_space>& state) {
  return state.empty() ? nullptr : state.pointer;
}

/// Calls f with the built width of a head of `keys`: up to 256, in double up to 128, where checks
/// run.
template <class T, class F>
void with_scan_width(const char* function, std::int64_t keys, F&& f) {
  if constexpr (std::is_same_v<T, double>) {
    dispatch_at_least<8, 16, 32, 64, 128>(function, keys, f);
  } else {
    dispatch_at_least<8, 16, 32, 64, 128, 256>(function, keys, f);
  }
}

/// Tokens whose inputs are in shared memory at once: as many as 32 KiB hold, 16 at most.
template <class Cell, class A, int K>
inline constexpr int staged_tokens =
    32768 / (Cell::inputs * K * static_cast<int>(sizeof(A))) >= 16
        ? 16
        : (32768 / (Cell::inputs * K * static_cast<int>(sizeof(A))) >= 4 ? 4 : 1);

/// Inputs of one staged token, as a cell reads them: x[input][j].
template <class A, int K>
struct staged_token {
  const A* base;
  __device__ const A* operator[](int input) const { return base + input * K; }
};

/// Reads `count` tokens from `first` on into `to`, (tokens, inputs, K). All threads of the block
/// take part.
template <class Cell, int K, class T>
__device__ inline void stage_tokens(const head_tensor<const T> (&inputs)[Cell::inputs],
                                    std::int64_t b, std::int64_t h, std::int64_t first, int count,
                                    int keys, accumulate_t<T>* to) {
  using A = accumulate_t<T>;
  for (int at = threadIdx.x; at < count * Cell::inputs * K; at += blockDim.x) {
    const int j = at % K, row = at / K, input = row % Cell::inputs, t = row / Cell::inputs;
    A value = j < input_width<Cell>(input, keys)
                  ? static_cast<A>(inputs[input].at(b, first + t, h)[j])
                  : A(0);
    if (input == Cell::decay) value = exp(value);
    to[at] = value;
  }
}

}  // namespace radlads::recurrence
