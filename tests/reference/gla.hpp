// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gated linear attention of one head by dense matrices, without a scale:
//   H_t = diag(w_t) H_{t-1} + k_t^T v_t,   y_t = r_t H_t,   H is key x value.

#include "reference/head.hpp"

#include <vector>

namespace radlads::reference {

/// Outputs of all tokens and the state after them, key x value. The decay is given as a factor.
template <class S>
head_outputs<S> gla(const rows<S>& r, const rows<S>& w, const rows<S>& k, const rows<S>& v,
                    const matrix<S>& initial) {
  matrix<S> state = initial;
  rows<S> y;
  for (std::size_t t = 0; t < v.size(); ++t) {
    matrix<S> transition(w[t].size(), std::vector<S>(w[t].size(), S(0)));
    for (std::size_t j = 0; j < w[t].size(); ++j) transition[j][j] = w[t][j];
    state = sum(product(transition, state), outer(k[t], v[t]));
    y.push_back(product(matrix<S>{r[t]}, state)[0]);
  }
  return {y, state};
}

}  // namespace radlads::reference
