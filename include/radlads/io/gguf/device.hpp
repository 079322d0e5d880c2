// SPDX-License-Identifier: Apache-2.0
#pragma once
// Backends that dequantise GGUF tensors in their own memory. CUDA's function is declared here, so
// that every source takes it, whichever compiler compiles the source.

#include "radlads/core/config.hpp"
#include "radlads/io/gguf/tensors.hpp"

namespace radlads {

class cuda_backend;

namespace cuda_detail {

/// Writes all values of a tensor to `out` in the GPU's memory, row-major, rounded to T (float,
/// double or bf16): the bits are those of the CPU. The file may be closed when this returns.
/// Defined in io/cuda/gguf.cuh; a program whose sources g++ compiles has it from
/// radlads_add_instances(), else the linker names it.
template <class T>
RADLADS_HIDDEN void read_gguf_on(cuda_backend& b, const io::gguf_entry& entry, T* out);

}  // namespace cuda_detail

namespace io {

/// A backend with such a function in the namespace of its operations. Others get values that the
/// host has dequantised.
template <class B, class T>
concept gguf_backend = requires(B& b, const gguf_entry& entry, T* out) {
  read_gguf_on(b, entry, out);
};

}  // namespace io

}  // namespace radlads
