// SPDX-License-Identifier: Apache-2.0
#pragma once
// How operations on rows are laid out on CUDA: a group of 8 or 32 neighbouring threads has a row,
// reads it in packs where all rows are aligned, and sums by shuffles. Rows beyond the last are
// computed as the last one and not written, so that whole warps take part in every shuffle.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/pack.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "radlads/core/scalar.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads {

/// Threads of a block of rows.
inline constexpr int row_block_threads = 256;

/// The row of this thread's group, and its first pack of N columns and the distance to its next.
template <int N, int Lanes>
struct row_place {
  std::int64_t row;
  bool is_real;  ///< not a repetition of the last row
  int first;
  static constexpr int step = N * Lanes;

  __device__ explicit row_place(std::int64_t rows) {
    const std::int64_t wanted =
        (static_cast<std::int64_t>(blockIdx.x) * row_block_threads + threadIdx.x) / Lanes;
    is_real = wanted < rows;
    row = is_real ? wanted : rows - 1;
    first = static_cast<int>(threadIdx.x % Lanes) * N;
  }
};

/// Grid for `rows` rows of Lanes threads each.
inline launch_shape shape_of_rows(std::int64_t rows, int lanes) {
  return {.blocks = ceil_div(rows, row_block_threads / lanes), .threads = row_block_threads};
}

/// Calls f(pack width, lanes) as integral constants for rows of `columns` elements of T;
/// `is_aligned` says that all rows of all operands keep packs aligned.
template <class T, class F>
void with_row_form(std::int64_t columns, bool is_aligned, F&& f) {
  constexpr int wide = pack_width<T>;
  using narrow_group = std::integral_constant<int, 8>;
  using whole_warp = std::integral_constant<int, warp_size>;
  if (is_aligned && columns % wide == 0) {
    using packs = std::integral_constant<int, wide>;
    columns <= 8 * wide ? f(packs{}, narrow_group{}) : f(packs{}, whole_warp{});
  } else {
    using ones = std::integral_constant<int, 1>;
    columns <= 8 ? f(ones{}, narrow_group{}) : f(ones{}, whole_warp{});
  }
}

}  // namespace radlads
