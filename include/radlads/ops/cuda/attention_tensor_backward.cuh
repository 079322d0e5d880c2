// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of attention in bf16 on tensor cores, head sizes 64 and 128. One kernel owns queries
// and one owns keys: both make the weights again from scores and log_sum, so that every sum has one
// warp and one order. Weights and gradients of scores are rounded to bf16 as operands; everything
// else is float.
//   p_ts = exp(scale q_t.k_s - log_sum_t),   ds_ts = p_ts (dy_t.v_s - delta_t),   delta_t =
//   dy_t.y_t dq_t = scale sum_s ds_ts k_s,   dk_s = scale sum_t ds_ts q_t,   dv_s = sum_t p_ts dy_t

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/mma.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/attention_tensor.cuh"
#include "radlads/ops/cuda/attention_tiled.cuh"

#include <cstdint>
#include <limits>

namespace radlads::cuda_detail {

/// Keys of a tile in the kernel that owns queries.
inline constexpr int tensor_query_kernel_keys = 32;
template <int D>
inline constexpr int tensor_query_kernel_bytes = (2 * tensor_query_rows +
                                                  4 * tensor_query_kernel_keys) *
                                                 2 * D;

/// Gradient of the queries. Block: 128 queries of a head. Shared memory: q, dy, then twice k and v.
template <int D>
RADLADS_KERNEL __launch_bounds__(tensor_attention_threads, 2)
    tensor_attention_query_kernel(const __grid_constant__ attention_args<bf16> a) {
  constexpr int tile = tensor_query_kernel_keys, tile_bytes = tile * 2 * D;
  constexpr int rows_bytes = tensor_query_rows * 2 * D, warp_bytes = tensor_query_warp_rows * 2 * D;
  extern __shared__ __align__(256) unsigned char attention_tiles[];
  const query_block block(a);
  const int warp = static_cast<int>(threadIdx.x) / warp_size,
            lane = static_cast<int>(threadIdx.x) % warp_size;
  const std::uint32_t q = shared_address(attention_tiles), stages = q + 2 * rows_bytes;
  const std::int64_t first_row = block.first + warp * tensor_query_warp_rows;

  const auto copy_keys = [&](std::int64_t first, int stage) {
    const std::uint32_t to = stages + stage * 2 * tile_bytes;
    copy_tile<D, tile>(to, a.k.at(block.b, first, block.kv), a.k.time, block.keys - first);
    copy_tile<D, tile>(to + tile_bytes, a.v.at(block.b, first, block.kv), a.v.time,
                       block.keys - first);
  };
  const std::int64_t count = a.queries - block.first;
  copy_tile<D, tensor_query_rows>(q, a.q.at(block.b, block.first, block.h), a.q.time, count);
  copy_tile<D, tensor_query_rows>(q + rows_bytes, a.dy.at(block.b, block.first, block.h), a.dy.time,
                                  count);
  copy_keys(0, 0);
  commit_copies();

  float log_sum[4], delta[4];  // of rows lane / 4 + 8 i, the first times log2(e)
  RADLADS_UNROLL
  for (int i = 0; i < 4; ++i) {
    const std::int64_t t = first_row + lane / 4 + 8 * i;
    const std::int64_t at = (block.b * a.heads + block.h) * a.queries + t;
    // Infinite behind the last query: its weights are zero.
    log_sum[i] = t < a.queries ? a.log_sum[at] * log2_of_e : std::numeric_limits<float>::infinity();
    delta[i] = t < a.queries ? a.delta[at] : 0;
  }
  float dq[2][D / 8][4] = {};
  const float factor = a.scale * log2_of_e;
  const std::uint32_t own_q = q + warp * warp_bytes + lane_rows_first<D>(),
                      own_dy = own_q + rows_bytes;
  int stage = 0;
  for (std::int64_t first = 0; first < block.keys; first += tile, stage ^= 1) {
    wait_for_copies<0>();
    __syncthreads();  // the tile is there for all, and nobody still reads the other one
    if (first + tile < block.keys) copy_keys(first + tile, stage ^ 1);
    commit_copies();
    const std::int64_t reach = block.before + first_row - first;
    if (reach + tensor_query_warp_rows <= 0)
      continue;  // this warp's queries see none of these keys
    const std::uint32_t k = stages + stage * 2 * tile_bytes;
    float p[2][tile / 8][4] = {};
    add_scores<D>(own_q, k + lane_columns_first<D>(), p);
    RADLADS_UNROLL
    for (int m = 0; m < 2; ++m) {
      RADLADS_UNROLL
      for (int n = 0; n < tile / 8; ++n) {
        RADLADS_UNROLL
        for (int i = 0; i < 4; ++i)
          p[m][n][i] = exp2_of(p[m][n][i] * factor - log_sum[2 * m + i / 2]);
      }
    }
    if (reach < tile - 1) hide_scores(p, static_cast<int>(reach), 0.0f);
    float ds[2][tile / 8][4] = {};
    add_scores<D>(own_dy, k + tile_bytes + lane_columns_first<D>(), ds);
    RADLADS_UNROLL
    for (int m = 0; m < 2; ++m) {
      RADLADS_UNROLL
      for (int n = 0; n < tile / 8; ++n) {
        RADLADS_UNROLL
        for (int i = 0; i < 4; ++i) ds[m][n][i] = p[m][n][i] * (ds[m][n][i] - delta[2 * m + i / 2]);
      }
    }
    add_weighted<D>(ds, k + lane_rows_first<D>(), dq);
  }
  store_sums<D>(dq, attention_tiles + warp * warp_bytes, a.dq.at(block.b, first_row, block.h),
                a.dq.time, a.queries - first_row, [&](int, int) { return a.scale; });
}

/// Keys of a block in the kernel that owns keys, and of a warp; queries of a tile.
inline constexpr int tensor_key_rows = 64;
inline constexpr int tensor_key_warp_rows = 16;
inline constexpr int tensor_key_kernel_queries = 64;

/// One of the two tiles of queries that the kernel has in shared memory.
template <int D>
struct query_stage {
  alignas(256) unsigned char q[tensor_key_kernel_queries * 2 * D];
  unsigned char dy[tensor_key_kernel_queries * 2 * D];
  float log_sum[tensor_key_kernel_queries];  // times log2(e)
  float delta[tensor_key_kernel_queries];
};

/// A warp's 16 keys and values as left operands, and their gradients' sums.
template <int D>
struct tensor_key_rows_of_warp {
  std::uint32_t k[D / 16][4], v[D / 16][4];
  float dk[1][D / 8][4] = {}, dv[1][D / 8][4] = {};

