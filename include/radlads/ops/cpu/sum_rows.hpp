// SPDX-License-Identifier: Apache-2.0
#pragma once
// Sums over rows on the CPU. Rows are summed in blocks of a fixed size and the blocks in their
// order, so that the result does not depend on the number of threads.

#include "radlads/core/arena.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cpu_detail {

/// Rows whose sum is kept apart before the blocks are summed.
inline constexpr std::int64_t rows_per_block = 64;

inline std::int64_t row_blocks(std::int64_t rows) {
  return (rows + rows_per_block - 1) / rows_per_block;
}

/// total[i] (+)= the sum of rows [begin, end) of x, for i in [0, count) from the column `first`.
template <int W, class T>
void sum_block(const view<const T, 2>& x, std::int64_t begin, std::int64_t end, std::int64_t first,
               std::int64_t count, T* total, bool add) {
  using lanes_t = lanes<T, W>;
  const auto finish = [&](const lanes_t& sum, std::int64_t i, auto n) {
    (add ? sum + lanes_t::load(total + i, n) : sum).store(total + i, n);
  };
  std::int64_t done = 0;
  for (; done + 4 * W <= count; done += 4 * W) {
    lanes_t sums[4] = {lanes_t(T(0)), lanes_t(T(0)), lanes_t(T(0)), lanes_t(T(0))};
    for (std::int64_t row = begin; row < end; ++row) {
      const T* from = x.row(row) + first + done;
      RADLADS_UNROLL
      for (int i = 0; i < 4; ++i) sums[i] += lanes_t::load(from + i * W);
    }
    for (int i = 0; i < 4; ++i) finish(sums[i], done + i * W, W);
  }
  for_each_lanes<W>(count - done, [&](std::int64_t i, auto n) {
    lanes_t sum(T(0));
    for (std::int64_t row = begin; row < end; ++row) {
      sum += lanes_t::load(x.row(row) + first + done + i, n);
    }
    finish(sum, done + i, n);
  });
}

template <class T>
void sum_rows_on(cpu_backend& b, view<const T, 2> x, view<T, 1> total) {
  const std::int64_t rows = x.extent(0), columns = x.extent(1), blocks = row_blocks(rows);
  with_lane_width<T>(columns, [&](auto width) {
    constexpr int W = decltype(width)::value;
    if (blocks <= 1) {
      const std::int64_t groups = (columns + W - 1) / W;
      b.parallel_for(groups, elements_per_part / (W * std::max<std::int64_t>(rows, 1)),
                     [&](std::int64_t begin, std::int64_t end, int) {
                       const std::int64_t first = begin * W;
                       sum_block<W, T>(x, 0, rows, first, std::min(end * W, columns) - first,
                                       total.pointer + first, true);
                     });
      return;
    }
    scratch_scope scratch(b);
    const view<T, 2> partial = scratch.template take<T, 2>({blocks, columns});
    b.parallel_for(blocks, rows_per_part(columns * rows_per_block),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t block = begin; block < end; ++block) {
                       const std::int64_t first = block * rows_per_block;
                       sum_block<W, T>(x, first, std::min(first + rows_per_block, rows), 0, columns,
                                       partial.row(block), false);
                     }
                   });
    sum_rows_on<T>(b, partial, total);
  });
}

template <class T>
void sum_squares_into_on(cpu_backend& b, view<const T, 1> x, view<double, 1> result) {
  constexpr std::int64_t block_size = 4096;
  const std::int64_t size = x.extent(0), blocks = (size + block_size - 1) / block_size;
  scratch_scope scratch(b);
  const view<double, 1> partial = scratch.template take<double, 1>({blocks});
  b.parallel_for(
      blocks, elements_per_part / block_size, [&](std::int64_t begin, std::int64_t end, int) {
        for (std::int64_t block = begin; block < end; ++block) {
          using lanes_t = lanes<T>;
          const T* from = x.pointer + block * block_size;
          lanes_t sum(T(0));
          for_each_lanes<lanes_t::width>(std::min(block_size, size - block * block_size),
                                         [&](std::int64_t i, auto n) {
                                           const lanes_t each = lanes_t::load(from + i, n);
                                           sum += each * each;
                                         });
          partial(block) = static_cast<double>(sum.sum());
        }
      });
  double total = 0;
  for (std::int64_t block = 0; block < blocks; ++block) total += partial(block);
  result(0) = total;
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void sum_rows_on<float>(cpu_backend&, view<const float, 2>, view<float, 1>);
RADLADS_INSTANCE void sum_rows_on<double>(cpu_backend&, view<const double, 2>, view<double, 1>);
RADLADS_INSTANCE void sum_squares_into_on<float>(cpu_backend&, view<const float, 1>,
                                                 view<double, 1>);
RADLADS_INSTANCE void sum_squares_into_on<double>(cpu_backend&, view<const double, 1>,
                                                  view<double, 1>);
#endif

}  // namespace radlads::cpu_detail
