// SPDX-License-Identifier: Apache-2.0
#pragma once
// Causal grouped-query attention on CUDA for every scalar and head size. A thread has one query, or
// one key in the backward pass over keys, in registers; the other side goes by in tiles of shared
// memory, with softmax sums that follow the largest score so far. Every sum has one thread and one
// order.

#include "radlads/core/cuda/head_tensor.cuh"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/dispatch.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cuda/norm.cuh"
#include "radlads/ops/cuda/rows.cuh"

#include <cstdint>
#include <limits>
#include <type_traits>

namespace radlads::cuda_detail {

template <class T>
struct attention_args {
  head_tensor<const T> q, k, v, y, dy;  // (B, T, H, N), (B, S, Hkv, N)
  head_tensor<T> out, dq, dk, dv;
  accumulate_t<T>* log_sum;                  // (B, H, T), or null
  const accumulate_t<T>* delta;              // (B, H, T), sums of dy y
  std::int64_t heads, group, queries, keys;  // group = H / Hkv
  int size;
  accumulate_t<T> scale;
};

/// Queries of a block, and keys of a tile: as many rows of N as 16 KiB hold, 64 at most.
inline constexpr int attention_rows = 64;
template <class A, int N>
inline constexpr int attention_tile = 16384 / (N * static_cast<int>(sizeof(A))) >= attention_rows
                                          ? attention_rows
                                          : 16384 / (N * static_cast<int>(sizeof(A)));

/// Copies `count` rows from t = first on into `to` (count, N), zeros behind the head's own size.
template <int N, class T>
__device__ inline void stage_rows(const head_tensor<const T>& from, std::int64_t b, std::int64_t h,
                                  std::int64_t first, int count, int size, accumulate_t<T>* to) {
  using A = accumulate_t<T>;
  for (int at = threadIdx.x; at < count * N; at += attention_rows) {
    const int i = at % N;
    to[at] = i < size ? static_cast<A>(from.at(b, first + at / N, h)[i]) : A(0);
  }
}

/// One row into registers, times `factor`; zeros for a row that is not there.
template <int N, class T>
__device__ inline void load_row(const head_tensor<const T>& from, std::int64_t b, std::int64_t t,
                                std::int64_t h, int size, bool is_real, accumulate_t<T> factor,
                                accumulate_t<T> (&to)[N]) {
  using A = accumulate_t<T>;
  const T* row = from.at(b, is_real ? t : 0, h);
  RADLADS_UNROLL_ROW
  for (int i = 0; i < N; ++i) to[i] = is_real && i < size ? static_cast<A>(row[i]) * factor : A(0);
}

template <int N, class T>
__device__ inline void store_row(const accumulate_t<T> (&from)[N], const head_tensor<T>& to,
                                 std::int64_t b, std::int64_t t, std::int64_t h, int size,
                                 accumulate_t<T> factor) {
  T* row = to.at(b, t, h);
  RADLADS_UNROLL_ROW
  for (int i = 0; i < N; ++i) {
    if (i < size) row[i] = static_cast<T>(from[i] * factor);
  }
}

template <int N, class A>
__device__ inline A row_dot(const A (&own)[N], const A* other) {
  A sum = 0;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < N; ++i) sum += own[i] * other[i];
  return sum;
}

