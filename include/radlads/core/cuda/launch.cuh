// SPDX-License-Identifier: Apache-2.0
#pragma once
// The only place with <<<>>>: one argument struct, a grid, and a check behind every launch.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/backend.cuh"

#include <cstddef>
#include <cstdint>
#include <cuda_runtime.h>
#include <limits>

namespace radlads {

/// Threads of a warp, on every CUDA device there is.
inline constexpr int warp_size = 32;

/// Shared memory a block may have without asking for more.
inline constexpr std::size_t plain_shared_bytes = std::size_t{48} << 10;

/// Grid, block and dynamic shared memory of a launch. An axis of zero blocks launches nothing.
struct launch_shape {
  std::int64_t blocks = 1;  ///< x
  int threads = 256;        ///< of a block, on axis x
  std::size_t shared_bytes = 0;
  std::int64_t blocks_y = 1;
  std::int64_t blocks_z = 1;
};

/// ceil(count / size), for grids.
RADLADS_HOST_DEVICE constexpr std::int64_t ceil_div(std::int64_t count, std::int64_t size) {
  return (count + size - 1) / size;
}

/// A number of vectors for kernels that divide in 32 bits: divisions of 64 take longer than a
/// vector.
inline std::uint32_t short_count(const char* name, std::int64_t count) {
  require(count <= std::numeric_limits<std::int32_t>::max(), name, ": ", count,
          " parts at once are more than ", std::numeric_limits<std::int32_t>::max());
  return static_cast<std::uint32_t>(count);
}

/// Throws, with the kernel's name, unless CUDA took it; where the program holds no code for the
/// GPU, with what to build.
inline void require_launch(const cuda_backend& b, cudaError_t code, const char* name) {
  if (code == cudaErrorNoKernelImageForDevice) {
    const cudaDeviceProp& device = b.properties();
    fail(name, ": this program holds no code for ", device.name,
         "; build it with -DCMAKE_CUDA_ARCHITECTURES=", device.major, device.minor, "-real");
  }
  require_cuda(code, name);
}

/// Runs `kernel` on the backend's stream. Throws, with the name, when the grid is larger than
/// CUDA's limits or the launch fails.
template <class Args>
RADLADS_HIDDEN void launch(cuda_backend& b, const char* name, void (*kernel)(Args),
                           const launch_shape& shape, const Args& args) {
  if (shape.blocks == 0 || shape.blocks_y == 0 || shape.blocks_z == 0) return;
  require(shape.blocks <= std::numeric_limits<int>::max() && shape.blocks_y <= 65535 &&
              shape.blocks_z <= 65535,
          name, ": the grid is (", shape.blocks, ", ", shape.blocks_y, ", ", shape.blocks_z,
          "), beyond CUDA's limits of (2147483647, 65535, 65535)");
  b.enqueue([&] {
    if (shape.shared_bytes > plain_shared_bytes) {
      const cudaError_t code =
          cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize,
                               static_cast<int>(shape.shared_bytes));
      require_launch(b, code, name);
    }
    const dim3 grid(static_cast<unsigned>(shape.blocks), static_cast<unsigned>(shape.blocks_y),
                    static_cast<unsigned>(shape.blocks_z));
    kernel<<<grid, static_cast<unsigned>(shape.threads), shape.shared_bytes, b.stream()>>>(args);
    require_launch(b, cudaPeekAtLastError(), name);
  });
}

}  // namespace radlads
