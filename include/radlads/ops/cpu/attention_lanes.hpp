// SPDX-License-Identifier: Apache-2.0
#pragma once
// Attention for small heads. Forward: query rows are lanes and keys are broadcast, so that maxima
// and sums over keys need no horizontal step. Backward: keys are lanes and query rows are
// broadcast, so that the gradients of sixteen keys and values stay in registers. N is the head size
// padded with zeros.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/attention_rows.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numbers>
#include <type_traits>

namespace radlads::cpu_detail::lanes_attention {

/// Copies the head's `width` <= N numbers, times `factor`, and pads with zeros.
template <int N, class T>
void copy_padded(const T* from, std::int64_t width, real_t<T> factor, T* to) {
  for (std::int64_t n = 0; n < width; ++n) to[n] = from[n] * factor;
  std::fill(to + width, to + N, T(0));
}

template <class T>
lanes<T> larger(const lanes<T>& a, const lanes<T>& b) {
  if constexpr (std::is_same_v<T, real_t<T>>) {
    return lanes<T>(typename lanes<T>::array(a.value.max(b.value)));
  } else {
    lanes<T> result;
    for (int i = 0; i < lanes<T>::width; ++i) {
      result.value[i] = select_at_least(a.value[i], b.value[i], a.value[i], b.value[i]);
    }
    return result;
  }
}

/// 2^x for x <= 0, in float to the last bits: the exponent takes the nearest whole number, a
/// polynomial of relative error 2e-9 the rest. Below 2^-126 it is that.
template <class T>
RADLADS_INLINE lanes<T> power_of_two(const lanes<T>& x) {
  if constexpr (std::is_same_v<T, float>) {
    using array = typename lanes<T>::array;
    using integers = Eigen::Array<std::int32_t, lanes<T>::width, 1>;
    const array bounded = x.value.max(-126.0f), whole = bounded.rint(), r = bounded - whole;
    constexpr float factors[] = {1.33999312e-3f, 9.61848897e-3f, 5.55032878e-2f,
                                 2.40226469e-1f, 6.93147206e-1f, 1.0f};
    array power = array::Constant(1.53458076e-4f);
    for (const float factor : factors) power = power * r + factor;
    integers bits;
    std::memcpy(static_cast<void*>(bits.data()), power.data(), sizeof bits);
    bits += whole.template cast<std::int32_t>().template shiftLeft<23>();
    std::memcpy(static_cast<void*>(power.data()), bits.data(), sizeof bits);
    return lanes<T>(power);
  } else {
    return exp(x * T(std::numbers::ln2));
  }
}

/// sum_n a[n] * x[n]: one number per lane of a. Two chains, because the sum's latency is what
/// waits.
template <int N, class T>
RADLADS_INLINE lanes<T> dot_broadcast(const lanes<T> (&a)[N], const T* x) {
  lanes<T> even = a[0] * x[0], odd = a[1] * x[1];
  RADLADS_UNROLL
  for (int n = 2; n < N; n += 2) {
    even += a[n] * x[n];
    odd += a[n + 1] * x[n + 1];
  }
  return even + odd;
}

/// Running softmax of one row per lane.
template <int N, class T>
struct softmax_rows {
  using lanes_t = lanes<T>;
  lanes_t q[N];   // times scale and log2 of e: scores are logarithms to base two
  lanes_t delay;  // how many keys more than lane 0 a lane sees
  lanes_t maximum = lanes_t(T(std::numeric_limits<real_t<T>>::lowest()));
  lanes_t sum = lanes_t(T(0));
  lanes_t y[N];  // not yet divided by sum

  /// Takes in `count` keys; `pairs` holds key and value of each, 2 N numbers. With Masked, lane 0
  /// sees none of them, and a lane that is delayed by d sees the first d.
  template <bool Masked>
  void add(const T* pairs, std::int64_t count) {
    for (std::int64_t begin = 0; begin < count; begin += chunk) {
      const std::int64_t size = std::min(chunk, count - begin);
      add_chunk<Masked>(pairs + begin * 2 * N, begin, size);
    }
  }

 private:
  // Scores of a chunk stay in the first cache beside the keys; a longer one rescales less often.
  static constexpr std::int64_t chunk = 64;

