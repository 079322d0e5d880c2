// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gated DeltaNet's recurrence of one head by dense matrices, without a scale, as its paper writes
// it:
//   S_t = S_{t-1} (alpha_t (I - beta_t k_t^T k_t)) + beta_t v_t^T k_t,   y_t = r_t S_t^T,   S is
//   value x key.

#include "reference/head.hpp"

#include <cstddef>
#include <vector>

namespace radlads::reference {

/// Outputs of all tokens and the state after them. alpha (a factor) and beta have one number a row.
template <class S>
head_outputs<S> gated_deltanet(const rows<S>& r, const rows<S>& k, const rows<S>& alpha,
                               const rows<S>& beta, const rows<S>& v, const matrix<S>& initial) {
  matrix<S> state = initial;
  rows<S> y;
  for (std::size_t t = 0; t < v.size(); ++t) {
    matrix<S> transition = outer(k[t], k[t]);
    for (std::size_t i = 0; i < transition.size(); ++i) {
      for (std::size_t j = 0; j < transition.size(); ++j) {
        transition[i][j] = alpha[t][0] * ((i == j ? S(1) : S(0)) - beta[t][0] * transition[i][j]);
      }
    }
    matrix<S> write = outer(v[t], k[t]);
    for (auto& row : write) {
      for (S& value : row) value *= beta[t][0];
    }
    state = sum(product(state, transition), write);
    y.push_back(product(matrix<S>{r[t]}, transpose(state))[0]);
  }
  return {y, state};
}

}  // namespace radlads::reference