/// Grid: (blocks of queries, B * H).
template <class T, int N>
RADLADS_KERNEL __launch_bounds__(attention_rows)
    attention_forward_kernel(const __grid_constant__ attention_args<T> a) {
  using A = accumulate_t<T>;
  constexpr int tile = attention_tile<A, N>;
  __shared__ A keys[tile * N], values[tile * N];
  const std::int64_t b = blockIdx.y / a.heads, h = blockIdx.y % a.heads, kv = h / a.group;
  const std::int64_t first_query = static_cast<std::int64_t>(blockIdx.x) * attention_rows;
  const std::int64_t t = first_query + threadIdx.x;
  const bool is_real = t < a.queries;
  // Query t sees keys up to and with this one.
  const std::int64_t last_key = a.keys - a.queries + t;
  A q[N], sum[N] = {};
  load_row<N, T>(a.q, b, t, h, a.size, is_real, a.scale, q);
  A largest = -std::numeric_limits<A>::infinity(), total = 0;
  const std::int64_t block_end =
      a.keys - a.queries +
      (first_query + attention_rows < a.queries ? first_query + attention_rows : a.queries);
  for (std::int64_t first = 0; first < block_end; first += tile) {
    const int count = static_cast<int>(block_end - first < tile ? block_end - first : tile);
    __syncthreads();  // nobody still reads the tile before
    stage_rows<N, T>(a.k, b, kv, first, count, a.size, keys);
    stage_rows<N, T>(a.v, b, kv, first, count, a.size, values);
    __syncthreads();  // the tile is there
    for (int s = 0; s < count; ++s) {
      if (!is_real || first + s > last_key) break;
      const A score = row_dot<N>(q, keys + s * N);
      if (score > largest) {
        // The first score finds nothing to rescale: exp(-infinity) is zero.
        const A factor = exp(largest - score);
        total *= factor;
        RADLADS_UNROLL_ROW
        for (int i = 0; i < N; ++i) sum[i] *= factor;
        largest = score;
      }
      const A p = exp(score - largest);
      total += p;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < N; ++i) sum[i] += p * values[s * N + i];
    }
  }
  if (!is_real) return;
  store_row<N, T>(sum, a.out, b, t, h, a.size, A(1) / total);
  if (a.log_sum != nullptr) a.log_sum[blockIdx.y * a.queries + t] = largest + log(total);
}

/// Gradient of the queries. Grid: (blocks of queries, B * H).
template <class T, int N>
RADLADS_KERNEL __launch_bounds__(attention_rows)
    attention_query_kernel(const __grid_constant__ attention_args<T> a) {
  using A = accumulate_t<T>;
  constexpr int tile = attention_tile<A, N>;
  __shared__ A keys[tile * N], values[tile * N];
  const std::int64_t b = blockIdx.y / a.heads, h = blockIdx.y % a.heads, kv = h / a.group;
  const std::int64_t first_query = static_cast<std::int64_t>(blockIdx.x) * attention_rows;
  const std::int64_t t = first_query + threadIdx.x;
  const bool is_real = t < a.queries;
  const std::int64_t last_key = a.keys - a.queries + t;
  A q[N], dy[N], dq[N] = {};
  load_row<N, T>(a.q, b, t, h, a.size, is_real, a.scale, q);
  load_row<N, T>(a.dy, b, t, h, a.size, is_real, A(1), dy);
  const A log_sum = is_real ? a.log_sum[blockIdx.y * a.queries + t] : A(0);
  const A delta = is_real ? a.delta[blockIdx.y * a.queries + t] : A(0);
  const std::int64_t block_end =
      a.keys - a.queries +
      (first_query + attention_rows < a.queries ? first_query + attention_rows : a.queries);
  for (std::int64_t first = 0; first < block_end; first += tile) {
    const int count = static_cast<int>(block_end - first < tile ? block_end - first : tile);
    __syncthreads();  // nobody still reads the tile before
    stage_rows<N, T>(a.k, b, kv, first, count, a.size, keys);
    stage_rows<N, T>(a.v, b, kv, first, count, a.size, values);
    __syncthreads();  // the tile is there
    for (int s = 0; s < count; ++s) {
      if (!is_real || first + s > last_key) break;
      const A p = exp(row_dot<N>(q, keys + s * N) - log_sum);
      const A ds = p * (row_dot<N>(dy, values + s * N) - delta);
      RADLADS_UNROLL_ROW
      for (int i = 0; i < N; ++i) dq[i] += ds * keys[s * N + i];
    }
  }
  if (is_real) store_row<N, T>(dq, a.dq, b, t, h, a.size, a.scale);
}

