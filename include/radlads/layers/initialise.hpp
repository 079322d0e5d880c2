// SPDX-License-Identifier: Apache-2.0
#pragma once
// Values that parameters start from: constants, uniform, normal and orthogonal numbers. They are
// drawn on the host from a stream named after the tensor and then copied, so they do not depend on
// backend, scalar, thread count or on which other tensors exist.

#include "radlads/core/backend.hpp"
#include "radlads/core/random.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace radlads::layers {

/// Where the random tensors of one module come from.
struct tensor_source {
  std::uint64_t seed = 1337;
  std::string prefix;  ///< "model.layers.3.self_attn."

  random_stream of(const std::string& name) const { return {seed, stream_of(prefix + name)}; }
};

/// Writes value(i) to every element i.
template <class T, int Rank, class B, class F>
void fill(B& b, tensor<T, Rank, B>& t, F&& value) {
  std::vector<T> host(static_cast<std::size_t>(t.size()));
  for (std::size_t i = 0; i < host.size(); ++i) {
    host[i] = static_cast<T>(static_cast<real_t<T>>(value(static_cast<std::int64_t>(i))));
  }
  b.copy(t.data(), host.data(), host.size() * sizeof(T));
  b.synchronize();
}

template <class T, int Rank, class B>
void fill_constant(B& b, tensor<T, Rank, B>& t, double value) {
  fill(b, t, [&](std::int64_t) { return value; });
}

template <class T, int Rank, class B>
void fill_uniform(B& b, tensor<T, Rank, B>& t, double low, double high,
                  const random_stream& source) {
  fill(b, t, [&](std::int64_t i) {
    return low + (high - low) * source.uniform(static_cast<std::uint64_t>(i));
  });
}

template <class T, int Rank, class B>
void fill_normal(B& b, tensor<T, Rank, B>& t, double deviation, const random_stream& source) {
  fill(b, t,
       [&](std::int64_t i) { return deviation * source.normal(static_cast<std::uint64_t>(i)); });
}

/// Rows times columns orthogonal numbers: orthonormal along the shorter side, times
/// scale * sqrt(rows / columns) when rows > columns, else scale. Gram and Schmidt on normal
/// numbers, which is QR with a positive diagonal of R, twice for orthogonality to rounding.
inline std::vector<double> orthogonal_matrix(std::int64_t rows, std::int64_t columns, double scale,
                                             const random_stream& source) {
  const bool is_tall = rows > columns;
  const auto count = static_cast<std::size_t>(is_tall ? columns : rows);
  const auto length = static_cast<std::size_t>(is_tall ? rows : columns);
  std::vector<double> q(count * length);
  for (std::size_t i = 0; i < q.size(); ++i) q[i] = source.normal(i);
  const auto row = [&](std::size_t i) { return q.data() + i * length; };
  for (std::size_t i = 0; i < count; ++i) {
    for (int pass = 0; pass < 2; ++pass) {
      for (std::size_t j = 0; j < i; ++j) {
        double along = 0;
        for (std::size_t x = 0; x < length; ++x) along += row(i)[x] * row(j)[x];
        for (std::size_t x = 0; x < length; ++x) row(i)[x] -= along * row(j)[x];
      }
    }
    double square = 0;
    for (std::size_t x = 0; x < length; ++x) square += row(i)[x] * row(i)[x];
    for (std::size_t x = 0; x < length; ++x) row(i)[x] /= std::sqrt(square);
  }
  const double gain =
      is_tall ? scale * std::sqrt(static_cast<double>(rows) / static_cast<double>(columns)) : scale;
  std::vector<double> result(count * length);
  for (std::size_t i = 0; i < count; ++i) {
    for (std::size_t x = 0; x < length; ++x) {
      result[is_tall ? x * count + i : i * length + x] = gain * row(i)[x];
    }
  }
  return result;
}

template <class T, class B>
void fill_orthogonal(B& b, tensor<T, 2, B>& t, double scale, const random_stream& source) {
  const std::vector<double> values = orthogonal_matrix(t.extent(0), t.extent(1), scale, source);
  fill(b, t, [&](std::int64_t i) { return values[static_cast<std::size_t>(i)]; });
}

}  // namespace radlads::layers
