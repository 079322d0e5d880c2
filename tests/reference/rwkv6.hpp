// SPDX-License-Identifier: Apache-2.0
#pragma once
// RWKV-6's recurrence of one head by dense matrices, without a scale:
//   y_t = r_t (H_{t-1} + diag(u) k_t^T v_t),   H_t = diag(w_t) H_{t-1} + k_t^T v_t,   H is key x
//   value.

#include "reference/head.hpp"

#include <cstddef>
#include <vector>

namespace radlads::reference {

/// Outputs of all tokens and the state after them, key x value. The decay is given as a factor, the
/// bonus for each token.
template <class S>
head_outputs<S> rwkv6(const rows<S>& r, const rows<S>& w, const rows<S>& k, const rows<S>& u,
                      const rows<S>& v, const matrix<S>& initial) {
  const auto diagonal = [](const std::vector<S>& of) {
    matrix<S> result(of.size(), std::vector<S>(of.size(), S(0)));
    for (std::size_t j = 0; j < of.size(); ++j) result[j][j] = of[j];
    return result;
  };
  matrix<S> state = initial;
  rows<S> y;
  for (std::size_t t = 0; t < v.size(); ++t) {
    const matrix<S> write = outer(k[t], v[t]);
    y.push_back(product(matrix<S>{r[t]}, sum(state, product(diagonal(u[t]), write)))[0]);
    state = sum(product(diagonal(w[t]), state), write);
  }
  return {y, state};
}

}  // namespace radlads::reference