/// Gradients of keys and values, over the queries of all heads of their group. Grid: (blocks of
/// keys, B * Hkv).
template <class T, int N>
RADLADS_KERNEL __launch_bounds__(attention_rows)
    attention_key_kernel(const __grid_constant__ attention_args<T> a) {
  using A = accumulate_t<T>;
  constexpr int tile = attention_tile<A, N>;
  __shared__ A queries[tile * N], dys[tile * N], log_sums[tile], deltas[tile];
  const std::int64_t kv_heads = a.heads / a.group;
  const std::int64_t b = blockIdx.y / kv_heads, kv = blockIdx.y % kv_heads;
  const std::int64_t first_key = static_cast<std::int64_t>(blockIdx.x) * attention_rows;
  const std::int64_t s = first_key + threadIdx.x;
  const bool is_real = s < a.keys;
  // Key s is seen by queries from this one on.
  const std::int64_t first_query = s - (a.keys - a.queries);
  A k[N], v[N], dk[N] = {}, dv[N] = {};
  load_row<N, T>(a.k, b, s, kv, a.size, is_real, a.scale, k);
  load_row<N, T>(a.v, b, s, kv, a.size, is_real, A(1), v);
  const std::int64_t block_first = first_key - (a.keys - a.queries);
  for (std::int64_t h = kv * a.group; h < (kv + 1) * a.group; ++h) {
    for (std::int64_t first = block_first > 0 ? block_first : 0; first < a.queries; first += tile) {
      const int count = static_cast<int>(a.queries - first < tile ? a.queries - first : tile);
      const std::int64_t row = (b * a.heads + h) * a.queries + first;
      __syncthreads();  // nobody still reads the tile before
      stage_rows<N, T>(a.q, b, h, first, count, a.size, queries);
      stage_rows<N, T>(a.dy, b, h, first, count, a.size, dys);
      for (int i = threadIdx.x; i < count; i += attention_rows) {
        log_sums[i] = a.log_sum[row + i];
        deltas[i] = a.delta[row + i];
      }
      __syncthreads();  // the tile is there
      for (int i = 0; i < count; ++i) {
        if (!is_real || first + i < first_query) continue;
        const A p = exp(row_dot<N>(k, queries + i * N) - log_sums[i]);
        const A ds = p * (row_dot<N>(v, dys + i * N) - deltas[i]);
        RADLADS_UNROLL_ROW
        for (int c = 0; c < N; ++c) {
          dv[c] += p * dys[i * N + c];
          dk[c] += ds * queries[i * N + c];
        }
      }
    }
  }
  if (!is_real) return;
  store_row<N, T>(dk, a.dk, b, s, kv, a.size, a.scale);
  store_row<N, T>(dv, a.dv, b, s, kv, a.size, A(1));
}

template <class T>
struct attention_delta_args {
  std::int64_t rows, heads, queries;  // rows = B T H
  int size;
  head_tensor<const T> y, dy;
  accumulate_t<T>* delta;  // (B, H, T)
};

/// delta = sum of dy y over a head; a group of threads has one.
template <class T, int N, int Lanes>
RADLADS_KERNEL attention_delta_kernel(const __grid_constant__ attention_delta_args<T> a) {
  using A = accumulate_t<T>;
  const row_offset<N, Lanes> offset(a.rows);
  const std::int64_t h = offset.row % a.heads, t = offset.row / a.heads % a.queries;
  const std::int64_t b = offset.row / a.heads / a.queries;
  A sum = 0;
  for (int i = offset.first; i < a.size; i += offset.step) {
    A y[N], dy[N];
    load_vector<N>(a.y.at(b, t, h) + i, y);
    load_vector<N>(a.dy.at(b, t, h) + i, dy);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) sum += y[k] * dy[k];
  }
  sum = group_sum<Lanes>(sum);
  if (offset.is_real && offset.first == 0) a.delta[(b * a.heads + h) * a.queries + t] = sum;
}

