// SPDX-License-Identifier: Apache-2.0
#pragma once
// Causal softmax attention of one sequence, all heads, with its four projections:
//   y_t = sum_{s <= t} softmax_s(q_t . k_s / sqrt(N)) v_s, then o_proj.

#include "reference/projections.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::reference {

/// y (T, C) from x (T, C).
inline rows<double> attention(const weights& w, const mixer_sizes& s, const rows<double>& x) {
  const std::vector<rows<double>> q = turned_heads(w, s, "q", x), k = turned_heads(w, s, "k", x);
  const rows<double> values = repeated_value(w, s, x);
  std::vector<rows<double>> outputs;
  for (std::size_t h = 0; h < s.heads; ++h) {
    const rows<double> v = head_of(values, h, s.head_size);
    rows<double> y(x.size(), std::vector<double>(s.head_size, 0));
    for (std::size_t t = 0; t < x.size(); ++t) {
      double total = 0;
      for (std::size_t past = 0; past <= t; ++past) {
        double score = 0;
        for (std::size_t i = 0; i < s.head_size; ++i) score += q[h][t][i] * k[h][past][i];
        const double share = std::exp(score / std::sqrt(static_cast<double>(s.head_size)));
        total += share;
        for (std::size_t i = 0; i < s.head_size; ++i) y[t][i] += share * v[past][i];
      }
      for (double& value : y[t]) value /= total;
    }
    outputs.push_back(y);
  }
  return linear(w, "o_proj", joined_heads(outputs));
}

}  // namespace radlads::reference