  __device__ void load(std::uint32_t keys, std::uint32_t values) {
    RADLADS_UNROLL
    for (int i = 0; i < D / 16; ++i) {
      load_matrices(at_columns(keys, i), k[i]);
      load_matrices(at_columns(values, i), v[i]);
    }
  }

  /// Adds Columns * 8 queries from row `first` of the stage on. A query sees the keys of rows up to
  /// reach + its column.
  template <int Columns>
  __device__ void add(const query_stage<D>& stage, int first, int reach, float factor) {
    const int lane = static_cast<int>(threadIdx.x) % warp_size;
    const std::uint32_t q = shared_address(stage.q) + first * 2 * D,
                        dy = shared_address(stage.dy) + first * 2 * D;
    const std::uint32_t q_columns = q + lane_columns_first<D>(),
                        dy_columns = dy + lane_columns_first<D>();
    float p[1][Columns][4] = {}, ds[1][Columns][4] = {};
    RADLADS_UNROLL
    for (int i = 0; i < D / 16; ++i) {
      RADLADS_UNROLL
      for (int n = 0; n < Columns / 2; ++n) {
        std::uint32_t r[4];
        load_matrices(at_columns(q_columns, i) + n * 32 * D, r);
        multiply_add(p[0][2 * n], k[i], r[0], r[1]);
        multiply_add(p[0][2 * n + 1], k[i], r[2], r[3]);
        load_matrices(at_columns(dy_columns, i) + n * 32 * D, r);
        multiply_add(ds[0][2 * n], v[i], r[0], r[1]);
        multiply_add(ds[0][2 * n + 1], v[i], r[2], r[3]);
      }
    }
    RADLADS_UNROLL
    for (int n = 0; n < Columns; ++n) {
      RADLADS_UNROLL
      for (int e = 0; e < 2; ++e) {
        const int column = 8 * n + 2 * (lane % 4) + e;
        const float log_sum = stage.log_sum[first + column], delta = stage.delta[first + column];
        RADLADS_UNROLL
        for (int i = e; i < 4; i += 2) {
          const int row = 8 * (i / 2) + lane / 4;
          const float weight = exp2_of(p[0][n][i] * factor - log_sum);
          p[0][n][i] = row <= reach + column ? weight : 0.0f;
          ds[0][n][i] = p[0][n][i] * (ds[0][n][i] - delta);
        }
      }
    }
    add_weighted<D>(p, dy + lane_rows_first<D>(), dv);
    add_weighted<D>(ds, q + lane_rows_first<D>(), dk);
  }
};

/// Gradients of keys and values, over the queries of all heads of their group. Block: 64 keys of a
/// head.
template <int D>
RADLADS_KERNEL __launch_bounds__(tensor_attention_threads, 2)
    tensor_attention_key_kernel(const __grid_constant__ attention_args<bf16> a) {
  constexpr int tile = tensor_key_kernel_queries;
  // Queries of a step: as many as leave the sums in registers.
  constexpr int step = D == 64 ? 32 : 16;
  extern __shared__ __align__(256) unsigned char attention_tiles[];
  query_stage<D>* const stages = reinterpret_cast<query_stage<D>*>(attention_tiles);
  const int warp = static_cast<int>(threadIdx.x) / warp_size;
  // Blocks of a head are neighbours; those whose keys are seen by most queries come first.
  const std::int64_t tiles = ceil_div(a.keys, tensor_key_rows), head_index = blockIdx.x / tiles;
  const std::int64_t kv_heads = a.heads / a.group, b = head_index / kv_heads,
                     kv = head_index % kv_heads;
  const std::int64_t first_key = blockIdx.x % tiles * tensor_key_rows, before = a.keys - a.queries;

  // The second stage is not in use before the first barrier of the loop.
  copy_tile<D, tensor_key_rows>(shared_address(stages[1].q), a.k.at(b, first_key, kv), a.k.time,
                                a.keys - first_key);
  copy_tile<D, tensor_key_rows>(shared_address(stages[1].dy), a.v.at(b, first_key, kv), a.v.time,
                                a.keys - first_key);
  commit_copies();

  const std::int64_t first_seen = first_key > before ? first_key - before : 0;
  const std::int64_t tiles_of_head = ceil_div(a.queries - first_seen, tile),
                     count = a.group * tiles_of_head;
  // One thread has one log_sum or delta of a tile.
  const bool has_log_sum = threadIdx.x < tile;
  const int column = static_cast<int>(threadIdx.x) % tile;
  static_assert(tensor_attention_threads == 2 * tile);
  const auto copy_queries = [&](std::int64_t h, std::int64_t first, query_stage<D>& to) {
    copy_tile<D, tile>(shared_address(to.q), a.q.at(b, first, h), a.q.time, a.queries - first);
    copy_tile<D, tile>(shared_address(to.dy), a.dy.at(b, first, h), a.dy.time, a.queries - first);
    const std::int64_t t = first + column, at = (b * a.heads + h) * a.queries + t;
    // Infinite behind the last query: its weights are zero.
    if (t >= a.queries) return has_log_sum ? std::numeric_limits<float>::infinity() : 0.0f;
    return has_log_sum ? a.log_sum[at] * log2_of_e : a.delta[at];
  };
  const auto store_number = [&](float number, query_stage<D>& to) {
    (has_log_sum ? to.log_sum : to.delta)[column] = number;
  };

  std::int64_t h = kv * a.group, first = first_seen;
  if (count > 0) store_number(copy_queries(h, first, stages[0]), stages[0]);
  commit_copies();
  wait_for_copies<1>();
  __syncthreads();  // keys and values are there for all
  tensor_key_rows_of_warp<D> rows;
  const std::uint32_t own = warp * tensor_key_warp_rows * 2 * D + lane_rows_first<D>();
  rows.load(shared_address(stages[1].q) + own, shared_address(stages[1].dy) + own);

  const float factor = a.scale * log2_of_e;
  const std::int64_t own_key = first_key + warp * tensor_key_warp_rows;
  for (std::int64_t i = 0; i < count; ++i) {
    wait_for_copies<0>();
    __syncthreads();  // the tile is there for all, and nobody still reads the other one
    const query_stage<D>& stage = stages[i & 1];
    query_stage<D>& other = stages[(i + 1) & 1];
    const std::int64_t reach = before + first - own_key;
    first += tile;
    if (first >= a.queries) {
      first = first_seen;
      ++h;
    }
    const bool has_next = i + 1 < count;
    const float next = has_next ? copy_queries(h, first, other) : 0.0f;
    commit_copies();
    RADLADS_UNROLL
    for (int c = 0; c < tile; c += step) {
      // Below: none of the step's queries sees a key of this warp.
      if (reach + c + step <= 0) continue;
      rows.template add<step / 8>(stage, c, static_cast<int>(reach < tile ? reach : tile) + c,
                                  factor);
    }
    if (has_next) store_number(next, other);
  }
  __syncthreads();  // nobody still reads the stages
  const std::int64_t row_count = a.keys - own_key;
  store_sums<D>(rows.dk, stages[0].q + warp * tensor_key_warp_rows * 2 * D, a.dk.at(b, own_key, kv),
                a.dk.time, row_count, [&](int, int) { return a.scale; });
  store_sums<D>(rows.dv, stages[0].dy + warp * tensor_key_warp_rows * 2 * D,
                a.dv.at(b, own_key, kv), a.dv.time, row_count, [](int, int) { return 1.0f; });
}

/// Needs log_sum and delta in `args`.
template <int D>
RADLADS_HIDDEN void launch_tensor_attention_backward(cuda_backend& b, std::int64_t batches,
                                                     const attention_args<bf16>& args) {
  launch(b, "attention_backward, queries, tensor cores", tensor_attention_query_kernel<D>,
         {.blocks = ceil_div(args.queries, tensor_query_rows) * batches * args.heads,
          .threads = tensor_attention_threads,
          .shared_bytes = tensor_query_kernel_bytes<D>},
         args);
  launch(b, "attention_backward, keys, tensor cores", tensor_attention_key_kernel<D>,
         {.blocks = ceil_div(args.keys, tensor_key_rows) * batches * (args.heads / args.group),
          .threads = tensor_attention_threads,
          .shared_bytes = 2 * sizeof(query_stage<D>)},
         args);
}

}  // namespace radlads::cuda_detail
