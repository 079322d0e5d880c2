// SPDX-License-Identifier: Apache-2.0
#pragma once
// Each cell as a case of the chunkwise form in reference/chunkwise.hpp: what its inputs are there,
// and how the gradients come back. Inputs and gradients are in the order of the cell's enum, decays
// are logarithms.

#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/rwkv7.hpp"
#include "reference/chunkwise.hpp"

#include <cmath>
#include <cstddef>
#include <vector>

namespace radlads::test {

using head_rows_of = std::vector<reference::rows<double>>;

/// Rows of zeros, as many and as long as these.
inline reference::rows<double> zeros_like(const reference::rows<double>& rows) {
  return {rows.size(), std::vector<double>(rows[0].size(), 0)};
}

template <class Cell>
struct chunkwise_form;

/// Outputs that are those of the chunkwise form.
struct same_outputs {
  static reference::rows<double> outputs(const head_rows_of&, const reference::rows<double>&,
                                         const reference::rows<double>& y) {
    return y;
  }
  static reference::rows<double> output_gradients(const reference::rows<double>& dy) { return dy; }
};

template <>
struct chunkwise_form<recurrence::rwkv7> : same_outputs {
  using c = recurrence::rwkv7;
  static reference::chunk_inputs inputs(const head_rows_of& x, const reference::rows<double>& v) {
    return {x[c::r], x[c::w], x[c::k], x[c::a], x[c::b], v};
  }
  static void gradients(const head_rows_of&, const reference::rows<double>&,
                        const reference::rows<double>&, const reference::chunk_gradients& d,
                        head_rows_of& dx, reference::rows<double>& dv) {
    dx = {d.r, d.log_w, d.k, d.a, d.b};
    dv = d.v;
  }
};

template <>
struct chunkwise_form<recurrence::gla> : same_outputs {
  using c = recurrence::gla;
  static reference::chunk_inputs inputs(const head_rows_of& x, const reference::rows<double>& v) {
    return {x[c::r], x[c::w], x[c::k], zeros_like(x[c::k]), zeros_like(x[c::k]), v};
  }
  static void gradients(const head_rows_of&, const reference::rows<double>&,
                        const reference::rows<double>&, const reference::chunk_gradients& d,
                        head_rows_of& dx, reference::rows<double>& dv) {
    dx = {d.r, d.log_w, d.k};
    dv = d.v;
  }
};

/// A token that changes nothing goes first, and each query moves one token towards it: so a read
/// before the write becomes one after the write of the token before. The bonus is added beside.
template <>
struct chunkwise_form<recurrence::rwkv6> {
  using c = recurrence::rwkv6;
  static reference::rows<double> late(reference::rows<double> rows) {
    rows.insert(rows.begin(), std::vector<double>(rows[0].size(), 0));
    return rows;
  }
  static reference::rows<double> early(reference::rows<double> rows) {
    rows.push_back(std::vector<double>(rows[0].size(), 0));
    return rows;
  }
  static double bonus(const head_rows_of& x, std::size_t t) {
    double sum = 0;
    for (std::size_t j = 0; j < x[c::r][t].size(); ++j)
      sum += x[c::r][t][j] * x[c::u][t][j] * x[c::k][t][j];
    return sum;
  }
  static reference::chunk_inputs inputs(const head_rows_of& x, const reference::rows<double>& v) {
    const auto none = zeros_like(late(x[c::k]));
    return {early(x[c::r]), late(x[c::w]), late(x[c::k]), none, none, late(v)};
  }
  static reference::rows<double> outputs(const head_rows_of& x, const reference::rows<double>& v,
                                         reference::rows<double> y) {
    y.pop_back();
    for (std::size_t t = 0; t < y.size(); ++t) {
      for (std::size_t i = 0; i < y[t].size(); ++i) y[t][i] += bonus(x, t) * v[t][i];
    }
    return y;
  }
  static reference::rows<double> output_gradients(const reference::rows<double>& dy) {
    return early(dy);
  }
  static void gradients(const head_rows_of& x, const reference::rows<double>& v,
                        const reference::rows<double>& dy, reference::chunk_gradients d,
                        head_rows_of& dx, reference::rows<double>& dv) {
    d.r.pop_back();
    for (auto* each : {&d.log_w, &d.k, &d.v}) each->erase(each->begin());
    dx = {d.r, d.log_w, d.k, zeros_like(x[c::u])};
    dv = d.v;
    for (std::size_t t = 0; t < v.size(); ++t) {
      double write = 0;
      for (std::size_t i = 0; i < v[t].size(); ++i) {
        write += v[t][i] * dy[t][i];
        dv[t][i] += bonus(x, t) * dy[t][i];
      }
      for (std::size_t j = 0; j < x[c::u][t].size(); ++j) {
        const double r = x[c::r][t][j], k = x[c::k][t][j], u = x[c::u][t][j];
        dx[c::r][t][j] += u * k * write;
        dx[c::k][t][j] += u * r * write;
        dx[c::u][t][j] += r * k * write;
      }
    }
  }
};

/// a = -beta exp(g) k, b = k, values times beta.
template <>
struct chunkwise_form<recurrence::gated_deltanet> : same_outputs {
  using c = recurrence::gated_deltanet;
  static reference::chunk_inputs inputs(const head_rows_of& x, const reference::rows<double>& v) {
    reference::chunk_inputs to{x[c::r], zeros_like(x[c::k]), x[c::k], x[c::k], x[c::k], v};
    for (std::size_t t = 0; t < v.size(); ++t) {
      const double g = x[c::g][t][0], beta = x[c::b][t][0];
      for (double& each : to.log_w[t]) each = g;
      for (double& each : to.a[t]) each *= -beta * std::exp(g);
      for (double& each : to.v[t]) each *= beta;
    }
    return to;
  }
  static void gradients(const head_rows_of& x, const reference::rows<double>& v,
                        const reference::rows<double>&, const reference::chunk_gradients& d,
                        head_rows_of& dx, reference::rows<double>& dv) {
    dx = {d.r, d.k, zeros_like(x[c::g]), zeros_like(x[c::b])};
    dv = d.v;
    for (std::size_t t = 0; t < v.size(); ++t) {
      const double factor = std::exp(x[c::g][t][0]), beta = x[c::b][t][0];
      for (std::size_t j = 0; j < x[c::k][t].size(); ++j) {
        const double k = x[c::k][t][j];
        dx[c::k][t][j] += d.b[t][j] - d.a[t][j] * beta * factor;
        dx[c::g][t][0] += d.log_w[t][j] - d.a[t][j] * beta * factor * k;
        dx[c::b][t][0] -= d.a[t][j] * factor * k;
      }
      for (std::size_t i = 0; i < v[t].size(); ++i) {
        dx[c::b][t][0] += d.v[t][i] * v[t][i];
        dv[t][i] *= beta;
      }
    }
  }
};

/// a = -beta exp(w) k, b = k, values times beta; the first two for each key.
template <>
struct chunkwise_form<recurrence::kda> : same_outputs {
  using c = recurrence::kda;
  static reference::chunk_inputs inputs(const head_rows_of& x, const reference::rows<double>& v) {
    reference::chunk_inputs to{x[c::r], x[c::w], x[c::k], x[c::k], x[c::k], v};
    for (std::size_t t = 0; t < v.size(); ++t) {
      const double beta = x[c::b][t][0];
      for (std::size_t j = 0; j < to.a[t].size(); ++j)
        to.a[t][j] *= -beta * std::exp(x[c::w][t][j]);
      for (double& each : to.v[t]) each *= beta;
    }
    return to;
  }
  static void gradients(const head_rows_of& x, const reference::rows<double>& v,
                        const reference::rows<double>&, const reference::chunk_gradients& d,
                        head_rows_of& dx, reference::rows<double>& dv) {
    dx = {d.r, d.log_w, d.k, zeros_like(x[c::b])};
    dv = d.v;
    for (std::size_t t = 0; t < v.size(); ++t) {
      const double beta = x[c::b][t][0];
      for (std::size_t j = 0; j < x[c::k][t].size(); ++j) {
        const double k = x[c::k][t][j], factor = std::exp(x[c::w][t][j]);
        dx[c::k][t][j] += d.b[t][j] - d.a[t][j] * beta * factor;
        dx[c::w][t][j] -= d.a[t][j] * beta * factor * k;
        dx[c::b][t][0] -= d.a[t][j] * factor * k;
      }
      for (std::size_t i = 0; i < v[t].size(); ++i) {
        dx[c::b][t][0] += d.v[t][i] * v[t][i];
        dv[t][i] *= beta;
      }
    }
  }
};

/// One decay for all keys, nothing removed.
template <>
struct chunkwise_form<recurrence::mamba2> : same_outputs {
  using c = recurrence::mamba2;
  static reference::chunk_inputs inputs(const head_rows_of& x, const reference::rows<double>& v) {
    const auto none = zeros_like(x[c::k]);
    reference::chunk_inputs to{x[c::r], none, x[c::k], none, none, v};
    for (std::size_t t = 0; t < v.size(); ++t) {
      for (double& each : to.log_w[t]) each = x[c::g][t][0];
    }
    return to;
  }
  static void gradients(const head_rows_of& x, const reference::rows<double>&,
                        const reference::rows<double>&, const reference::chunk_gradients& d,
                        head_rows_of& dx, reference::rows<double>& dv) {
    dx = {d.r, d.k, zeros_like(x[c::g])};
    dv = d.v;
    for (std::size_t t = 0; t < d.log_w.size(); ++t) {
      for (const double each : d.log_w[t]) dx[c::g][t][0] += each;
    }
  }
};

}  // namespace radlads::test