/// Sums of dy y, (B, H, T), for the backward kernels.
template <class T>
RADLADS_HIDDEN void launch_attention_delta(cuda_backend& b, view<const T, 4, device_space> y,
                                           view<const T, 4, device_space> dy,
                                           accumulate_t<T>* delta) {
  const attention_delta_args<T> args{y.extent(0) * y.extent(1) * y.extent(2),
                                     y.extent(2),
                                     y.extent(1),
                                     static_cast<int>(y.extent(3)),
                                     head_tensor_of(y),
                                     head_tensor_of(dy),
                                     delta};
  const auto is_aligned = [](const auto& x) {
    constexpr int wide = vector_width<T>;
    return is_vector_aligned<T>(x.pointer, x.stride(0), wide) && x.stride(1) % wide == 0 &&
           x.stride(2) % wide == 0;
  };
  with_row_form<T>(y.extent(3), is_aligned(y) && is_aligned(dy), [&](auto width, auto lanes) {
    constexpr int N = decltype(width)::value, Lanes = decltype(lanes)::value;
    launch(b, "attention_delta", attention_delta_kernel<T, N, Lanes>,
           shape_of_rows(args.rows, Lanes), args);
  });
}

/// Calls f with the built width of a head: up to 256, in double up to 128, where checks run.
template <class T, class F>
void with_attention_width(const char* function, std::int64_t size, F&& f) {
  if constexpr (std::is_same_v<T, double>) {
    dispatch_at_least<8, 16, 32, 64, 128>(function, size, f);
  } else {
    dispatch_at_least<8, 16, 32, 64, 128, 256>(function, size, f);
  }
}

template <class T>
attention_args<T> attention_args_of(real_t<T> scale, const view<const T, 4, device_space>& q,
                                    const view<const T, 4, device_space>& k,
                                    const view<const T, 4, device_space>& v) {
  attention_args<T> args{};
  args.q = head_tensor_of(q);
  args.k = head_tensor_of(k);
  args.v = head_tensor_of(v);
  args.heads = q.extent(2);
  args.group = q.extent(2) / k.extent(2);
  args.queries = q.extent(1);
  args.keys = k.extent(1);
  args.size = static_cast<int>(q.extent(3));
  args.scale = scale;
  return args;
}

template <class T>
RADLADS_HIDDEN void launch_tiled_attention_forward(cuda_backend& b, std::int64_t batches,
                                                   const attention_args<T>& args) {
  const launch_shape shape{.blocks = ceil_div(args.queries, attention_rows),
                           .threads = attention_rows,
                           .blocks_y = batches * args.heads};
  with_attention_width<T>("attention_forward: the head size", args.size, [&](auto size) {
    launch(b, "attention_forward", attention_forward_kernel<T, decltype(size)::value>, shape, args);
  });
}

/// Needs log_sum and delta in `args`.
template <class T>
RADLADS_HIDDEN void launch_tiled_attention_backward(cuda_backend& b, std::int64_t batches,
                                                    const attention_args<T>& args) {
  const auto shape_of = [](std::int64_t rows, std::int64_t heads) {
    return launch_shape{
        .blocks = ceil_div(rows, attention_rows), .threads = attention_rows, .blocks_y = heads};
  };
  with_attention_width<T>("attention_backward: the head size", args.size, [&](auto size) {
    constexpr int N = decltype(size)::value;
    launch(b, "attention_backward, queries", attention_query_kernel<T, N>,
           shape_of(args.queries, batches * args.heads), args);
    launch(b, "attention_backward, keys", attention_key_kernel<T, N>,
           shape_of(args.keys, batches * (args.heads / args.group)), args);
  });
}

}  // namespace radlads::cuda_detail
