// SPDX-License-Identifier: Apache-2.0
#pragma once
// The recurrence of RWKV-7 by chunks of sixteen tokens on tensor cores, forward. A warp has sixteen value channels
// of the state in its registers, transposed, S (V, K), in the scale of dplr_tile.cuh:
//   Z = S a'^T + V^T Aak^T,  U = Z M^T,  y^T = S q'^T + V^T Aqk^T + U Aqb^T,  S += V^T k' + U b'
// Only these need the state. With many heads a block has a head: while the state advances by one chunk, the scores
// of the next are made, its inverse and the vectors of the one after the next follow, and the inputs behind are on
// their way. With few heads all chunks are prepared at once, and what is left walks over them, a few value channels
// a block.

#include "dplr_tile.cuh"

#include <cuda_runtime.h>

#include <cstddef>
#include <cstdint>

namespace radlads::wkv::dplr {

struct forward_args {
  rows<const bf16> in[inputs];  // r, log w, k, a, b (B, T, H, D)
  rows<const bf16> v;           // (B, T, H, D)
  rows<bf16> y;                 // (B, T, H, D)
  const float* initial_state;   // (B, H, K, V), or null
  float* final_state;           // (B, H, K, V), or null; may be initial_state
  bf16* records;                // (B * H, chunks, record or state), or null: scaled states in 8 x 8 matrices
  bf16* prepared;               // (B * H, chunks, prepared), for few heads
  std::int64_t tokens, heads;
};

__device__ inline int chunks_of(std::int64_t tokens) { return static_cast<int>((tokens + chunk - 1) / chunk); }

/// One chunk for the sixteen value channels of `slab`: advances the state and puts y in the place of v. The scaled
/// state goes to `record`, if not null. IsExact also multiplies the state by what rounding took from q'.
template <int D, bool IsExact>
__device__ inline void advance(state_tiles<D>& state, int slab, const bf16* high, const bf16* low_q,
                               const bf16* score, const float* start, const float* last, bf16* v, bf16* record) {
  using mma::multiply_add;
  constexpr std::uint32_t tile_bytes = sizes<D>::tile * 2;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t from = mma::address_of(high), rest_from = mma::address_of(low_q) + at.right;
  const auto matrix = [&](int which) { return score + which * 2 * score_tile; };
  float z[2][4] = {}, y[2][4] = {}, rest[2][4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    scale_state<D>(state, n, start);
    const mma::operand s = mma::operand_of(state[2 * n], state[2 * n + 1]);
    if (record != nullptr) {
      word* to = reinterpret_cast<word*>(record) + (slab * sizes<D>::steps + n) * 128 + lane;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) to[32 * i] = s.x[i];
    }
    const auto keys = static_cast<std::uint32_t>(n * 32);
    multiply_add(z, s, mma::load(from + at.right + keys + left_a * tile_bytes));
    multiply_add(y, s, mma::load(from + at.right + keys + left_q * tile_bytes));
    if constexpr (IsExact) multiply_add(rest, s, mma::load(rest_from + keys));
  }
  const mma::operand values =
      mma::load_transposed(mma::address_of(v) + at.right + static_cast<std::uint32_t>(slab * 32));
  multiply_add(z, values, load_score(matrix(ak), score_at.right));
  multiply_add(rest, values, load_score(matrix(qk), score_at.right));
  float sums[2][4] = {};
  multiply_add(sums, mma::split_of(z), load_score(matrix(inverse), score_at.right));
  const mma::split_operand u = mma::split_of(sums);
  multiply_add(y, u, load_score(matrix(qb), score_at.right));
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    const std::uint32_t keys = from + at.left + static_cast<std::uint32_t>(n * 32);
    const mma::operand k = mma::load_transposed(keys + right_k * tile_bytes);
    const mma::operand rank_one = mma::load_transposed(keys + right_b * tile_bytes);
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      multiply_add(state[2 * n + i], values, k, i);
      multiply_add(state[2 * n + i], u.high, rank_one, i);
    }
    scale_state<D>(state, n, last);
  }
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 8; ++i) y[i / 4][i % 4] += rest[i / 4][i % 4];
  __syncwarp();  // all lanes have their values
  put_transposed<D>(v, slab, y);
  __syncwarp();
}

