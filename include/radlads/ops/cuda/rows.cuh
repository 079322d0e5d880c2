// SPDX-License-Identifier: Apache-2.0
#pragma once
// How operations on rows are laid out on CUDA: a group of 8, 16 or 32 neighbouring threads has a
// row, reads it in vectors where all rows are aligned, and sums by shuffles. Rows beyond the last
// are computed as the last one and not written, so that whole warps take part in every shuffle.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "radlads/core/cuda/vector.cuh"
#include "radlads/core/scalar.hpp"

#include <cstdint>
#include <limits>
#include <type_traits>

namespace radlads::cuda_detail {

/// Threads of a block of rows.
inline constexpr int row_block_threads = 256;

/// The row of this thread's group, and its first vector of N columns and the distance to its next.
template <int N, int Lanes>
struct row_offset {
  std::int64_t row;
  bool is_real;  ///< not a repetition of the last row
  int first;
  static constexpr int step = N * Lanes;

  __device__ explicit row_offset(std::int64_t rows) {
    const std::int64_t wanted =
        (static_cast<std::int64_t>(blockIdx.x) * row_block_threads + threadIdx.x) / Lanes;
    is_real = wanted < rows;
    row = is_real ? wanted : rows - 1;
    first = static_cast<int>(threadIdx.x % Lanes) * N;
  }
};

/// Calls f(column, vector) for this thread's vectors of a row. The first, all there is of a short
/// row, stays in registers from call to call.
template <class T, int N, int Lanes>
class row_vectors {
 public:
  using A = accumulate_t<T>;

  __device__ row_vectors(const T* row, int size, const row_offset<N, Lanes>& offset)
      : row_(row), size_(size), first_(offset.first) {
    if (first_ < size_) load_vector<N>(row_ + first_, own_);
  }
  template <class F>
  __device__ void for_each(F&& f) const {
    if (first_ < size_) f(first_, own_);
    for (int i = first_ + N * Lanes; i < size_; i += N * Lanes) {
      A more[N];
      load_vector<N>(row_ + i, more);
      f(i, more);
    }
  }

 private:
  const T* row_;
  int size_, first_;
  A own_[N];
};

/// Grid for `rows` rows of Lanes threads each. Rows are counted in 32 bits on the device.
inline launch_shape shape_of_rows(std::int64_t rows, int lanes) {
  require(rows <= std::numeric_limits<std::int32_t>::max(), "rows: ", rows,
          " at once are more than ", std::numeric_limits<std::int32_t>::max());
  return {.blocks = ceil_div(rows, row_block_threads / lanes), .threads = row_block_threads};
}

/// Calls f(vector width, lanes) as integral constants for rows of `columns` elements of T;
/// `is_aligned` says that all rows of all operands keep vectors aligned.
template <class T, class F>
void with_row_form(std::int64_t columns, bool is_aligned, F&& f) {
  constexpr int wide = vector_width<T>;
  using narrow_group = std::integral_constant<int, 8>;
  using half_warp = std::integral_constant<int, 16>;
  using whole_warp = std::integral_constant<int, warp_size>;
  if (is_aligned && columns % wide == 0) {
    using vectors = std::integral_constant<int, wide>;
    if (columns <= 8 * wide) {
      f(vectors{}, narrow_group{});
    } else {
      columns <= 16 * wide ? f(vectors{}, half_warp{}) : f(vectors{}, whole_warp{});
    }
  } else {
    using ones = std::integral_constant<int, 1>;
    columns <= 8 ? f(ones{}, narrow_group{}) : f(ones{}, whole_warp{});
  }
}

}  // namespace radlads::cuda_detail
