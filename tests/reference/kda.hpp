// SPDX-License-Identifier: Apache-2.0
#pragma once
// Kimi Delta Attention's recurrence of one head by dense matrices, without a scale, as its paper
// writes it:
//   H_t = (I - beta_t k_t^T k_t) diag(alpha_t) H_{t-1} + beta_t k_t^T v_t,   y_t = r_t H_t,
// with rows as vectors; H is key x value.

#include "reference/head.hpp"

#include <cstddef>
#include <vector>

namespace radlads::reference {

/// Outputs of all tokens and the state after them. alpha is a factor for each key, beta has one
/// number a row.
template <class S>
head_outputs<S> kda(const rows<S>& r, const rows<S>& alpha, const rows<S>& k, const rows<S>& beta,
                    const rows<S>& v, const matrix<S>& initial) {
  matrix<S> state = initial;
  rows<S> y;
  for (std::size_t t = 0; t < v.size(); ++t) {
    matrix<S> transition = outer(k[t], k[t]);
    for (std::size_t i = 0; i < transition.size(); ++i) {
      for (std::size_t j = 0; j < transition.size(); ++j)
        transition[i][j] = ((i == j ? S(1) : S(0)) - beta[t][0] * transition[i][j]) * alpha[t][j];
    }
    matrix<S> write = outer(k[t], v[t]);
    for (auto& row : write) {
      for (S& value : row) value *= beta[t][0];
    }
    state = sum(product(transition, state), write);
    y.push_back(product(matrix<S>{r[t]}, state)[0]);
  }
  return {y, state};
}

}  // namespace radlads::reference
