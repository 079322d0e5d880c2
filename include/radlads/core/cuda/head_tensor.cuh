// SPDX-License-Identifier: Apache-2.0
#pragma once
// A view (B, T, H, K) as kernels of attention and recurrences take it: where each head's row
// begins.

#include "radlads/core/config.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads {

/// Pointer and strides of a tensor (B, T, H, K) with contiguous rows.
template <class T>
struct head_tensor {
  T* pointer;
  std::int64_t batch, time, head;

  RADLADS_HOST_DEVICE T* at(std::int64_t b, std::int64_t t, std::int64_t h) const {
    return pointer + b * batch + t * time + h * head;
  }
};

template <class T>
head_tensor<T> head_tensor_of(const view<T, 4, device_space>& x) {
  return {x.pointer, x.stride(0), x.stride(1), x.stride(2)};
}

}  // namespace radlads
