// SPDX-License-Identifier: Apache-2.0
#pragma once
// Forward attention in bf16 on tensor cores, head sizes 64 and 128. A warp has 32 queries; keys and
// values go by in tiles that are copied while the tile before is used. Scores and sums are floats;
// weights are rounded to bf16 relative to the largest score so far.
//
// A tile in shared memory has rows of D numbers in pieces of 16 bytes; piece c of row r lies at c ^
// (r % 8), so that eight rows of one column of pieces have no bank in common.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/mma.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/attention_tiled.cuh"

#include <cstdint>
#include <limits>

namespace radlads::cuda_detail {

/// Threads of every block here, in four warps.
inline constexpr int tensor_attention_threads = 4 * warp_size;

/// Queries of a block in the kernels that own queries, and of a warp.
inline constexpr int tensor_query_rows = 128;
inline constexpr int tensor_query_warp_rows = 32;

/// Bytes from the start of a tile to piece `piece` of row `row`.
template <int D>
__device__ inline std::uint32_t tile_offset(int row, int piece) {
  return static_cast<std::uint32_t>(row * 2 * D + ((piece ^ (row & 7)) << 4));
}

/// Address of columns 16 k to 16 k + 15 (for k = 0 from a lane's own offset) in a tile aligned to a
/// row.
__device__ inline std::uint32_t at_columns(std::uint32_t address, int k) {
  return address ^ static_cast<std::uint32_t>(k << 5);
}

/// A lane's row and piece for load_matrices of a left operand, and for the transposed loads of a
/// right operand whose rows are summed over: matrices in the order upper left, lower left, upper
/// right, lower right.
template <int D>
__device__ inline std::uint32_t lane_rows_first() {
  const int lane = static_cast<int>(threadIdx.x) % warp_size;
  return tile_offset<D>(lane % 16, lane / 16);
}

/// The same for load_matrices of a right operand with two tiles of eight rows, whose columns are
/// summed over: upper left, upper right, lower left, lower right.
template <int D>
__device__ inline std::uint32_t lane_columns_first() {
  const int lane = static_cast<int>(threadIdx.x) % warp_size;
  return tile_offset<D>(lane / 16 * 8 + lane % 8, lane / 8 % 2);
}

/// Starts the copy of a tile of Rows rows, zeros from row `count` on.
template <int D, int Rows>
__device__ inline void copy_tile(std::uint32_t tile, const bf16* from, std::int64_t stride,
                                 std::int64_t count) {
  constexpr int pieces = D / 8, rows_at_once = tensor_attention_threads / pieces;
  const int piece = static_cast<int>(threadIdx.x) % pieces,
            first = static_cast<int>(threadIdx.x) / pieces;
  RADLADS_UNROLL
  for (int i = 0; i < Rows; i += rows_at_once) {
    const int row = first + i;
    const bool is_there = row < count;
    copy_async(tile + tile_offset<D>(row, piece), is_there ? from + row * stride + piece * 8 : from,
               is_there);
  }
}

/// Writes a warp's sums of 16 Tiles rows, times `factor(row of the tile, half)`, over its own rows
/// of a tile in shared memory and from there to the rows below `count` in device memory.
template <int D, int Tiles, class Factor>
__device__ inline void store_sums(const float (&sums)[Tiles][D / 8][4], unsigned char* rows,
                                  bf16* to, std::int64_t stride, std::int64_t count,
                                  Factor&& factor) {
  const int lane = static_cast<int>(threadIdx.x) % warp_size;
  __syncwarp();  // no lane still reads what stood there
  RADLADS_UNROLL
  for (int m = 0; m < Tiles; ++m) {
    RADLADS_UNROLL
    for (int half = 0; half < 2; ++half) {
      const int row = 16 * m + 8 * half + lane / 4;
      const float f = factor(m, half);
      RADLADS_UNROLL
      for (int n = 0; n < D / 8; ++n) {
        *reinterpret_cast<std::uint32_t*>(rows + tile_offset<D>(row, n) + 4 * (lane % 4)) =
            bf16_pair(sums[m][n][2 * half] * f, sums[m][n][2 * half + 1] * f);
      }
    }
  }
  __syncwarp();  // the rows are complete
  constexpr int pieces = D / 8, rows_at_once = warp_size / pieces;
  RADLADS_UNROLL
  for (int i = 0; i < 16 * Tiles; i += rows_at_once) {
    const int row = i + lane / pieces, piece = lane % pieces;
    if (row < count) {
      *reinterpret_cast<uint4*>(to + row * stride + piece * 8) =
          *reinterpret_cast<const uint4*>(rows + tile_offset<D>(row, piece));
    }
  }
}

/// Over the four lanes that have a row of sums together.
__device__ inline float row_max(float x) {
  x = fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 1));
  return fmaxf(x, __shfl_xor_sync(0xffffffffu, x, 2));
}
__device__ inline float row_sum(float x) {
  x += __shfl_xor_sync(0xffffffffu, x, 1);
  return x + __shfl_xor_sync(0xffffffffu, x, 2);
}

