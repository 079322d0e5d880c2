// SPDX-License-Identifier: Apache-2.0
#pragma once
// A view (B, T, H, K) as kernels of attention and recurrences take it: where each head's row
// begins.

#include "radlads/core/config.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads {

/// Pointer and strides of a tensor (B, T, H, K) with contiguous rows. With a group above one its
/// heads serve as many neighbours each.
template <class T>
struct head_tensor {
  T* pointer;
  std::int64_t batch, time, head;
  std::uint32_t group = 1;

  RADLADS_HOST_DEVICE T* at(std::int64_t b, std::int64_t t, std::int64_t h) const {
    const std::int64_t own = group == 1 ? h : static_cast<std::uint32_t>(h) / group;
    return pointer + b * batch + t * time + own * head;
  }
};

template <class T>
head_tensor<T> head_tensor_of(const view<T, 4, device_space>& x) {
  return {x.pointer, x.stride(0), x.stride(1), x.stride(2)};
}
/// For `heads` heads, of which x may have fewer.
template <class T>
head_tensor<T> head_tensor_of(const view<T, 4, device_space>& x, std::int64_t heads) {
  head_tensor<T> result = head_tensor_of(x);
  if (x.extent(2) > 0) result.group = static_cast<std::uint32_t>(heads / x.extent(2));
  return result;
}

}  // namespace radlads