template <int D>
struct forward_memory {
  bf16 raw[inputs][sizes<D>::tile];
  bf16 v[2][sizes<D>::tile];  // then y
  bf16 high[2][scaled_count][sizes<D>::tile];
  bf16 low_q[2][sizes<D>::tile];
  bf16 low[3][sizes<D>::tile];  // of a', k', b'
  bf16 score[2][scores][2][score_tile];
  float removal[chunk * removal_stride];  // Aab
  float start[2][D], last[2][D];          // decays of the chunk's halves
  const bf16* row[inputs + 1];            // of this head's first token; here, for want of registers
  bf16* y;
};

/// Grid: B * H.
template <int D, bool IsExact>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 3 : 2)
    forward_kernel(const __grid_constant__ forward_args a) {
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<forward_memory<D>*>(bytes);
  const int warp = static_cast<int>(threadIdx.x) / 32, chunks = chunks_of(a.tokens);
  float state[D / 8][4];
  load_state<D>(a.initial_state == nullptr ? nullptr : a.initial_state + blockIdx.x * std::int64_t{sizes<D>::state},
                warp, state);
  if (threadIdx.x == 0) {
    const std::int64_t b = blockIdx.x / a.heads, h = blockIdx.x % a.heads;
    RADLADS_UNROLL_ROW
    for (int i = 0; i < inputs; ++i) m.row[i] = a.in[i].at(b, 0, h);
    m.row[inputs] = a.v.at(b, 0, h);
    m.y = a.y.at(b, 0, h);
  }
  __syncthreads();

  for (int c = -2; c < chunks; ++c) {
    const int first = c * chunk;
    if (c + 2 < chunks) {
      RADLADS_UNROLL_ROW
      for (int i = 0; i < inputs; ++i) load_rows<D>(m.raw[i], m.row[i], a.in[i].time, first + 2 * chunk, a.tokens);
    }
    const bool has_next = c + 1 >= 0 && c + 1 < chunks;
    const int next = (c + 1) & 1, buffer = c & 1;
    if (has_next) load_rows<D>(m.v[next], m.row[inputs], a.v.time, first + chunk, a.tokens);
    mma::commit_copies();
    if (has_next) put_scores<D>(m.high[next][0], m.low_q[next], m.low[0], m.score[next][0][0], m.removal);
    if (c >= 0) {
      bf16* record = nullptr;
      if (a.records != nullptr) {
        record = a.records + (std::int64_t{blockIdx.x} * chunks + c) * sizes<D>::record;
        store_scores<sizes<D>::threads>(m.score[buffer][0][0], record + sizes<D>::state);
      }
      advance<D, IsExact>(state, warp, m.high[buffer][0], m.low_q[buffer], m.score[buffer][0][0], m.start[buffer],
                          m.last[buffer], m.v[buffer], record);
      store_columns<D>(m.v[buffer], warp, m.y, a.y.time, first, a.tokens);
    }
    mma::wait_for_copies<0>();
    __syncthreads();  // the inputs of chunk c + 2 and the scores of c + 1 are there; nobody reads chunk c's vectors
    if (warp == 0 && has_next) invert(m.removal, m.score[next][inverse][0]);
    if (c + 2 < chunks) {
      scale_chunk<D, true>(m.raw[0], m.high[buffer][0], m.low_q[buffer], m.low[0], nullptr, m.start[buffer],
                           m.last[buffer]);
    }
    __syncthreads();  // the vectors of chunk c + 2 and the inverse of c + 1 are there
  }
  if (a.final_state != nullptr) {
    store_state<D>(state, warp, a.final_state + blockIdx.x * std::int64_t{sizes<D>::state});
  }
}

template <int D>
struct prepare_memory {
  bf16 raw[inputs][sizes<D>::tile];
  bf16 high[scaled_count][sizes<D>::tile];
  bf16 low_q[sizes<D>::tile];
  bf16 low[3][sizes<D>::tile];
  bf16 score[scores][2][score_tile];
  float removal[chunk * removal_stride];
  float start[D], last[D];
};