  template <bool Masked>
  void add_chunk(const T* pairs, std::int64_t first, std::int64_t size) {
    const lanes_t lowest = T(std::numeric_limits<real_t<T>>::lowest());
    lanes_t scores[chunk];
    lanes_t top = maximum;
    for (std::int64_t j = 0; j < size; ++j) {
      lanes_t score = dot_broadcast(q, pairs + j * 2 * N);
      if constexpr (Masked) {
        score = select_at_least(delay, static_cast<T>(static_cast<real_t<T>>(first + j + 1)), score,
                                lowest);
      }
      scores[j] = score;
      top = larger(top, score);
    }
    const lanes_t shrink = power_of_two(maximum - top);
    maximum = top;
    lanes_t total = sum * shrink;
    lanes_t weighted[N];
    RADLADS_UNROLL
    for (int n = 0; n < N; ++n) weighted[n] = y[n] * shrink;
    for (std::int64_t j = 0; j < size; ++j) {
      const T* value = pairs + j * 2 * N + N;
      const lanes_t p = power_of_two(scores[j] - top);
      if constexpr (Masked) {
        // Selecting the sums, not p, keeps a NaN of a hidden value out.
        const T bound = static_cast<T>(static_cast<real_t<T>>(first + j + 1));
        total = select_at_least(delay, bound, total + p, total);
        for (int n = 0; n < N; ++n) {
          weighted[n] = select_at_least(delay, bound, weighted[n] + p * value[n], weighted[n]);
        }
      } else {
        total += p;
        RADLADS_UNROLL
        for (int n = 0; n < N; ++n) weighted[n] += p * value[n];
      }
    }
    sum = total;
    RADLADS_UNROLL
    for (int n = 0; n < N; ++n) y[n] = weighted[n];
  }
};

/// Attention of the query rows [begin, begin + lane width) of one key/value head.
template <int N, class T>
void forward_tile(const attention_inputs<T>& in, std::int64_t batch, std::int64_t kv_head,
                  std::int64_t begin, const T* pairs, view<T, 4> y, view<T, 3> log_sum) {
  using lanes_t = lanes<T>;
  constexpr int W = lanes_t::width;
  const std::int64_t count = std::min<std::int64_t>(W, in.times() * in.group() - begin);
  const std::int64_t first_time = begin / in.group();
  const std::int64_t last_time = (begin + count - 1) / in.group();
  const real_t<T> scale = static_cast<real_t<T>>(in.scale * std::numbers::log2e);
  T transposed[N][W] = {};
  T delay[W] = {};
  for (std::int64_t i = 0; i < count; ++i) {
    const auto [b, t, h] = row_of(in, batch, kv_head, begin + i);
    const T* q = in.q.row(b, t, h);
    for (std::int64_t n = 0; n < in.width(); ++n) transposed[n][i] = q[n] * scale;
    delay[i] = static_cast<T>(static_cast<real_t<T>>(t - first_time));
  }
  softmax_rows<N, T> rows;
  for (int n = 0; n < N; ++n) {
    rows.q[n] = lanes_t::load(transposed[n]);
    rows.y[n] = lanes_t(T(0));
  }
  rows.delay = lanes_t::load(delay);
  const std::int64_t seen_by_all = in.visible(first_time);
  rows.template add<false>(pairs, seen_by_all);
  rows.template add<true>(pairs + seen_by_all * 2 * N, last_time - first_time);
  for (int n = 0; n < N; ++n) (rows.y[n] / rows.sum).store(transposed[n]);
  T log_sums[W];
  (rows.maximum * T(std::numbers::ln2) + log(rows.sum)).store(log_sums);
  for (std::int64_t i = 0; i < count; ++i) {
    const auto [b, t, h] = row_of(in, batch, kv_head, begin + i);
    T* out = y.row(b, t, h);
    for (std::int64_t n = 0; n < in.width(); ++n) out[n] = transposed[n][i];
    if (log_sum.pointer != nullptr) log_sum(b, h, t) = log_sums[i];
  }
}

/// Copies one head's keys and values side by side: (S, 2, N).
template <int N, class T>
void interleave_pairs(const attention_inputs<T>& in, std::int64_t batch, std::int64_t kv_head,
                      T* to) {
  for (std::int64_t s = 0; s < in.keys(); ++s) {
    copy_padded<N>(in.k.row(batch, s, kv_head), in.width(), 1, to + s * 2 * N);
    copy_padded<N>(in.v.row(batch, s, kv_head), in.width(), 1, to + s * 2 * N + N);
  }
}

template <int N, class T>
void forward(cpu_backend& b, const attention_inputs<T>& in, view<T, 4> y, view<T, 3> log_sum) {
  constexpr std::int64_t W = lanes<T>::width;
  const std::int64_t tiles = (in.times() * in.group() + W - 1) / W;
  scratch_scope<cpu_backend> scratch(b);
  const view<T, 2> pairs = scratch.take<T, 2>({b.threads(), in.keys() * 2 * N});
  b.parallel_for(in.batches() * in.kv_heads() * tiles, 4, [&](auto begin, auto end, int worker) {
    T* interleaved = pairs.row(worker);
    std::int64_t interleaved_head = -1;
    for (std::int64_t i = begin; i < end; ++i) {
      const std::int64_t batch = i / tiles / in.kv_heads(), kv_head = i / tiles % in.kv_heads();
      if (i / tiles != interleaved_head) interleave_pairs<N>(in, batch, kv_head, interleaved);
      interleaved_head = i / tiles;
      const std::int64_t row = balanced_tile(i % tiles, tiles) * W;
      forward_tile<N>(in, batch, kv_head, row, interleaved, y, log_sum);
    }
  });
}

/// Gradients of the lanes of keys and values, and what they add to the queries' gradients.
template <int N, class T>
struct key_gradients {
  using lanes_t = lanes<T>;
  static constexpr int W = lanes_t::width;
  static constexpr std::int64_t row_size = 2 * N + 2;  // q times scale, dy, log_sum, y.dy
  lanes_t k[N], v[N];                                  // lanes are keys
  lanes_t dk[N], dv[N];
  lanes<T, N> scaled_k[W];  // lanes are channels
  lanes_t order;            // W - 1, ..., 0: how many keys of the lanes follow

