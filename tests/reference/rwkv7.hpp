// SPDX-License-Identifier: Apache-2.0
#pragma once
// RWKV-7's recurrence of one head by dense matrices, as the paper writes it:
//   S_t = S_{t-1} (diag(w_t) + a_t^T b_t) + v_t^T k_t,   y_t = r_t S_t^T,   S is value x key.

#include "reference/head.hpp"

#include <vector>

namespace radlads::reference {

/// Outputs of all tokens and the state after them. The decay is given as a factor.
template <class S>
head_outputs<S> rwkv7(const rows<S>& r, const rows<S>& w, const rows<S>& k, const rows<S>& a,
                      const rows<S>& b, const rows<S>& v, const matrix<S>& initial) {
  matrix<S> state = initial;
  rows<S> y;
  for (std::size_t t = 0; t < v.size(); ++t) {
    matrix<S> transition = outer(a[t], b[t]);
    for (std::size_t j = 0; j < w[t].size(); ++j) transition[j][j] += w[t][j];
    state = sum(product(state, transition), outer(v[t], k[t]));
    std::vector<S> out;
    for (const std::vector<S>& value_row : state) {
      S total = 0;
      for (std::size_t j = 0; j < value_row.size(); ++j) total += value_row[j] * r[t][j];
      out.push_back(total);
    }
    y.push_back(out);
  }
  return {y, state};
}

}  // namespace radlads::reference
