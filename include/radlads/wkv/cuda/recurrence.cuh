// SPDX-License-Identifier: Apache-2.0
#pragma once
// What wkv/scan.hpp calls on CUDA: the driver that select_driver names. States before each sixteenth token
// are the same for both, so a forward pass of one may meet a backward pass of the other.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/wkv/cuda/chunked_dplr.cuh"
#include "radlads/wkv/cuda/chunked_dplr_backward.cuh"
#include "radlads/wkv/cuda/scan.cuh"
#include "radlads/wkv/cuda/scan_backward.cuh"
#include "radlads/wkv/cuda/select_driver.cuh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace radlads::wkv {

/// Whether the rows of all inputs are aligned.
template <class Inputs>
bool are_rows_aligned(const Inputs& inputs) {
  return std::all_of(inputs.begin(), inputs.end(), [](const auto& each) { return is_row_aligned(each); });
}

/// Whether a block of this card may have what the matrix form's backward pass keeps in shared memory.
inline bool has_backward_memory(const cuda_backend& b, std::int64_t keys) {
  const std::size_t needed = keys <= 64 ? sizeof(dplr_backward_memory<64>) : sizeof(dplr_backward_memory<128>);
  return needed <= b.properties().sharedMemPerBlockOptin;
}

template <class Cell, class T>
RADLADS_HIDDEN void scan_forward_on(cuda_backend& b, const scan_forward_arguments<Cell, T, device_space>& from) {
  const std::int64_t keys = from.inputs[0].extent(3);
  [[maybe_unused]] const driver chosen =
      select_driver<Cell, T>(from.v.extent(1), keys, from.v.extent(3), are_rows_aligned(from.inputs));
  if constexpr (std::is_same_v<Cell, rwkv7> && std::is_same_v<T, bf16>) {
    if (chosen == driver::chunked) {
      return keys == 64 ? launch_chunked_dplr<64>(b, from) : launch_chunked_dplr<128>(b, from);
    }
  }
  launch_scan(b, from);
}

template <class Cell, class T>
RADLADS_HIDDEN void scan_backward_on(cuda_backend& b, const scan_backward_arguments<Cell, T, device_space>& from) {
  const std::int64_t keys = from.inputs[0].extent(3);
  [[maybe_unused]] const driver chosen =
      select_driver<Cell, T>(from.v.extent(1), keys, from.v.extent(3),
                             are_rows_aligned(from.inputs) && are_rows_aligned(from.dinputs),
                             has_backward_memory(b, keys));
  if constexpr (std::is_same_v<Cell, rwkv7> && std::is_same_v<T, bf16>) {
    if (chosen == driver::chunked) {
      return keys == 64 ? launch_chunked_dplr_backward<64>(b, from) : launch_chunked_dplr_backward<128>(b, from);
    }
  }
  launch_scan_backward(b, from);
}

}  // namespace radlads::wkv