  /// Adds the rows [begin, end) of `rows` (row_size numbers each) to dk and dv, and these lanes'
  /// part to dq (N numbers each). With Masked, row r sees `seen(r)` keys of the lanes.
  template <bool Masked, class Seen>
  void add(const T* rows, std::int64_t begin, std::int64_t end, T* dq, Seen&& seen) {
    for (std::int64_t block = begin; block < end; block += block_size) {
      const std::int64_t size = std::min(block_size, end - block);
      lanes_t p[block_size], ds[block_size];
      weigh<Masked>(rows, block, size, p, seen);
      add_to_keys(rows + block * row_size, size, p, ds);
      add_to_queries(ds, size, dq + block * N);
    }
  }

 private:
  // Three short loops over a block keep their operands in registers; one long loop would not.
  static constexpr std::int64_t block_size = 64;

  template <bool Masked, class Seen>
  void weigh(const T* rows, std::int64_t block, std::int64_t size, lanes_t* p, Seen&& seen) const {
    for (std::int64_t i = 0; i < size; ++i) {
      const T* row = rows + (block + i) * row_size;
      p[i] = exp(dot_broadcast(k, row) - row[2 * N]);
      if constexpr (Masked) {
        const auto hidden = static_cast<real_t<T>>(W - seen(block + i));
        p[i] = select_at_least(order, static_cast<T>(hidden), p[i], lanes_t(T(0)));
      }
    }
  }

  void add_to_keys(const T* rows, std::int64_t size, const lanes_t* p, lanes_t* ds) {
    lanes_t k_sum[N], v_sum[N];
    RADLADS_UNROLL
    for (int n = 0; n < N; ++n) {
      k_sum[n] = dk[n];
      v_sum[n] = dv[n];
    }
    for (std::int64_t i = 0; i < size; ++i) {
      const T* row = rows + i * row_size;
      const lanes_t weight = p[i];
      const lanes_t slope = weight * (dot_broadcast(v, row + N) - row[2 * N + 1]);
      ds[i] = slope;
      RADLADS_UNROLL
      for (int n = 0; n < N; ++n) {
        k_sum[n] += slope * row[n];
        v_sum[n] += weight * row[N + n];
      }
    }
    RADLADS_UNROLL
    for (int n = 0; n < N; ++n) {
      dk[n] = k_sum[n];
      dv[n] = v_sum[n];
    }
  }

