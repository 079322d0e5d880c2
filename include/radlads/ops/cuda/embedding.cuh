// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gather and scatter-add on CUDA. The scatter sorts the token numbers first, so that one block adds
// all gradients of a table row, in the order of tokens.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/embedding.hpp"

#include <algorithm>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cub/device/device_radix_sort.cuh>
#include <limits>
#include <type_traits>

namespace radlads::cuda_detail {

// Templates although there is one kind of token number: a kernel in a header cannot be inline.
template <class Id>
struct id_check_args {
  const Id* ids;  // (N)
  std::int64_t count;
  Id least, end;            // ids are in [least, end)
  std::int32_t* first_bad;  // the least position of a bad one
};

template <class Id>
RADLADS_KERNEL id_check_kernel(const __grid_constant__ id_check_args<Id> a) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n >= a.count) return;
  const Id id = a.ids[n];
  if (id < a.least || id >= a.end) atomicMin(a.first_bad, static_cast<std::int32_t>(n));
}

/// Position of the first id outside [least, end), or -1. Waits for the device.
RADLADS_HIDDEN inline std::int64_t find_bad_id(cuda_backend& b, const std::int32_t* ids,
                                               std::int64_t count, std::int32_t least,
                                               std::int64_t end) {
  constexpr int threads = 256;
  constexpr std::int32_t none = std::numeric_limits<std::int32_t>::max();
  require(count < none, "token numbers: ", count, " at once are more than ", none);
  scratch_scope<cuda_backend> scope(b);
  std::int32_t* const flag = scope.take<std::int32_t, 1>({1}).data();
  std::int32_t found = none;
  b.copy(flag, &found, sizeof(found));
  launch(
      b, "id_check", id_check_kernel<std::int32_t>,
      {.blocks = ceil_div(count, threads), .threads = threads},
      id_check_args<std::int32_t>{
          ids, count, least, static_cast<std::int32_t>(std::min<std::int64_t>(end, none)), flag});
  b.copy(&found, flag, sizeof(found));
  b.synchronize();
  return found == none ? -1 : found;
}

/// Throws as the CPU does, naming the position, on a token number outside the vocabulary.
RADLADS_HIDDEN inline void require_token_ids(cuda_backend& b,
                                             const view<const std::int32_t, 1, device_space>& ids,
                                             std::int64_t vocabulary, const char* function) {
  if (b.is_capturing()) return;  // the answer would be an old one
  const std::int64_t bad = find_bad_id(b, ids.pointer, ids.extent(0), 0, vocabulary);
  if (bad < 0) return;
  std::int32_t id = 0;
  b.copy(&id, ids.pointer + bad, sizeof(id));
  b.synchronize();
  fail(function, ": the token number at position ", bad, " is ", id,
       ", expected one of a vocabulary of ", vocabulary);
}

RADLADS_HIDDEN inline void require_ids_on(cuda_backend& b,
                                          const view<const std::int32_t, 1, device_space>& ids,
                                          std::int64_t vocabulary) {
  require_token_ids(b, ids, vocabulary, "require_ids");
}

template <class T>
struct gather_args {
  const std::int32_t* ids;       // (N)
  const T* table;                // (V, C)
  T* y;                          // (N, C)
  std::uint32_t vectors, count;  // vectors of a row, and of all
  std::int64_t table_stride, y_stride;
};

/// A thread has a vector of N columns.
template <class T, int N>
RADLADS_KERNEL gather_kernel(const __grid_constant__ gather_args<T> a) {
  const std::uint32_t step = gridDim.x * blockDim.x;
  for (std::uint32_t at = blockIdx.x * blockDim.x + threadIdx.x; at < a.count; at += step) {
    const std::uint32_t n = at / a.vectors;
    const std::int64_t c = (at - n * a.vectors) * N;
    *reinterpret_cast<aligned_vector<T, N>*>(a.y + n * a.y_stride + c) =
        *reinterpret_cast<const aligned_vector<T, N>*>(a.table + a.ids[n] * a.table_stride + c);
  }
}

template <class T>
RADLADS_HIDDEN void embedding_forward_on(cuda_backend& b, view<const T, 2, device_space> table,
                                         view<const std::int32_t, 1, device_space> ids,
                                         view<T, 2, device_space> y) {
  constexpr int threads = 256;
  require_token_ids(b, ids, table.extent(0), "embedding_forward");
  constexpr int wide = vector_width<T>;
  const bool is_vectorized = table.extent(1) % wide == 0 &&
                             is_vector_aligned(table.pointer, table.stride(0), wide) &&
                             is_vector_aligned(y.pointer, y.stride(0), wide);
  const std::int64_t vectors = is_vectorized ? table.extent(1) / wide : table.extent(1);
  const gather_args<T> args{ids.pointer,
                            table.pointer,
                            y.pointer,
                            static_cast<std::uint32_t>(vectors),
                            short_count("embedding_forward", ids.extent(0) * vectors),
                            table.stride(0),
                            y.stride(0)};
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(args.count, threads), std::int64_t{b.multiprocessors()} * 32);
  const launch_shape shape{.blocks = blocks, .threads = threads};
  if (is_vectorized) {
    launch(b, "embedding_forward", gather_kernel<T, wide>, shape, args);
  } else {
    launch(b, "embedding_forward", gather_kernel<T, 1>, shape, args);
  }
}

