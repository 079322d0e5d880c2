// SPDX-License-Identifier: Apache-2.0
#pragma once
// Recurrences on CUDA as a host compiler sees them: declared, and defined in a source of nvcc's
// that radlads_add_instances() writes. Without one the linker names the function that is missing.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/recurrence/arguments.hpp"

#include <cstdint>
#include <span>

namespace radlads::recurrence {

template <class Cell, class T>
RADLADS_HIDDEN void scan_forward_on(cuda_backend& b,
                                    const scan_forward_arguments<Cell, T, device_space>& from);
template <class Cell, class T>
RADLADS_HIDDEN void scan_backward_on(cuda_backend& b,
                                     const scan_backward_arguments<Cell, T, device_space>& from);
template <class Cell, class T>
RADLADS_HIDDEN bool scan_forward_varlen_on(
    cuda_backend& b, std::span<const std::int64_t> lengths,
    const scan_forward_arguments<Cell, T, device_space>& from);
template <class Cell, class T>
RADLADS_HIDDEN bool scan_backward_varlen_on(
    cuda_backend& b, std::span<const std::int64_t> lengths,
    const scan_backward_arguments<Cell, T, device_space>& from);

}  // namespace radlads::recurrence
