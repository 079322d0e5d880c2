// SPDX-License-Identifier: Apache-2.0
#pragma once
// A recurrence with the transition diag(w) + a^T b over one chunk of tokens, as products of
// matrices: nothing is stepped, forward or backward. Rows are tokens, the state is value x key.
// Without a and b it is gated linear attention. The decay is given as its logarithm, g is its
// inclusive sum over tokens.

#include "reference/head.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::reference {

struct chunk_inputs {
  rows<double> r, log_w, k, a, b, v;
};

struct chunk_gradients {
  rows<double> r, log_w, k, a, b, v;
  matrix<double> initial;
};

/// The entries at and below the diagonal; only those below it when `is_strict`.
inline matrix<double> lower(matrix<double> m, bool is_strict) {
  for (std::size_t i = 0; i < m.size(); ++i) {
    for (std::size_t j = is_strict ? i : i + 1; j < m[i].size(); ++j) m[i][j] = 0;
  }
  return m;
}

/// (I - m)^-1 for strictly lower m, by forward substitution.
inline matrix<double> inverse_of_one_minus(const matrix<double>& m) {
  matrix<double> result(m.size(), std::vector<double>(m.size(), 0));
  for (std::size_t i = 0; i < m.size(); ++i) {
    result[i][i] = 1;
    for (std::size_t j = 0; j < i; ++j) {
      for (std::size_t n = j; n < i; ++n) result[i][j] += m[i][n] * result[n][j];
    }
  }
  return result;
}

/// m with each entry multiplied by the exponential of the other's.
inline matrix<double> times_exp(matrix<double> m, const matrix<double>& exponent) {
  for (std::size_t i = 0; i < m.size(); ++i) {
    for (std::size_t j = 0; j < m[i].size(); ++j) m[i][j] *= std::exp(exponent[i][j]);
  }
  return m;
}

/// Everything of a chunk that its outputs and gradients are made of.
struct chunk {
  chunk_inputs x;
  matrix<double> initial;
  matrix<double> above, below, inverse, to_end;  // g, g of the token before, -g, g_c - g
  std::vector<double> total;                     // g_c
  matrix<double> Q, A, K, B, K_end, B_end;
  matrix<double> A_ab, A_ak, A_qb, A_qk, M, U;

  chunk(const chunk_inputs& given, const matrix<double>& state) : x(given), initial(state) {
    const std::size_t keys = x.r[0].size();
    total.assign(keys, 0);
    for (const std::vector<double>& step : x.log_w) {
      below.push_back(total);
      for (std::size_t j = 0; j < keys; ++j) total[j] += step[j];
      above.push_back(total);
    }
    for (const std::vector<double>& row : above) {
      inverse.emplace_back();
      to_end.emplace_back();
      for (std::size_t j = 0; j < keys; ++j) {
        inverse.back().push_back(-row[j]);
        to_end.back().push_back(total[j] - row[j]);
      }
    }
    Q = times_exp(x.r, above);
    A = times_exp(x.a, below);
    K = times_exp(x.k, inverse);
    B = times_exp(x.b, inverse);
    K_end = times_exp(x.k, to_end);
    B_end = times_exp(x.b, to_end);
    A_ab = lower(product(A, transpose(B)), true);
    A_ak = lower(product(A, transpose(K)), true);
    A_qb = lower(product(Q, transpose(B)), false);
    A_qk = lower(product(Q, transpose(K)), false);
    M = inverse_of_one_minus(A_ab);
    U = product(M, sum(product(A_ak, x.v), product(A, transpose(initial))));
  }

  rows<double> outputs() const {
    return sum(sum(product(A_qk, x.v), product(A_qb, U)), product(Q, transpose(initial)));
  }

  matrix<double> final_state() const {
    const matrix<double> decays(initial.size(), total);
    return sum(times_exp(initial, decays),
               sum(product(transpose(x.v), K_end), product(transpose(U), B_end)));
  }

  chunk_gradients backward(const rows<double>& dy, const matrix<double>& dfinal) const {
    const matrix<double> dend = transpose(dfinal);
    const matrix<double> dU = sum(product(transpose(A_qb), dy), product(B_end, dend));
    const matrix<double> dZ = product(transpose(M), dU);
    const matrix<double> dA_ak = lower(product(dZ, transpose(x.v)), true);
    const matrix<double> dA_ab = lower(product(dZ, transpose(U)), true);
    const matrix<double> dA_qk = lower(product(dy, transpose(x.v)), false);
    const matrix<double> dA_qb = lower(product(dy, transpose(U)), false);
    chunk_gradients d;
    d.v =
        sum(sum(product(transpose(A_qk), dy), product(K_end, dend)), product(transpose(A_ak), dZ));
    d.r = times_exp(sum(sum(product(dA_qk, K), product(dA_qb, B)), product(dy, initial)), above);
    d.a = times_exp(sum(sum(product(dA_ak, K), product(dA_ab, B)), product(dZ, initial)), below);
    d.k = sum(times_exp(sum(product(transpose(dA_qk), Q), product(transpose(dA_ak), A)), inverse),
              times_exp(product(x.v, dfinal), to_end));
    d.b = sum(times_exp(sum(product(transpose(dA_qb), Q), product(transpose(dA_ab), A)), inverse),
              times_exp(product(U, dfinal), to_end));
    const matrix<double> decays(initial.size(), total);
    d.initial =
        sum(times_exp(dfinal, decays), sum(product(transpose(dy), Q), product(transpose(dZ), A)));
    d.log_w = decay_gradient(d, dfinal);
    return d;
  }

  /// dlog_w_t = sum over tau >= t of g_tau, plus the columns' sums of dfinal * final, with
  /// g_t = r dr - k dk - b db + a_{t+1} da_{t+1}.
  rows<double> decay_gradient(const chunk_gradients& d, const matrix<double>& dfinal) const {
    const std::size_t count = x.r.size(), keys = total.size();
    const matrix<double> last = final_state();
    std::vector<double> running(keys, 0);
    for (std::size_t i = 0; i < last.size(); ++i) {
      for (std::size_t j = 0; j < keys; ++j) running[j] += dfinal[i][j] * last[i][j];
    }
    rows<double> result(count);
    for (std::size_t t = count; t-- > 0;) {
      for (std::size_t j = 0; j < keys; ++j) {
        running[j] += x.r[t][j] * d.r[t][j] - x.k[t][j] * d.k[t][j] - x.b[t][j] * d.b[t][j];
        if (t + 1 < count) running[j] += x.a[t + 1][j] * d.a[t + 1][j];
      }
      result[t] = running;
    }
    return result;
  }
};

}  // namespace radlads::reference