template <class Position>
struct positions_args {
  Position* positions;  // (N)
  std::int64_t count;
};

template <class Position>
RADLADS_KERNEL positions_kernel(const __grid_constant__ positions_args<Position> a) {
  const std::int64_t n = static_cast<std::int64_t>(blockIdx.x) * blockDim.x + threadIdx.x;
  if (n < a.count) a.positions[n] = static_cast<Position>(n);
}

template <class T>
struct scatter_args {
  const std::int32_t* ids;        // (N), rising
  const std::int32_t* positions;  // (N), of each id's token, rising among equal ids
  const T* dy;                    // (N, C)
  T* dtable;                      // (V, C)
  std::int64_t count, columns, dy_stride, table_stride;
};

/// Block (n, c) begins where the nth sorted id is the first of its kind, for one stretch of
/// columns; a thread has a vector of N.
template <class T, int N>
RADLADS_KERNEL scatter_kernel(const __grid_constant__ scatter_args<T> a) {
  using A = accumulate_t<T>;
  const std::int64_t first = blockIdx.x;
  const std::int32_t id = a.ids[first];
  if (first > 0 && a.ids[first - 1] == id) return;
  const std::int64_t c = (static_cast<std::int64_t>(blockIdx.y) * blockDim.x + threadIdx.x) * N;
  if (c >= a.columns) return;
  A sum[N];
  load_vector<N>(a.dtable + id * a.table_stride + c, sum);
  for (std::int64_t n = first; n < a.count && a.ids[n] == id; ++n) {
    A each[N];
    load_vector<N>(a.dy + a.positions[n] * a.dy_stride + c, each);
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) sum[k] += each[k];
  }
  store_vector<N>(sum, a.dtable + id * a.table_stride + c);
}

template <class T>
RADLADS_HIDDEN void embedding_backward_on(cuda_backend& b,
                                          view<const std::int32_t, 1, device_space> ids,
                                          view<const T, 2, device_space> dy,
                                          view<T, 2, device_space> dtable) {
  constexpr int threads = 256, scatter_threads = 128, wide = vector_width<T>;
  // Sorting takes a pass for each eight bits.
  const int bits = std::bit_width(static_cast<std::uint64_t>(dtable.extent(0)));
  const std::int64_t count = ids.extent(0);
  require_token_ids(b, ids, dtable.extent(0), "embedding_backward");
  if (dy.size() == 0) return;
  scratch_scope<cuda_backend> scope(b);
  const auto take = [&] { return scope.take<std::int32_t, 1>({count}).data(); };
  std::int32_t *positions = take(), *sorted_ids = take(), *sorted_positions = take();
  launch(b, "positions", positions_kernel<std::int32_t>,
         {.blocks = ceil_div(count, threads), .threads = threads},
         positions_args<std::int32_t>{positions, count});
  std::size_t bytes = 0;
  const auto sort = [&](void* memory) {
    // The sort is stable: equal ids keep the order of their positions.
    require_cuda(cub::DeviceRadixSort::SortPairs(memory, bytes, ids.pointer, sorted_ids, positions,
                                                 sorted_positions, static_cast<int>(count), 0, bits,
                                                 b.stream()),
                 "embedding_backward: sorting token numbers");
  };
  {
    const auto device = b.current_device();
    sort(nullptr);
  }
  void* const memory = scope.take<std::byte, 1>({static_cast<std::int64_t>(bytes)}).data();
  b.enqueue([&] { sort(memory); });
  const scatter_args<T> args{sorted_ids, sorted_positions, dy.pointer,   dtable.pointer,
                             count,      dy.extent(1),     dy.stride(0), dtable.stride(0)};
  const auto run = [&](auto width) {
    constexpr int N = decltype(width)::value;
    launch(b, "embedding_backward", scatter_kernel<T, N>,
           {.blocks = count,
            .threads = scatter_threads,
            .blocks_y = ceil_div(dy.extent(1), scatter_threads * N)},
           args);
  };
  if (dy.extent(1) % wide == 0 && is_vector_aligned(dy.pointer, dy.stride(0), wide) &&
      is_vector_aligned(dtable.pointer, dtable.stride(0), wide)) {
    run(std::integral_constant<int, wide>{});
  } else {
    run(std::integral_constant<int, 1>{});
  }
}

}  // namespace radlads::cuda_detail
