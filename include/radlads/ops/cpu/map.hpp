// SPDX-License-Identifier: Apache-2.0
#pragma once
// Elementwise functions on the CPU: lanes act as the scalar. Also how rows are cut into lanes
// and into parts for threads, which the other operations on rows share.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace radlads::cpu_detail {

/// Waking a thread costs as much as some thousand elements of work.
inline constexpr std::int64_t elements_per_part = 8192;

/// The least number of rows that is worth a thread.
inline std::int64_t rows_per_part(std::int64_t columns) {
  return std::max<std::int64_t>(1, elements_per_part / std::max<std::int64_t>(columns, 1));
}

/// Calls f(offset, count) for each W elements; `count` is a constant W but in the last.
template <int W, class F>
RADLADS_INLINE void for_each_lanes(std::int64_t size, F&& f) {
  std::int64_t offset = 0;
  for (; offset + W <= size; offset += W) f(offset, std::integral_constant<std::int64_t, W>{});
  if (offset < size) f(offset, size - offset);
}

/// Calls f(std::integral_constant<int, W>) with the number of lanes for rows of `size` elements:
/// narrow rows, such as heads of eight, fill few lanes instead of the tail of a wide one.
template <class T, class F>
void with_lane_width(std::int64_t size, F&& f) {
  constexpr int wide = lane_width<T>;
  if (size > wide / 2) {
    f(std::integral_constant<int, wide>{});
  } else if (size > wide / 4) {
    f(std::integral_constant<int, wide / 2>{});
  } else {
    f(std::integral_constant<int, wide / 4>{});
  }
}

/// Applies f to `count` elements; every input of all lanes is read before an output is written.
template <class T, class F, std::size_t Outputs, std::size_t Inputs>
void elementwise_row(const F& f, const std::array<T*, Outputs>& to,
                     const std::array<const T*, Inputs>& from, std::int64_t count) {
  using lanes_t = lanes<T>;
  for_each_lanes<lanes_t::width>(count, [&](std::int64_t i, auto n) {
    [&]<std::size_t... O, std::size_t... I>(std::index_sequence<O...>, std::index_sequence<I...>) {
      const std::array<lanes_t, Inputs> in{lanes_t::load(from[I] + i, n)...};
      std::array<lanes_t, Outputs> out;
      f(in[I]..., out[O]...);
      (out[O].store(to[O] + i, n), ...);
    }
    (std::make_index_sequence<Outputs>{}, std::make_index_sequence<Inputs>{});
  });
}

template <class T, class F, std::size_t Outputs, std::size_t Inputs>
void elementwise_on(cpu_backend& b, const F& f, const std::array<view<T, 2>, Outputs>& outputs,
                    const std::array<view<const T, 2>, Inputs>& inputs) {
  const std::int64_t rows = outputs[0].extent(0), columns = outputs[0].extent(1);
  const auto run = [&](std::int64_t row, std::int64_t offset, std::int64_t count) {
    std::array<T*, Outputs> to;
    std::array<const T*, Inputs> from;
    for (std::size_t i = 0; i < Outputs; ++i) to[i] = outputs[i].row(row) + offset;
    for (std::size_t i = 0; i < Inputs; ++i) from[i] = inputs[i].row(row) + offset;
    elementwise_row<T>(f, to, from, count);
  };
  const auto is_dense = [](const auto& each) { return each.is_dense(); };
  if (std::all_of(outputs.begin(), outputs.end(), is_dense) &&
      std::all_of(inputs.begin(), inputs.end(), is_dense)) {
    // One long row: narrow tensors then have no tails.
    constexpr std::int64_t width = lane_width<T>;
    const std::int64_t size = rows * columns;
    b.parallel_for((size + width - 1) / width, elements_per_part / width,
                   [&](std::int64_t begin, std::int64_t end, int) {
                     run(0, begin * width, std::min(end * width, size) - begin * width);
                   });
  } else {
    b.parallel_for(rows, rows_per_part(columns), [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) run(row, 0, columns);
    });
  }
}

}  // namespace radlads::cpu_detail
