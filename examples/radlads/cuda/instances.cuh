// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kernels that several sources of radlads-cuda use and instances.cu compiles: those that take nvcc
// longest, and the reader of GGUF tensors, which g++'s sources call.

#include "radlads/cuda.cuh"
#include "radlads/io/gguf/tensors.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/rwkv7.hpp"

namespace radlads::program {

template <class Cell>
using forward_arguments = recurrence::scan_forward_arguments<Cell, float, device_space>;
template <class Cell>
using backward_arguments = recurrence::scan_backward_arguments<Cell, float, device_space>;
using heads_in = view<const float, 4, device_space>;
using heads_out = view<float, 4, device_space>;
using head_sums_in = view<const float, 3, device_space>;
using head_sums_out = view<float, 3, device_space>;

}  // namespace radlads::program

#if !defined(RADLADS_PROGRAM_INSTANCES)
#define RADLADS_PROGRAM_INSTANCES extern template
#endif

namespace radlads::recurrence {
RADLADS_PROGRAM_INSTANCES void scan_forward_on<rwkv7, float>(
    cuda_backend&, const program::forward_arguments<rwkv7>&);
RADLADS_PROGRAM_INSTANCES void scan_backward_on<rwkv7, float>(
    cuda_backend&, const program::backward_arguments<rwkv7>&);
RADLADS_PROGRAM_INSTANCES void scan_forward_on<gla, float>(cuda_backend&,
                                                           const program::forward_arguments<gla>&);
RADLADS_PROGRAM_INSTANCES void scan_backward_on<gla, float>(
    cuda_backend&, const program::backward_arguments<gla>&);
}  // namespace radlads::recurrence

namespace radlads::cuda_detail {
RADLADS_PROGRAM_INSTANCES void attention_forward_on<float>(cuda_backend&, float, program::heads_in,
                                                           program::heads_in, program::heads_in,
                                                           program::heads_out,
                                                           program::head_sums_out);
RADLADS_PROGRAM_INSTANCES void attention_backward_on<float>(cuda_backend&, float, program::heads_in,
                                                            program::heads_in, program::heads_in,
                                                            program::heads_in,
                                                            program::head_sums_in,
                                                            program::heads_in, program::heads_out,
                                                            program::heads_out, program::heads_out);
RADLADS_PROGRAM_INSTANCES void read_gguf_on<float>(cuda_backend&, const io::gguf_entry&, float*);
}  // namespace radlads::cuda_detail
