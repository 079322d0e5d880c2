// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sums over rows on CUDA: chunks of rows first, then the chunks, in an order that sizes alone
// decide.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/sum_rows.hpp"

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace radlads::cuda_detail {

template <class F, class A, class Out>
struct column_sum_args {
  F f;
  std::int64_t rows, columns, rows_of_chunk;
  A* partial;  // (chunks, columns), or null when there is one chunk
  Out* total;  // (columns), added to
};

inline constexpr int column_sum_columns = 32;
inline constexpr int column_sum_rows = 8;

/// Columns that a thread sums at once where rows are aligned: half a vector, for more blocks.
template <class T>
inline constexpr int column_sum_vector = vector_width<T> / 2;

/// A block has 32 N columns of one chunk of rows, eight rows at a time.
template <class F, class A, class Out, int N>
RADLADS_KERNEL column_sum_kernel(const __grid_constant__ column_sum_args<F, A, Out> a) {
  __shared__ A sums[column_sum_rows][column_sum_columns][N];
  const int lane = threadIdx.x % column_sum_columns, part = threadIdx.x / column_sum_columns;
  const std::int64_t column =
      (static_cast<std::int64_t>(blockIdx.x) * column_sum_columns + lane) * N;
  const std::int64_t first = blockIdx.y * a.rows_of_chunk;
  const std::int64_t last = first + a.rows_of_chunk < a.rows ? first + a.rows_of_chunk : a.rows;
  A sum[N] = {};
  if (column < a.columns) {
    for (std::int64_t row = first + part; row < last; row += column_sum_rows) {
      A each[N];
      a.f(row, column, each);
      RADLADS_UNROLL
      for (int k = 0; k < N; ++k) sum[k] += each[k];
    }
  }
  RADLADS_UNROLL
  for (int k = 0; k < N; ++k) sums[part][lane][k] = sum[k];
  __syncthreads();  // every part's sum is there
  if (part != 0 || column >= a.columns) return;
  for (int other = 1; other < column_sum_rows; ++other) {
    RADLADS_UNROLL
    for (int k = 0; k < N; ++k) sum[k] += sums[other][lane][k];
  }
  RADLADS_UNROLL
  for (int k = 0; k < N; ++k) {
    if (a.partial != nullptr) {
      a.partial[blockIdx.y * a.columns + column + k] = sum[k];
    } else {
      a.total[column + k] = static_cast<Out>(static_cast<A>(a.total[column + k]) + sum[k]);
    }
  }
}

/// Elements (row, column) and behind of a matrix, in the accumulation type.
template <class T>
struct matrix_entries {
  const T* pointer;
  std::int64_t stride;
  template <int N>
  __device__ void operator()(std::int64_t row, std::int64_t column,
                             accumulate_t<T> (&to)[N]) const {
    load_vector<N>(pointer + row * stride + column, to);
  }
};

/// total[c] += sum over rows of what f(row, c, to) writes for the columns c and behind, for a
/// functor on the device that reads T. Vectorized, all its rows are aligned and columns a multiple
/// of a vector.
template <class T, class F, class Out>
RADLADS_HIDDEN void column_sum(cuda_backend& b, const F& f, bool is_vectorized, std::int64_t rows,
                               std::int64_t columns, Out* total) {
  using A = accumulate_t<T>;
  constexpr std::int64_t least_rows = 64, most_chunks = 256;
  const std::int64_t rows_of_chunk = std::max(least_rows, ceil_div(rows, most_chunks));
  const std::int64_t chunks = ceil_div(rows, rows_of_chunk);
  scratch_scope<cuda_backend> scope(b);
  A* const partial = chunks > 1 ? scope.take<A, 2>({chunks, columns}).data() : nullptr;
  const auto run = [&](auto width) {
    constexpr int N = decltype(width)::value;
    launch(b, "column_sum", column_sum_kernel<F, A, Out, N>,
           {.blocks = ceil_div(columns, column_sum_columns * N),
            .threads = column_sum_columns * column_sum_rows,
            .blocks_y = chunks},
           column_sum_args<F, A, Out>{f, rows, columns, rows_of_chunk, partial, total});
  };
  if (is_vectorized) {
    run(std::integral_constant<int, column_sum_vector<T>>{});
  } else {
    run(std::integral_constant<int, 1>{});
  }
  if (chunks > 1)
    column_sum<A>(b, matrix_entries<A>{partial, columns}, false, chunks, columns, total);
}

template <class T>
RADLADS_HIDDEN void sum_rows_on(cuda_backend& b, view<const T, 2, device_space> x,
                                view<T, 1, device_space> total) {
  constexpr int wide = column_sum_vector<T>;
  const bool is_vectorized =
      x.extent(1) % wide == 0 && is_vector_aligned(x.pointer, x.stride(0), wide);
  column_sum<T>(b, matrix_entries<T>{x.pointer, x.stride(0)}, is_vectorized, x.extent(0),
                x.extent(1), total.pointer);
}

template <class T>
struct sum_squares_args {
  const T* from;  // (size)
  std::int64_t size;
  double* to;  // (blocks)
};

inline constexpr int sum_squares_threads = 256;

/// A block sums what its threads meet in steps of the grid: squares in double, since float squares
/// of small gradients vanish. With `from` of type double and one block, plain numbers are summed
/// instead.
template <class T, bool IsSquared>
RADLADS_KERNEL sum_squares_kernel(const __grid_constant__ sum_squares_args<T> a) {
  __shared__ double shared[sum_squares_threads / warp_size];
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * sum_squares_threads;
  double sum = 0;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * sum_squares_threads + threadIdx.x;
       i < a.size; i += step) {
    const double each = static_cast<double>(static_cast<accumulate_t<T>>(a.from[i]));
    sum += IsSquared ? each * each : each;
  }
  sum = block_sum<sum_squares_threads>(sum, shared);
  if (threadIdx.x == 0) a.to[blockIdx.x] = sum;
}

template <class T>
RADLADS_HIDDEN void sum_squares_into_on(cuda_backend& b, view<const T, 1, device_space> x,
                                        view<double, 1, device_space> total) {
  constexpr std::int64_t elements_of_block = 4096;
  const std::int64_t blocks =
      std::min<std::int64_t>(ceil_div(x.extent(0), elements_of_block), 1024);
  scratch_scope<cuda_backend> scope(b);
  double* const partial = blocks > 1 ? scope.take<double, 1>({blocks}).data() : total.pointer;
  launch(b, "sum_squares", sum_squares_kernel<T, true>,
         {.blocks = blocks, .threads = sum_squares_threads},
         sum_squares_args<T>{x.pointer, x.extent(0), partial});
  if (blocks > 1) {
    launch(b, "sum_squares", sum_squares_kernel<double, false>,
           {.blocks = 1, .threads = sum_squares_threads},
           sum_squares_args<double>{partial, blocks, total.pointer});
  }
}

}  // namespace radlads::cuda_detail
