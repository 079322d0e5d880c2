// SPDX-License-Identifier: Apache-2.0
#pragma once
// Attention by matrix products on tiles of queries and keys: for wide heads, and for a single query
// per sequence, where the query heads of a group form the rows.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/attention_rows.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace radlads::cpu_detail::product_attention {

template <class T>
using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
/// Rows of a view that lie a stride apart.
template <class X>
using matrix_map =
    Eigen::Map<std::conditional_t<std::is_const_v<X>, const matrix<std::remove_const_t<X>>,
                                  matrix<std::remove_const_t<X>>>,
               Eigen::Unaligned, Eigen::OuterStride<>>;
template <class T>
using row_map = Eigen::Map<Eigen::Array<T, 1, Eigen::Dynamic>>;

inline constexpr std::int64_t query_tile = 64;
inline constexpr std::int64_t key_tile = 64;
// A single query is bound by reading keys and values: longer tiles, fewer calls.
inline constexpr std::int64_t single_query_key_tile = 512;

/// The axes of (B, T, H, N) along which rows may run.
enum class along : int { time = 1, heads = 2 };

/// `count` rows of a view from one position on.
struct row_range {
  std::int64_t batch, time, head, count;
  along axis;

  template <class X>
  matrix_map<X> of(const view<X, 4>& x) const {
    return {x.row(batch, time, head), count, x.extent(3),
            Eigen::OuterStride<>(x.stride(static_cast<int>(axis)))};
  }
  std::int64_t time_of(std::int64_t row) const { return axis == along::time ? time + row : time; }
  std::int64_t head_of(std::int64_t row) const { return axis == along::heads ? head + row : head; }
};

template <class T>
T largest(const row_map<T>& x) {
  if constexpr (std::is_same_v<T, real_t<T>>) {
    return x.maxCoeff();
  } else {
    T result = x[0];
    for (Eigen::Index i = 1; i < x.size(); ++i)
      result = select_at_least(x[i], result, x[i], result);
    return result;
  }
}

/// Running softmax of up to query_tile rows; y holds the weighted sums, not yet divided.
template <class T>
struct softmax_tile {
  T maximum[query_tile];
  T sum[query_tile];

  softmax_tile() {
    std::fill(maximum, maximum + query_tile, T(std::numeric_limits<real_t<T>>::lowest()));
    std::fill(sum, sum + query_tile, T(0));
  }

  /// Turns row i's scores into weights and returns the factor for what the row has summed before.
  T take(std::int64_t i, row_map<T> scores) {
    const T before = maximum[i], seen = largest(scores);
    maximum[i] = select_at_least(seen, before, seen, before);
    scores = (scores - maximum[i]).exp();
    const T shrink = std::exp(before - maximum[i]);
    sum[i] = sum[i] * shrink + scores.sum();
    return shrink;
  }
};

/// Attention of one range of queries. scores: query_tile rows of key tile numbers, undefined.
template <class T>
void forward_rows(const attention_inputs<T>& in, const row_range& range, view<T, 2> scores,
                  view<T, 4> y, view<T, 3> log_sum) {
  const std::int64_t kv_head = range.head / in.group(), length = scores.extent(1);
  const matrix_map<const T> q = range.of(in.q);
  matrix_map<T> out = range.of(y);
  out.setZero();
  softmax_tile<T> softmax;
  const std::int64_t seen_by_all = in.visible(range.time);
  const std::int64_t seen = in.visible(range.time_of(range.count - 1));
  for (std::int64_t s = 0; s < seen; s += length) {
    const row_range keys{range.batch, s, kv_head, std::min(length, seen - s), along::time};
    const matrix_map<const T> k = keys.of(in.k), v = keys.of(in.v);
    matrix_map<T> p(scores.pointer, range.count, keys.count, Eigen::OuterStride<>(length));
    p.noalias() = (T(in.scale) * q) * k.transpose();
    for (std::int64_t i = 0; i < range.count; ++i) {
      const std::int64_t size = std::min(in.visible(range.time_of(i)) - s, keys.count);
      if (size <= 0) continue;
      out.row(i) *= softmax.take(i, row_map<T>(scores.row(i), size));
      // On the diagonal row by row: hidden values are not even multiplied by zero.
      if (s + keys.count > seen_by_all)
        out.row(i).noalias() += p.row(i).head(size) * v.topRows(size);
    }
    if (s + keys.count <= seen_by_all) out.noalias() += p * v;
  }
  for (std::int64_t i = 0; i < range.count; ++i) {
    out.row(i) /= softmax.sum[i];
    if (log_sum.pointer == nullptr) continue;
    log_sum(range.batch, range.head_of(i), range.time_of(i)) =
        softmax.maximum[i] + std::log(softmax.sum[i]);
  }
}

