// SPDX-License-Identifier: Apache-2.0
#pragma once
// Where the values of a GGUF tensor go in Hugging Face's layout, for the host and for CUDA.

#include "radlads/core/config.hpp"

#include <cstdint>

namespace radlads::io {

/// The row of Hugging Face's layout that holds what is row `row` of a tensor with interleaved
/// heads.
RADLADS_HOST_DEVICE inline std::int64_t straight_row(std::int64_t row, std::int64_t rows,
                                                     std::int64_t heads) {
  if (heads == 0) return row;
  const std::int64_t size = rows / heads, within = row % size;
  return row - within + within % 2 * (size / 2) + within / 2;
}

/// A tensor as its file has it: parts of lines of values, one behind the other.
struct gguf_order {
  std::int64_t parts = 1;
  std::int64_t lines = 1;       ///< of each part
  std::int64_t length = 1;      ///< of a line, in values
  std::int64_t heads = 0;       ///< lines are rows, interleaved for this many heads; 0 for none
  bool is_transposed = false;   ///< a line is a column of Hugging Face's
  bool is_stacked = false;      ///< transposed parts lie one behind the other, not side by side
  std::int64_t places[5] = {};  ///< of the parts in Hugging Face's layout
};

/// Where value `i` of a line goes.
RADLADS_HOST_DEVICE inline std::int64_t place_of(const gguf_order& o, std::int64_t part,
                                                 std::int64_t line, std::int64_t i) {
  if (!o.is_transposed) return straight_row(line, o.lines, o.heads) * o.length + i;
  const std::int64_t place = o.places[part];
  return o.is_stacked ? (place * o.length + i) * o.lines + line
                      : i * (o.parts * o.lines) + place * o.lines + line;
}

/// Where value `index` of the tensor goes.
RADLADS_HOST_DEVICE inline std::int64_t place_of(const gguf_order& o, std::int64_t index) {
  const std::int64_t all_lines = index / o.length, part = all_lines / o.lines;
  return place_of(o, part, all_lines - part * o.lines, index - all_lines * o.length);
}

}  // namespace radlads::io