  void add_to_queries(const lanes_t* ds, std::int64_t size, T* dq) const {
    for (std::int64_t i = 0; i < size; ++i) {
      lanes<T, N> even = lanes<T, N>::load(dq + i * N), odd(T(0));
      RADLADS_UNROLL
      for (int j = 0; j < W; j += 2) {
        even += scaled_k[j] * ds[i].value[j];
        odd += scaled_k[j + 1] * ds[i].value[j + 1];
      }
      (even + odd).store(dq + i * N);
    }
  }
};

/// Reads the `count` keys and values from s on; the other lanes become zero.
template <int N, class T>
void load_keys(const attention_inputs<T>& in, std::int64_t batch, std::int64_t kv_head,
               std::int64_t s, std::int64_t count, key_gradients<N, T>& keys) {
  using lanes_t = lanes<T>;
  constexpr int W = lanes_t::width;
  T k[N][W] = {}, v[N][W] = {};
  T row[N] = {};
  for (int i = 0; i < W; ++i) {
    keys.order.value[i] = static_cast<T>(static_cast<real_t<T>>(W - 1 - i));
    if (i < count) {
      for (std::int64_t n = 0; n < in.width(); ++n) {
        k[n][i] = in.k(batch, s + i, kv_head, n);
        v[n][i] = in.v(batch, s + i, kv_head, n);
      }
      copy_padded<N>(in.k.row(batch, s + i, kv_head), in.width(), in.scale, row);
    } else {
      std::fill(row, row + N, T(0));
    }
    keys.scaled_k[i] = lanes<T, N>::load(row);
  }
  for (int n = 0; n < N; ++n) {
    keys.k[n] = lanes_t::load(k[n]);
    keys.v[n] = lanes_t::load(v[n]);
    keys.dk[n] = keys.dv[n] = lanes_t(T(0));
  }
}

/// Gradients of one key/value head and of the query heads of its group. rows: T x group rows of
/// row_size numbers; dq: the same rows of N numbers.
template <int N, class T>
void backward_head(const attention_inputs<T>& in, std::int64_t batch, std::int64_t kv_head,
                   const attention_gradients<T>& out, T* rows, T* dq) {
  using keys_type = key_gradients<N, T>;
  constexpr int W = keys_type::W;
  const std::int64_t count = in.times() * in.group(), width = in.width();
  for (std::int64_t r = 0; r < count; ++r) {
    const auto [b, t, h] = row_of(in, batch, kv_head, r);
    T* row = rows + r * keys_type::row_size;
    const T *y = out.y.row(b, t, h), *dy = out.dy.row(b, t, h);
    copy_padded<N>(in.q.row(b, t, h), width, in.scale, row);
    copy_padded<N>(dy, width, 1, row + N);
    T delta(0);
    for (std::int64_t n = 0; n < width; ++n) delta += y[n] * dy[n];
    row[2 * N] = out.log_sum(b, h, t);
    row[2 * N + 1] = delta;
  }
  std::fill(dq, dq + count * N, T(0));
  keys_type keys;
  for (std::int64_t s = 0; s < in.keys(); s += W) {
    const std::int64_t size = std::min<std::int64_t>(W, in.keys() - s);
    load_keys(in, batch, kv_head, s, size, keys);
    // Time t sees key s from t = s - (S - T) on.
    const std::int64_t before = in.keys() - in.times();
    const auto rows_before = [&](std::int64_t key) {
      return std::clamp<std::int64_t>(key - before, 0, in.times()) * in.group();
    };
    const std::int64_t some = rows_before(s), all = rows_before(s + W - 1);
    const auto seen = [&](std::int64_t r) { return in.visible(r / in.group()) - s; };
    keys.template add<true>(rows, some, all, dq, seen);
    keys.template add<false>(rows, all, count, dq, seen);
    for (std::int64_t i = 0; i < size; ++i) {
      for (std::int64_t n = 0; n < width; ++n) {
        out.dk(batch, s + i, kv_head, n) = keys.dk[n].value[i];
        out.dv(batch, s + i, kv_head, n) = keys.dv[n].value[i];
      }
    }
  }
  for (std::int64_t r = 0; r < count; ++r) {
    const auto [b, t, h] = row_of(in, batch, kv_head, r);
    std::copy(dq + r * N, dq + r * N + width, out.dq.row(b, t, h));
  }
}

template <int N, class T>
void backward(cpu_backend& b, const attention_inputs<T>& in, const attention_gradients<T>& out) {
  const std::int64_t count = in.times() * in.group();
  scratch_scope<cpu_backend> scratch(b);
  const view<T, 2> rows = scratch.take<T, 2>({b.threads(), count * key_gradients<N, T>::row_size});
  const view<T, 2> dq = scratch.take<T, 2>({b.threads(), count * N});
  b.parallel_for(in.batches() * in.kv_heads(), 1, [&](auto begin, auto end, int worker) {
    for (std::int64_t i = begin; i < end; ++i) {
      backward_head<N>(in, i / in.kv_heads(), i % in.kv_heads(), out, rows.row(worker),
                       dq.row(worker));
    }
  });
}

}  // namespace radlads::cpu_detail::lanes_attention