/// Grid: B * H * chunks. Vectors, scores and decays of every chunk.
template <int D>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 6 : 3)
    prepare_kernel(const __grid_constant__ forward_args a) {
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<prepare_memory<D>*>(bytes);
  const int chunks = chunks_of(a.tokens), c = static_cast<int>(blockIdx.x) % chunks;
  const std::int64_t index = blockIdx.x / chunks, b = index / a.heads, h = index % a.heads;
  RADLADS_UNROLL_ROW
  for (int i = 0; i < inputs; ++i) load_rows<D>(m.raw[i], a.in[i].at(b, 0, h), a.in[i].time, c * chunk, a.tokens);
  mma::commit_copies();
  mma::wait_for_copies<0>();
  __syncthreads();  // the inputs are there
  scale_chunk<D, true>(m.raw[0], m.high[0], m.low_q, m.low[0], nullptr, m.start, m.last);
  __syncthreads();  // the vectors are there
  bf16* to = a.prepared + std::int64_t{blockIdx.x} * sizes<D>::prepared;
  RADLADS_UNROLL_ROW
  for (int i = static_cast<int>(threadIdx.x); i < sizes<D>::vectors / 8; i += sizes<D>::threads) {
    *reinterpret_cast<uint4*>(to + 8 * i) =
        *reinterpret_cast<const uint4*>(m.high[0] + i / (D / 8) * sizes<D>::stride + i % (D / 8) * 8);
  }
  float* decays = reinterpret_cast<float*>(to + sizes<D>::vectors + sizes<D>::score_block);
  if (threadIdx.x < D) {
    decays[threadIdx.x] = m.start[threadIdx.x];
    decays[D + threadIdx.x] = m.last[threadIdx.x];
  }
  put_scores<D>(m.high[0], m.low_q, m.low[0], m.score[0][0], m.removal);
  __syncthreads();  // Aab is there
  if (threadIdx.x < 32) invert(m.removal, m.score[inverse][0]);
  __syncthreads();  // all scores are there
  store_scores<sizes<D>::threads>(m.score[0][0], to + sizes<D>::vectors);
}

/// What walking over prepared chunks needs of one.
template <int D>
struct prepared_chunk {
  bf16 high[scaled_count][sizes<D>::tile];
  bf16 low_q[sizes<D>::tile];
  bf16 score[scores][2][score_tile];
  float start[D], last[D];
};

template <int D, int Threads, int Vectors>
__device__ inline void load_prepared(prepared_chunk<D>& to, const bf16* from, int thread) {
  RADLADS_UNROLL_ROW
  for (int i = thread; i < Vectors * chunk * D / 8; i += Threads) {
    mma::copy_async(mma::address_of(to.high[0] + i / (D / 8) * sizes<D>::stride + i % (D / 8) * 8), from + 8 * i);
  }
  load_scores<Threads>(to.score[0][0], from + sizes<D>::vectors, thread);
  const bf16* decays = from + sizes<D>::vectors + sizes<D>::score_block;
  for (int i = thread; i < D / 2; i += Threads) {
    mma::copy_async(mma::address_of(to.start + 4 * i), decays + 8 * i);
  }
}
/// Starts copying the columns of Slabs slabs from `slab` on of sixteen rows.
template <int D, int Slabs, int Threads>
__device__ inline void load_columns(bf16* to, int slab, const bf16* from, std::int64_t time_stride, int first,
                                    std::int64_t tokens, int thread) {
  constexpr int pieces = Slabs * 2;
  RADLADS_UNROLL_ROW
  for (int i = thread; i < chunk * pieces; i += Threads) {
    const int row = i / pieces, column = slab * 16 + i % pieces * 8;
    const bool is_real = first + row < tokens;
    mma::copy_async(mma::address_of(to + row * sizes<D>::stride + column),
                    from + (is_real ? first + row : 0) * time_stride + column, is_real);
  }
}

template <int D>
struct walk_stage {
  prepared_chunk<D> prepared;
  bf16 v[sizes<D>::tile];  // then y
};

inline constexpr int walk_stages = 3;
inline constexpr int loaders = 128;  // threads that only load: addresses cost as much as the products