/// What a block works on. Blocks of one head are neighbours and find each other's keys in the L2
/// cache; those that see most keys come first.
struct query_block {
  std::int64_t b, h, kv, first;  ///< batch, query head, key/value head, first query
  std::int64_t before;           ///< S - T: query t sees the keys up to and with t + before
  std::int64_t keys;             ///< that any query of the block sees

  template <class T>
  __device__ explicit query_block(const attention_args<T>& a) {
    const std::int64_t tiles = ceil_div(a.queries, tensor_query_rows),
                       head_index = blockIdx.x / tiles;
    first = (tiles - 1 - blockIdx.x % tiles) * tensor_query_rows;
    b = head_index / a.heads;
    h = head_index % a.heads;
    kv = h / a.group;
    before = a.keys - a.queries;
    const std::int64_t end = first + tensor_query_rows;
    keys = before + (end < a.queries ? end : a.queries);
  }
};

/// scores of keys that a row does not see become `hidden`: those with column > reach + row of the
/// tile.
template <int Tiles, int Columns>
__device__ inline void hide_scores(float (&scores)[Tiles][Columns][4], int reach, float hidden) {
  const int lane = static_cast<int>(threadIdx.x) % warp_size;
  RADLADS_UNROLL
  for (int m = 0; m < Tiles; ++m) {
    RADLADS_UNROLL
    for (int n = 0; n < Columns; ++n) {
      RADLADS_UNROLL
      for (int i = 0; i < 4; ++i) {
        const int row = 16 * m + 8 * (i / 2) + lane / 4, column = 8 * n + 2 * (lane % 4) + i % 2;
        scores[m][n][i] = column <= reach + row ? scores[m][n][i] : hidden;
      }
    }
  }
}

/// sums += rows (16 Tiles x D) of `left` times the transpose of 8 Columns rows of `right`. Both are
/// a lane's own addresses: lane_rows_first and lane_columns_first.
template <int D, int Tiles, int Columns>
__device__ inline void add_scores(std::uint32_t left, std::uint32_t right,
                                  float (&sums)[Tiles][Columns][4]) {
  RADLADS_UNROLL
  for (int k = 0; k < D / 16; ++k) {
    std::uint32_t l[Tiles][4];
    RADLADS_UNROLL
    for (int m = 0; m < Tiles; ++m) load_matrices(at_columns(left, k) + m * 32 * D, l[m]);
    RADLADS_UNROLL
    for (int n = 0; n < Columns / 2; ++n) {
      std::uint32_t r[4];
      load_matrices(at_columns(right, k) + n * 32 * D, r);
      RADLADS_UNROLL
      for (int m = 0; m < Tiles; ++m) {
        multiply_add(sums[m][2 * n], l[m], r[0], r[1]);
        multiply_add(sums[m][2 * n + 1], l[m], r[2], r[3]);
      }
    }
  }
}

/// sums (16 Tiles x D) += weights (16 Tiles x 8 Columns), rounded to bf16, times the rows of
/// `right`, a lane's own address by lane_rows_first.
template <int D, int Tiles, int Columns>
__device__ inline void add_weighted(const float (&weights)[Tiles][Columns][4], std::uint32_t right,
                                    float (&sums)[Tiles][D / 8][4]) {
  RADLADS_UNROLL
  for (int k = 0; k < Columns / 2; ++k) {
    std::uint32_t l[Tiles][4];
    RADLADS_UNROLL
    for (int m = 0; m < Tiles; ++m) left_of_sums(weights[m][2 * k], weights[m][2 * k + 1], l[m]);
    RADLADS_UNROLL
    for (int n = 0; n < D / 16; ++n) {
      std::uint32_t r[4];
      load_matrices_transposed(at_columns(right, n) + k * 32 * D, r);
      RADLADS_UNROLL
      for (int m = 0; m < Tiles; ++m) {
        multiply_add(sums[m][2 * n], l[m], r[0], r[1]);
        multiply_add(sums[m][2 * n + 1], l[m], r[2], r[3]);
      }
    }
  }
}

/// Keys of a tile in the forward pass.
inline constexpr int tensor_forward_keys = 64;
template <int D>
inline constexpr int tensor_forward_bytes = (tensor_query_rows + 4 * tensor_forward_keys) * 2 * D;

/// Running softmax and weighted values of a warp's 32 queries.
template <int D>
struct tensor_softmax {
  float y[2][D / 8][4] = {};
  float largest[4], total[4];  // of rows lane / 4 + 8 i; totals over this lane's columns

  __device__ tensor_softmax() {
    RADLADS_UNROLL
    for (int i = 0; i < 4; ++i) {
      largest[i] = -std::numeric_limits<float>::infinity();
      total[i] = 0;
    }
  }

