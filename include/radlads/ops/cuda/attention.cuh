// SPDX-License-Identifier: Apache-2.0
#pragma once
// Attention on CUDA: which of its two forms runs. Tensor cores take bf16 with heads of 64 or 128
// numbers whose rows are aligned to 16 bytes; everything else goes through the plain tiles.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/attention.hpp"
#include "radlads/ops/cuda/attention_tensor.cuh"
#include "radlads/ops/cuda/attention_tensor_backward.cuh"
#include "radlads/ops/cuda/attention_tiled.cuh"

#include <cstdint>
#include <type_traits>

namespace radlads::cuda_detail {

/// Whether attention on these tensors, (B, T, H, N) each, runs on tensor cores. Those find the
/// largest score before it is scaled, so the scale is positive.
template <class T, class... Views>
bool is_tensor_attention(real_t<T> scale, const Views&... views) {
  if constexpr (std::is_same_v<T, bf16>) {
    const auto fits = [](const auto& x) {
      constexpr int wide = vector_width<bf16>;
      return (x.extent(3) == 64 || x.extent(3) == 128) &&
             is_vector_aligned<bf16>(x.pointer, x.stride(0), wide) && x.stride(1) % wide == 0 &&
             x.stride(2) % wide == 0;
    };
    return scale > 0 && (fits(views) && ...);
  } else {
    return false;
  }
}

template <class T>
RADLADS_HIDDEN void attention_forward_on(cuda_backend& b, real_t<T> scale,
                                         view<const T, 4, device_space> q,
                                         view<const T, 4, device_space> k,
                                         view<const T, 4, device_space> v,
                                         view<T, 4, device_space> y,
                                         view<accumulate_t<T>, 3, device_space> log_sum) {
  require(log_sum.pointer == nullptr || log_sum.is_dense(),
          "attention_forward: log_sum must be dense");
  if (q.size() == 0) return;
  attention_args<T> args = attention_args_of<T>(scale, q, k, v);
  args.out = head_tensor_of(y);
  args.log_sum = log_sum.pointer;
  if constexpr (std::is_same_v<T, bf16>) {
    if (is_tensor_attention<T>(scale, q, k, v, y)) {
      args.size == 64 ? launch_tensor_attention_forward<64>(b, q.extent(0), args)
                      : launch_tensor_attention_forward<128>(b, q.extent(0), args);
      return;
    }
  }
  launch_tiled_attention_forward<T>(b, q.extent(0), args);
}

template <class T>
RADLADS_HIDDEN void attention_backward_on(
    cuda_backend& b, real_t<T> scale, view<const T, 4, device_space> q,
    view<const T, 4, device_space> k, view<const T, 4, device_space> v,
    view<const T, 4, device_space> y, view<const accumulate_t<T>, 3, device_space> log_sum,
    view<const T, 4, device_space> dy, view<T, 4, device_space> dq, view<T, 4, device_space> dk,
    view<T, 4, device_space> dv) {
  using A = accumulate_t<T>;
  require(log_sum.is_dense(), "attention_backward: log_sum must be dense");
  if (k.size() == 0) return;
  attention_args<T> args = attention_args_of<T>(scale, q, k, v);
  args.dy = head_tensor_of(dy);
  args.dq = head_tensor_of(dq);
  args.dk = head_tensor_of(dk);
  args.dv = head_tensor_of(dv);
  args.log_sum = const_cast<A*>(log_sum.pointer);  // only read by the kernels of the backward pass
  scratch_scope<cuda_backend> scope(b);
  A* const delta = scope.take<A, 3>({q.extent(0), q.extent(2), q.extent(1)}).data();
  args.delta = delta;
  if (q.size() > 0) launch_attention_delta<T>(b, y, dy, delta);
  if constexpr (std::is_same_v<T, bf16>) {
    if (is_tensor_attention<T>(scale, q, k, v, dy, dq, dk, dv)) {
      args.size == 64 ? launch_tensor_attention_backward<64>(b, q.extent(0), args)
                      : launch_tensor_attention_backward<128>(b, q.extent(0), args);
      return;
    }
  }
  launch_tiled_attention_backward<T>(b, q.extent(0), args);
}

}  // namespace radlads::cuda_detail