/// Grid: (B * H, slabs / Slabs). The first warps have a slab each and share only what is loaded.
template <int D, int Slabs, bool IsExact>
RADLADS_KERNEL __launch_bounds__(Slabs * 32 + loaders, 1) walk_kernel(const __grid_constant__ forward_args a) {
  extern __shared__ __align__(128) unsigned char bytes[];
  auto* stages = reinterpret_cast<walk_stage<D>*>(bytes);
  const int chunks = chunks_of(a.tokens);
  const int first_slab = static_cast<int>(blockIdx.y) * Slabs, slab = first_slab + static_cast<int>(threadIdx.x) / 32;
  const std::int64_t index = blockIdx.x, b = index / a.heads, h = index % a.heads;
  const int loader = static_cast<int>(threadIdx.x) - Slabs * 32;
  if (loader >= 0) {
    const bf16* v = a.v.at(b, 0, h);
    const auto load = [&](int c) {
      if (c < chunks) {
        walk_stage<D>& to = stages[c % walk_stages];
        load_prepared<D, loaders, scaled_count + (IsExact ? 1 : 0)>(
            to.prepared, a.prepared + (index * chunks + c) * sizes<D>::prepared, loader);
        load_columns<D, Slabs, loaders>(to.v, first_slab, v, a.v.time, c * chunk, a.tokens, loader);
      }
      mma::commit_copies();
    };
    load(0);
    load(1);
    for (int c = 0; c < chunks; ++c) {
      mma::wait_for_copies<1>();
      __syncthreads();  // chunk c is there, and nobody reads chunk c - 1
      load(c + 2);
    }
    return;
  }
  float state[D / 8][4];
  load_state<D>(a.initial_state == nullptr ? nullptr : a.initial_state + index * sizes<D>::state, slab, state);
  for (int c = 0; c < chunks; ++c) {
    __syncthreads();  // chunk c is there, and nobody reads chunk c - 1
    walk_stage<D>& m = stages[c % walk_stages];
    bf16* record = a.records == nullptr ? nullptr : a.records + (index * chunks + c) * sizes<D>::state;
    advance<D, IsExact>(state, slab, m.prepared.high[0], m.prepared.low_q, m.prepared.score[0][0], m.prepared.start,
                        m.prepared.last, m.v, record);
    store_columns<D>(m.v, slab, a.y.at(b, 0, h), a.y.time, c * chunk, a.tokens);
  }
  if (a.final_state != nullptr) store_state<D>(state, slab, a.final_state + index * sizes<D>::state);
}

/// Launches a kernel with dynamic shared memory.
template <class Args>
RADLADS_HIDDEN cudaError_t launch_on(void (*kernel)(Args), dim3 grid, int threads, std::size_t shared,
                                 cudaStream_t stream, const Args& args) {
  const cudaError_t code =
      cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared));
  if (code != cudaSuccess) return code;
  kernel<<<grid, static_cast<unsigned>(threads), shared, stream>>>(args);
  return cudaPeekAtLastError();
}

inline bool is_aligned(const forward_args& a) {
  for (const auto& each : a.in) {
    if (!is_aligned(each)) return false;
  }
  return is_aligned(a.v) && is_aligned(a.y);
}

/// T >= 1; the batch is in the grid. Rows that are not aligned to sixteen bytes are an error.
template <int D, bool IsExact = true>
RADLADS_HIDDEN cudaError_t launch_forward(cudaStream_t stream, std::int64_t batch, const forward_args& args) {
  if (!is_aligned(args)) return cudaErrorMisalignedAddress;
  return launch_on(forward_kernel<D, IsExact>, dim3(static_cast<unsigned>(batch * args.heads)), sizes<D>::threads,
               sizeof(forward_memory<D>), stream, args);
}

/// The same for few heads: `args.prepared` is written, records have no scores.
template <int D, int Slabs = 2, bool IsExact = true>
RADLADS_HIDDEN cudaError_t launch_forward_walk(cudaStream_t stream, std::int64_t batch, const forward_args& args) {
  if (!is_aligned(args)) return cudaErrorMisalignedAddress;
  const std::int64_t heads = batch * args.heads, chunks = (args.tokens + chunk - 1) / chunk;
  const cudaError_t code = launch_on(prepare_kernel<D>, dim3(static_cast<unsigned>(heads * chunks)), sizes<D>::threads,
                                 sizeof(prepare_memory<D>), stream, args);
  if (code != cudaSuccess) return code;
  return launch_on(walk_kernel<D, Slabs, IsExact>, dim3(static_cast<unsigned>(heads), sizes<D>::warps / Slabs),
               Slabs * 32 + loaders, walk_stages * sizeof(walk_stage<D>), stream, args);
}

}  // namespace radlads::wkv::dplr
