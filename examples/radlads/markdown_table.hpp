// SPDX-License-Identifier: Apache-2.0
#pragma once
// The table of evaluation sets, as lm-eval prints it.

#include "radlads/evaluate/document.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <vector>

namespace radlads::program {

/// A line of the table, cell by cell.
using table_row = std::vector<std::string>;

/// Characters of a cell: of its bytes those that begin one.
inline std::size_t width_of(const std::string& text) {
  return static_cast<std::size_t>(evaluate::character_count(text));
}

/// Rows of at most nine cells, the first of them the heads of the columns.
inline std::string markdown(const std::vector<table_row>& rows) {
  const std::array<bool, 9> is_number{false, true, true, false, true, false, true, true, true};
  std::vector<std::size_t> widths(rows[0].size(), 3);
  for (const table_row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
  }
  std::string text;
  for (std::size_t n = 0; n < rows.size(); ++n) {
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const std::string space(widths[i] - width_of(rows[n][i]), ' ');
      text += "|" + (is_number[i] ? space + rows[n][i] : rows[n][i] + space);
    }
    text += "|\n";
    if (n > 0) continue;
    for (std::size_t i = 0; i < widths.size(); ++i)
      text += "|" + std::string(widths[i] - 1, '-') + (is_number[i] ? ":" : "-");
    text += "|\n";
  }
  return text;
}

}  // namespace radlads::program
