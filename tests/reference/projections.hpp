// SPDX-License-Identifier: Apache-2.0
#pragma once
// What softmax attention and the RAD mixers share, for one sequence: projections with rows x = (T,
// C), head norms, rotary position, grouped heads, and gate and output projection. Weights are flat
// lists under the names of the files.

#include "reference/head.hpp"

#include <cmath>
#include <cstddef>
#include <map>
#include <string>
#include <vector>

namespace radlads::reference {

using weights = std::map<std::string, std::vector<double>>;

struct mixer_sizes {
  std::size_t hidden = 0, heads = 0, kv_heads = 0, head_size = 0;
  double rope_base = 1e4, norm_epsilon = 1e-6;
  double rope_divisor = 1;  // of positions: linear scaling
  bool use_rope = true, qk_norm = false;
  bool balance_state = true, group_norm = false, token_shift = false;
  int gate_rank_type = 2;
};

inline double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }

/// A stored list as a matrix of that many columns.
inline matrix<double> as_matrix(const std::vector<double>& flat, std::size_t columns) {
  matrix<double> result;
  for (std::size_t i = 0; i < flat.size(); i += columns) {
    result.emplace_back(flat.begin() + static_cast<std::ptrdiff_t>(i),
                        flat.begin() + static_cast<std::ptrdiff_t>(i + columns));
  }
  return result;
}

/// x W^T + b, with the bias only if the file has one.
inline rows<double> linear(const weights& w, const std::string& name, const rows<double>& x) {
  rows<double> y = product(x, transpose(as_matrix(w.at(name + ".weight"), x[0].size())));
  const auto bias = w.find(name + ".bias");
  if (bias == w.end()) return y;
  for (std::vector<double>& row : y) {
    for (std::size_t i = 0; i < row.size(); ++i) row[i] += bias->second[i];
  }
  return y;
}

/// x A for a factor stored as used from the right.
inline rows<double> from_right(const std::vector<double>& factor, const rows<double>& x) {
  return product(x, as_matrix(factor, factor.size() / x[0].size()));
}

/// Turns the pair (i, i + N/2) of a head by position base^(-2i/N).
inline std::vector<double> rotated(const std::vector<double>& head, double position, double base) {
  const std::size_t half = head.size() / 2;
  std::vector<double> result(head.size());
  for (std::size_t i = 0; i < half; ++i) {
    const double exponent = -2.0 * static_cast<double>(i) / static_cast<double>(head.size());
    const double angle = position * std::pow(base, exponent);
    result[i] = head[i] * std::cos(angle) - head[i + half] * std::sin(angle);
    result[i + half] = head[i + half] * std::cos(angle) + head[i] * std::sin(angle);
  }
  return result;
}

/// The channels of one head out of rows.
inline rows<double> head_of(const rows<double>& x, std::size_t head, std::size_t head_size) {
  rows<double> result;
  for (const std::vector<double>& row : x) {
    const auto begin = row.begin() + static_cast<std::ptrdiff_t>(head * head_size);
    result.emplace_back(begin, begin + static_cast<std::ptrdiff_t>(head_size));
  }
  return result;
}

/// The projection q_proj or k_proj, normalised and rotated, of every query head: head h reads the
/// group h / (H / Hkv). `letter` is "q" or "k".
inline std::vector<rows<double>> turned_heads(const weights& w, const mixer_sizes& s,
                                              const std::string& letter, const rows<double>& x) {
  const rows<double> projected = linear(w, letter + "_proj", x);
  const std::size_t own_heads = projected[0].size() / s.head_size;
  std::vector<rows<double>> result;
  for (std::size_t h = 0; h < s.heads; ++h) {
    rows<double> head = head_of(projected, h / (s.heads / own_heads), s.head_size);
    for (std::size_t t = 0; t < head.size(); ++t) {
      if (s.qk_norm) {
        double square = 0;
        for (const double value : head[t]) square += value * value;
        const double root = std::sqrt(square / static_cast<double>(s.head_size) + s.norm_epsilon);
        for (std::size_t i = 0; i < s.head_size; ++i) {
          head[t][i] *= w.at(letter + "_norm.weight")[i] / root;
        }
      }
      if (s.use_rope)
        head[t] = rotated(head[t], static_cast<double>(t) / s.rope_divisor, s.rope_base);
    }
    result.push_back(head);
  }
  return result;
}

/// The projection v_proj with its heads repeated: (T, D_a).
inline rows<double> repeated_value(const weights& w, const mixer_sizes& s, const rows<double>& x) {
  const rows<double> projected = linear(w, "v_proj", x);
  rows<double> result;
  for (const std::vector<double>& row : projected) {
    result.emplace_back();
    for (std::size_t h = 0; h < s.heads; ++h) {
      for (std::size_t i = 0; i < s.head_size; ++i) {
        result.back().push_back(row[h / (s.heads / s.kv_heads) * s.head_size + i]);
      }
    }
  }
  return result;
}

/// Side by side the outputs of all heads: (T, D_a).
inline rows<double> joined_heads(const std::vector<rows<double>>& heads) {
  rows<double> result = heads[0];
  for (std::size_t h = 1; h < heads.size(); ++h) {
    for (std::size_t t = 0; t < result.size(); ++t) {
      result[t].insert(result[t].end(), heads[h][t].begin(), heads[h][t].end());
    }
  }
  return result;
}

/// Scale or group norm, gate and o_proj behind a recurrence; `read` is (T, D_a), `x` the gate's
/// input.
inline rows<double> gated_output(const weights& w, const mixer_sizes& s, rows<double> read,
                                 const rows<double>& x) {
  const double N = static_cast<double>(s.head_size);
  rows<double> gate;
  if (s.gate_rank_type == 1) {
    gate = linear(w, "gate", x);
    for (auto& row : gate) {
      for (double& value : row) value = sigmoid(value);
    }
  }
  if (s.gate_rank_type == 2) {
    rows<double> low = from_right(w.at("g1"), x);
    for (auto& row : low) {
      for (double& value : row) value = sigmoid(value);
    }
    gate = from_right(w.at("g2"), low);
  }
  for (std::size_t t = 0; t < read.size(); ++t) {
    for (std::size_t h = 0; h < s.heads; ++h) {
      double mean = 0, variance = 0;
      for (std::size_t i = 0; i < s.head_size; ++i) mean += read[t][h * s.head_size + i] / N;
      for (std::size_t i = 0; i < s.head_size; ++i) {
        variance += std::pow(read[t][h * s.head_size + i] - mean, 2) / N;
      }
      for (std::size_t i = h * s.head_size; i < (h + 1) * s.head_size; ++i) {
        if (s.group_norm) {
          read[t][i] =
              (read[t][i] - mean) / std::sqrt(variance + N * 1e-5) * w.at("ln_x.weight")[i] +
              w.at("ln_x.bias")[i];
        } else {
          read[t][i] /= std::sqrt(N);
        }
        if (s.gate_rank_type != 0) read[t][i] *= gate[t][i];
      }
    }
  }
  return linear(w, "o_proj", read);
}

}  // namespace radlads::reference
