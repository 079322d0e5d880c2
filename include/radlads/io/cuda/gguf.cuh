// SPDX-License-Identifier: Apache-2.0
#pragma once
// GGUF tensors on CUDA: blocks go to the GPU as they lie in the file. A thread dequantises a block
// by the host's own function into shared memory, from where neighbours write neighbouring values.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/io/gguf/block_types.hpp"
#include "radlads/io/gguf/dequantise.hpp"
#include "radlads/io/gguf/device.hpp"
#include "radlads/io/gguf/order.hpp"
#include "radlads/io/gguf/tensors.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace radlads::cuda_detail {

/// Values that a thread block dequantises: a whole number of blocks of any type.
inline constexpr int gguf_tile = 8192;
/// Fewest values of a block that holds more than one.
inline constexpr int smallest_gguf_block = 32;

template <class T>
struct gguf_args {
  const unsigned char* blocks;  // of this part of the tensor, as in the file
  T* out;                       // the whole tensor
  std::int64_t first;           // values of the tensor before this part
  std::int64_t count;           // blocks of this part
  io::block_type type;
  int block_values;
  int block_bytes;
  io::gguf_order order;
  float factor;
};

template <class T>
RADLADS_KERNEL read_gguf_kernel(const __grid_constant__ gguf_args<T> a) {
  __shared__ float values[gguf_tile + gguf_tile / smallest_gguf_block];
  const int tile_blocks = gguf_tile / a.block_values;
  // An odd distance: threads that write the same value of their blocks write to different banks.
  const int stride = a.block_values | 1;
  const std::int64_t first_block = static_cast<std::int64_t>(blockIdx.x) * tile_blocks;
  const int blocks =
      static_cast<int>(std::min(static_cast<std::int64_t>(tile_blocks), a.count - first_block));
  for (int block = static_cast<int>(threadIdx.x); block < blocks;
       block += static_cast<int>(blockDim.x)) {
    io::dequantise_block(a.type, a.blocks + (first_block + block) * a.block_bytes,
                         values + block * stride);
  }
  __syncthreads();  // values are read by other threads
  const std::int64_t first = a.first + first_block * a.block_values;
  for (int i = static_cast<int>(threadIdx.x); i < blocks * a.block_values;
       i += static_cast<int>(blockDim.x)) {
    const float value = values[i / a.block_values * stride + i % a.block_values] * a.factor;
    a.out[io::place_of(a.order, first + i)] = static_cast<T>(value);
  }
}

template <class T>
RADLADS_HIDDEN void read_gguf_on(cuda_backend& b, const io::gguf_entry& entry, T* out) {
  // One piece of scratch for all tensors, whatever their sizes.
  constexpr std::int64_t most_bytes = std::int64_t{16} << 20;
  const io::gguf_order order = io::order_of(entry);
  const std::int64_t values = entry.block.values, bytes = entry.block.bytes;
  const std::int64_t blocks = order.parts * order.lines * order.length / values;
  const std::int64_t tile_blocks = gguf_tile / values;
  const std::int64_t part = most_bytes / (tile_blocks * bytes) * tile_blocks;
  scratch_scope scope(b);
  unsigned char* const staged = scope.template take<unsigned char, 1>({most_bytes}).data();
  for (std::int64_t first = 0; first < blocks; first += part) {
    const std::int64_t count = std::min(part, blocks - first);
    b.copy(staged, entry.data + first * bytes, static_cast<std::size_t>(count * bytes));
    const gguf_args<T> args{.blocks = staged,
                            .out = out,
                            .first = first * values,
                            .count = count,
                            .type = entry.block.type,
                            .block_values = static_cast<int>(values),
                            .block_bytes = static_cast<int>(bytes),
                            .order = order,
                            .factor = entry.factor};
    launch(b, "read_gguf", read_gguf_kernel<T>,
           {.blocks = ceil_div(count, tile_blocks), .threads = 128}, args);
  }
  b.synchronize();
}

}  // namespace radlads::cuda_detail
