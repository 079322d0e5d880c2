// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV7 time mixing of one sequence, in the order of the paper's appendix A.2 and with the
// variant of its reference implementation that has group norm and k_k, k_a.

#include "reference/projections.hpp"
#include "reference/rwkv7.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::reference {

/// start + f(x A) B for the decay, with tanh between, and for rates, without.
inline rows<double> low_rank_sum(const std::vector<double>& start, const std::vector<double>& down,
                                 const std::vector<double>& up, bool has_tanh,
                                 const rows<double>& x) {
  rows<double> low = from_right(down, x);
  for (auto& row : low) {
    for (double& value : row) value = has_tanh ? std::tanh(value) : value;
  }
  rows<double> result = from_right(up, low);
  for (auto& row : result) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += start[i];
  }
  return result;
}

/// y (T, C) from x (T, C). The first layer writes v_first (T, D_a), the others mix it in.
inline rows<double> rad_rwkv7(const weights& w, const mixer_sizes& s, bool is_first,
                              const rows<double>& x, rows<double>& v_first) {
  const std::size_t T = x.size(), N = s.head_size, width = s.heads * N;
  const auto r = turned_heads(w, s, "q", x), k = turned_heads(w, s, "k", x);
  const auto d = low_rank_sum(w.at("w0"), w.at("w1"), w.at("w2"), true, x);
  const auto a = low_rank_sum(w.at("a0"), w.at("a1"), w.at("a2"), false, x);
  rows<double> v = repeated_value(w, s, x);
  if (is_first) {
    v_first = v;
  } else {
    const auto mix = low_rank_sum(w.at("v0"), w.at("v1"), w.at("v2"), false, x);
    for (std::size_t t = 0; t < T; ++t) {
      for (std::size_t i = 0; i < width; ++i)
        v[t][i] += (v_first[t][i] - v[t][i]) * sigmoid(mix[t][i]);
    }
  }
  std::vector<rows<double>> outputs;
  for (std::size_t h = 0; h < s.heads; ++h) {
    const rows<double> empty(T, std::vector<double>(N));
    rows<double> decay = empty, key = empty, removal_key = empty, replacement_key = empty;
    for (std::size_t t = 0; t < T; ++t) {
      double square = 0;
      for (std::size_t i = 0; i < N; ++i) {
        removal_key[t][i] = k[h][t][i] * (s.balance_state ? 1 : w.at("k_k")[h * N + i]);
        square += removal_key[t][i] * removal_key[t][i];
      }
      const double length = std::max(std::sqrt(square), 1e-12);
      for (std::size_t i = 0; i < N; ++i) {
        const double softplus = std::log1p(std::exp(-d[t][h * N + i]));
        const double iclr = sigmoid(a[t][h * N + i]);
        const double kappa = removal_key[t][i] / length;
        decay[t][i] = std::exp(-std::exp(-0.5 - softplus));
        key[t][i] = k[h][t][i] * (s.balance_state ? 1 - decay[t][i] + iclr
                                                  : 1 + (iclr - 1) * w.at("k_a")[h * N + i]);
        removal_key[t][i] = -kappa;
        replacement_key[t][i] = kappa * iclr;
      }
    }
    const matrix<double> start(N, std::vector<double>(N, 0));
    outputs.push_back(
        rwkv7(r[h], decay, key, removal_key, replacement_key, head_of(v, h, N), start).y);
  }
  return gated_output(w, s, joined_heads(outputs), x);
}

}  // namespace radlads::reference