  /// Adds a tile of keys; factor = scale log2(e). Every row has seen a key when this returns, as
  /// key 0 is seen by all.
  __device__ void add(std::uint32_t q, std::uint32_t k, std::uint32_t v, int reach, float factor) {
    float scores[2][tensor_forward_keys / 8][4] = {};
    add_scores<D>(q, k, scores);
    if (reach < tensor_forward_keys - 1)
      hide_scores(scores, reach, -std::numeric_limits<float>::infinity());
    RADLADS_UNROLL
    for (int i = 0; i < 4; ++i) {
      const int m = i / 2, c = i % 2 * 2;
      float top = largest[i];
      RADLADS_UNROLL
      for (int n = 0; n < tensor_forward_keys / 8; ++n) {
        top = fmaxf(top, fmaxf(scores[m][n][c], scores[m][n][c + 1]));
      }
      top = row_max(top);
      const float shrink = exp2_of((largest[i] - top) * factor), base = top * factor;
      largest[i] = top;
      float sum = total[i] * shrink;
      RADLADS_UNROLL
      for (int n = 0; n < tensor_forward_keys / 8; ++n) {
        RADLADS_UNROLL
        for (int e = c; e < c + 2; ++e) {
          scores[m][n][e] = exp2_of(scores[m][n][e] * factor - base);
          sum += scores[m][n][e];
        }
      }
      total[i] = sum;
      RADLADS_UNROLL
      for (int n = 0; n < D / 8; ++n) {
        y[m][n][c] *= shrink;
        y[m][n][c + 1] *= shrink;
      }
    }
    add_weighted<D>(scores, v, y);
  }
};

/// Block: 128 queries of a head. Shared memory: q, then twice k and v.
template <int D>
RADLADS_KERNEL __launch_bounds__(tensor_attention_threads, D == 64 ? 3 : 2)
    tensor_attention_forward_kernel(const __grid_constant__ attention_args<bf16> a) {
  constexpr int tile = tensor_forward_keys, tile_bytes = tile * 2 * D;
  extern __shared__ __align__(256) unsigned char attention_tiles[];
  const query_block block(a);
  const int warp = static_cast<int>(threadIdx.x) / warp_size,
            lane = static_cast<int>(threadIdx.x) % warp_size;
  const std::uint32_t q = shared_address(attention_tiles), stages = q + tensor_query_rows * 2 * D;
  const std::int64_t first_row = block.first + warp * tensor_query_warp_rows;

  const auto copy_keys = [&](std::int64_t first, int stage) {
    const std::uint32_t to = stages + stage * 2 * tile_bytes;
    copy_tile<D, tile>(to, a.k.at(block.b, first, block.kv), a.k.time, block.keys - first);
    copy_tile<D, tile>(to + tile_bytes, a.v.at(block.b, first, block.kv), a.v.time,
                       block.keys - first);
  };
  copy_tile<D, tensor_query_rows>(q, a.q.at(block.b, block.first, block.h), a.q.time,
                                  a.queries - block.first);
  copy_keys(0, 0);
  commit_copies();

  tensor_softmax<D> softmax;
  const float factor = a.scale * log2_of_e;
  const std::uint32_t own_q = q + warp * tensor_query_warp_rows * 2 * D + lane_rows_first<D>();
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
    softmax.add(own_q, k + lane_columns_first<D>(), k + tile_bytes + lane_rows_first<D>(),
                static_cast<int>(reach < tile ? reach : tile), factor);
  }

  RADLADS_UNROLL
  for (int i = 0; i < 4; ++i) {
    softmax.total[i] = row_sum(softmax.total[i]);
    const std::int64_t t = first_row + lane / 4 + 8 * i;
    if (a.log_sum != nullptr && lane % 4 == 0 && t < a.queries) {
      a.log_sum[(block.b * a.heads + block.h) * a.queries + t] =
          softmax.largest[i] * a.scale + logf(softmax.total[i]);
    }
  }
  store_sums<D>(softmax.y, attention_tiles + warp * tensor_query_warp_rows * 2 * D,
                a.out.at(block.b, first_row, block.h), a.out.time, a.queries - first_row,
                [&](int m, int half) { return 1 / softmax.total[2 * m + half]; });
}

template <int D>
RADLADS_HIDDEN void launch_tensor_attention_forward(cuda_backend& b, std::int64_t batches,
                                                    const attention_args<bf16>& args) {
  const launch_shape shape{
      .blocks = ceil_div(args.queries, tensor_query_rows) * batches * args.heads,
      .threads = tensor_attention_threads,
      .shared_bytes = tensor_forward_bytes<D>};
  launch(b, "attention_forward, tensor cores", tensor_attention_forward_kernel<D>, shape, args);
}

}  // namespace radlads::cuda_detail
