// SPDX-License-Identifier: Apache-2.0
#pragma once
// Matrices as vectors of rows, for references that are read rather than run fast.

#include <cstddef>
#include <vector>

namespace radlads::reference {

template <class S>
using matrix = std::vector<std::vector<S>>;

/// One row a token.
template <class S>
using rows = std::vector<std::vector<S>>;

template <class S>
struct head_outputs {
  rows<S> y;
  matrix<S> state;
};

template <class S>
matrix<S> outer(const std::vector<S>& column, const std::vector<S>& row) {
  matrix<S> result;
  for (const S& c : column) {
    result.emplace_back();
    for (const S& x : row) result.back().push_back(c * x);
  }
  return result;
}

template <class S>
matrix<S> transpose(const matrix<S>& m) {
  matrix<S> result(m.empty() ? 0 : m[0].size(), std::vector<S>(m.size()));
  for (std::size_t i = 0; i < m.size(); ++i) {
    for (std::size_t j = 0; j < m[i].size(); ++j) result[j][i] = m[i][j];
  }
  return result;
}

template <class S>
matrix<S> product(const matrix<S>& left, const matrix<S>& right) {
  matrix<S> result;
  for (const std::vector<S>& row : left) {
    std::vector<S> out(right[0].size(), S(0));
    for (std::size_t m = 0; m < right.size(); ++m) {
      for (std::size_t j = 0; j < out.size(); ++j) out[j] += row[m] * right[m][j];
    }
    result.push_back(out);
  }
  return result;
}

template <class S>
matrix<S> sum(matrix<S> left, const matrix<S>& right) {
  for (std::size_t i = 0; i < left.size(); ++i) {
    for (std::size_t j = 0; j < left[i].size(); ++j) left[i][j] += right[i][j];
  }
  return left;
}

}  // namespace radlads::reference
