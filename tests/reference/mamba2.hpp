// SPDX-License-Identifier: Apache-2.0
#pragma once
// Mamba-2's recurrence of one head as attention with a mask of decays, without a state that moves:
//   y_t = a_{0,t} r_t H_0 + sum_{s <= t} a_{s,t} (r_t . k_s) v_s,   a_{s,t} = g_{s+1} ... g_t
// with tokens counted from one, H_0 the state before them (key x value) and g the decays as
// factors.

#include "reference/head.hpp"

#include <cstddef>
#include <vector>

namespace radlads::reference {

/// Outputs of all tokens and the state after them, key x value. g has one number a row.
template <class S>
head_outputs<S> mamba2(const rows<S>& r, const rows<S>& k, const rows<S>& g, const rows<S>& v,
                       const matrix<S>& initial) {
  const std::size_t tokens = v.size();
  // Row t of the mask, for t from zero: what is left at token t of the initial state, then of each
  // token.
  const auto row_of_mask = [&](std::size_t t) {
    std::vector<S> left(tokens + 1, S(0));
    S product = S(1);
    for (std::size_t s = t + 1; s > 0; --s) {
      left[s] = product;
      product *= g[s - 1][0];
    }
    left[0] = product;
    return left;
  };
  rows<S> y;
  for (std::size_t t = 0; t < tokens; ++t) {
    const std::vector<S> left = row_of_mask(t);
    std::vector<S> out = product(matrix<S>{r[t]}, initial)[0];
    for (S& each : out) each *= left[0];
    for (std::size_t s = 0; s <= t; ++s) {
      S score = S(0);
      for (std::size_t j = 0; j < k[s].size(); ++j) score += r[t][j] * k[s][j];
      for (std::size_t i = 0; i < out.size(); ++i) out[i] += left[s + 1] * score * v[s][i];
    }
    y.push_back(out);
  }
  matrix<S> state = initial;
  if (tokens == 0) return {y, state};
  const std::vector<S> left = row_of_mask(tokens - 1);
  for (std::size_t j = 0; j < state.size(); ++j) {
    for (std::size_t i = 0; i < state[j].size(); ++i) {
      state[j][i] *= left[0];
      for (std::size_t s = 0; s < tokens; ++s) state[j][i] += left[s + 1] * k[s][j] * v[s][i];
    }
  }
  return {y, state};
}

}  // namespace radlads::reference
