// SPDX-License-Identifier: Apache-2.0
#pragma once
// RAD-RWKV6 time mixing of one sequence, in the order of the paper's appendix A.1.

#include "reference/gla.hpp"
#include "reference/projections.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <string>
#include <vector>

namespace radlads::reference {

/// The inputs of r, k, v, w, g, in this order, each (T, C).
inline std::vector<rows<double>> shifted_inputs(const weights& w, const mixer_sizes& s,
                                                const rows<double>& x) {
  if (!s.token_shift) return std::vector<rows<double>>(5, x);
  const std::size_t T = x.size(), C = s.hidden;
  rows<double> delta = x, probed = x;
  for (std::size_t t = 0; t < T; ++t) {
    for (std::size_t c = 0; c < C; ++c) {
      delta[t][c] = (t == 0 ? 0 : x[t - 1][c]) - x[t][c];
      probed[t][c] = x[t][c] + delta[t][c] * w.at("time_maa_x")[c];
    }
  }
  const rows<double> low = from_right(w.at("time_maa_w1"), probed);
  const std::size_t R = low[0].size() / 5;
  const std::string letters = "rkvwg";
  std::vector<rows<double>> result;
  for (std::size_t i = 0; i < letters.size(); ++i) {
    const std::vector<double>& mu = w.at("time_maa_" + letters.substr(i, 1));
    rows<double> shifted = x;
    for (std::size_t t = 0; t < T; ++t) {
      for (std::size_t c = 0; c < C; ++c) {
        double blend = mu[c];
        for (std::size_t rank = 0; rank < R; ++rank) {
          blend += std::tanh(low[t][i * R + rank]) * w.at("time_maa_w2")[(i * R + rank) * C + c];
        }
        shifted[t][c] += delta[t][c] * blend;
      }
    }
    result.push_back(shifted);
  }
  return result;
}

/// y (T, C) from x (T, C).
inline rows<double> rad_rwkv6(const weights& w, const mixer_sizes& s, const rows<double>& x) {
  const std::size_t T = x.size(), N = s.head_size;
  const std::vector<rows<double>> in = shifted_inputs(w, s, x);
  const auto r = turned_heads(w, s, "q", in[0]), k = turned_heads(w, s, "k", in[1]);
  const rows<double> v = repeated_value(w, s, in[2]);
  rows<double> low = from_right(w.at("time_decay_w1"), in[3]);
  for (auto& row : low) {
    for (double& value : row) value = std::tanh(value);
  }
  const rows<double> moved = from_right(w.at("time_decay_w2"), low);
  std::vector<rows<double>> outputs;
  for (std::size_t h = 0; h < s.heads; ++h) {
    rows<double> decay(T, std::vector<double>(N)), key = k[h];
    for (std::size_t t = 0; t < T; ++t) {
      for (std::size_t i = 0; i < N; ++i) {
        const double d = w.at("time_decay")[h * N + i] + moved[t][h * N + i];
        decay[t][i] = std::exp(std::max(-std::exp(d), -5.0));
        if (s.balance_state) key[t][i] *= 1 - decay[t][i];
      }
    }
    const matrix<double> start(N, std::vector<double>(N, 0));
    outputs.push_back(gla(r[h], decay, key, head_of(v, h, N), start).y);
  }
  return gated_output(w, s, joined_heads(outputs), in[4]);
}

}  // namespace radlads::reference