template <class T>
void forward(cpu_backend& b, const attention_inputs<T>& in, view<T, 4> y, view<T, 3> log_sum) {
  const bool single = in.times() == 1;
  const along axis = single ? along::heads : along::time;
  // Rows of a task: the heads of a group, or the times of a head.
  const std::int64_t rows = single ? in.group() : in.times();
  const std::int64_t head_count = single ? in.kv_heads() : in.q.extent(2);
  const std::int64_t tiles = (rows + query_tile - 1) / query_tile;
  const std::int64_t length = single ? single_query_key_tile : key_tile;
  scratch_scope<cpu_backend> scratch(b);
  const view<T, 3> scores = scratch.take<T, 3>({b.threads(), std::min(rows, query_tile), length});
  b.parallel_for(in.batches() * head_count * tiles, 1, [&](auto begin, auto end, int worker) {
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t first = balanced_tile(i % tiles, tiles) * query_tile;
      const std::int64_t batch = i / tiles / head_count, head_index = i / tiles % head_count;
      const std::int64_t time = single ? 0 : first;
      const std::int64_t head = single ? head_index * in.group() + first : head_index;
      forward_rows(in, {batch, time, head, std::min(query_tile, rows - first), axis},
                   view<T, 2>(scores.row(worker, 0), {scores.extent(1), length}), y, log_sum);
    }
  });
}

/// Adds the gradients that one tile of queries and one of keys give each other. p, ds: scratch of
/// query_tile x key_tile numbers; delta: y.dy of the queries.
template <class T>
void backward_tile(const attention_inputs<T>& in, const row_range& queries, const row_range& keys,
                   const attention_gradients<T>& out, T* p_memory, T* ds_memory, const T* delta) {
  const matrix_map<const T> q = queries.of(in.q), dy = queries.of(out.dy);
  const matrix_map<const T> k = keys.of(in.k), v = keys.of(in.v);
  const Eigen::OuterStride<> stride(key_tile);
  matrix_map<T> p(p_memory, queries.count, keys.count, stride);
  matrix_map<T> ds(ds_memory, queries.count, keys.count, stride);
  p.noalias() = (T(in.scale) * q) * k.transpose();
  ds.noalias() = dy * v.transpose();
  for (std::int64_t i = 0; i < queries.count; ++i) {
    const std::int64_t t = queries.time + i;
    const std::int64_t seen = std::clamp<std::int64_t>(in.visible(t) - keys.time, 0, keys.count);
    row_map<T> p_row(p_memory + i * key_tile, keys.count),
        ds_row(ds_memory + i * key_tile, keys.count);
    p_row.head(seen) = (p_row.head(seen) - out.log_sum(queries.batch, queries.head, t)).exp();
    ds_row.head(seen) = T(in.scale) * p_row.head(seen) * (ds_row.head(seen) - delta[i]);
    p_row.tail(keys.count - seen).setZero();
    ds_row.tail(keys.count - seen).setZero();
  }
  keys.of(out.dv).noalias() += p.transpose() * dy;
  keys.of(out.dk).noalias() += ds.transpose() * q;
  queries.of(out.dq).noalias() += ds * k;
}

/// Gradients of one key/value head and of the query heads of its group. delta: (group, T).
template <class T>
void backward_head(const attention_inputs<T>& in, std::int64_t batch, std::int64_t kv_head,
                   const attention_gradients<T>& out, T* p, T* ds, T* delta) {
  const std::int64_t times = in.times(), first_head = kv_head * in.group();
  for (std::int64_t g = 0; g < in.group(); ++g) {
    const row_range all{batch, 0, first_head + g, times, along::time};
    all.of(out.dq).setZero();
    for (std::int64_t t = 0; t < times; ++t) {
      const Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>> y(out.y.row(batch, t, all.head),
                                                                   in.width());
      const Eigen::Map<const Eigen::Array<T, Eigen::Dynamic, 1>> dy(out.dy.row(batch, t, all.head),
                                                                    in.width());
      delta[g * times + t] = (y * dy).sum();
    }
  }
  for (std::int64_t s = 0; s < in.keys(); s += key_tile) {
    const row_range keys{batch, s, kv_head, std::min(key_tile, in.keys() - s), along::time};
    keys.of(out.dk).setZero();
    keys.of(out.dv).setZero();
    // Time t sees key s from t = s - (S - T) on; earlier tiles of queries are skipped.
    const std::int64_t first = std::max<std::int64_t>(s - (in.keys() - times), 0);
    for (std::int64_t g = 0; g < in.group(); ++g) {
      for (std::int64_t t = first; t < times; t += query_tile) {
        const row_range queries{batch, t, first_head + g, std::min(query_tile, times - t),
                                along::time};
        backward_tile(in, queries, keys, out, p, ds, delta + g * times + t);
      }
    }
  }
}

template <class T>
void backward(cpu_backend& b, const attention_inputs<T>& in, const attention_gradients<T>& out) {
  scratch_scope<cpu_backend> scratch(b);
  const view<T, 2> p = scratch.take<T, 2>({b.threads(), query_tile * key_tile});
  const view<T, 2> ds = scratch.take<T, 2>({b.threads(), query_tile * key_tile});
  const view<T, 2> delta = scratch.take<T, 2>({b.threads(), in.group() * in.times()});
  b.parallel_for(in.batches() * in.kv_heads(), 1, [&](auto begin, auto end, int worker) {
    for (std::int64_t i = begin; i < end; ++i) {
      backward_head(in, i / in.kv_heads(), i % in.kv_heads(), out, p.row(worker), ds.row(worker),
                    delta.row(worker));
    }
  });
}

}  // namespace radlads::cpu_detail::product_attention
