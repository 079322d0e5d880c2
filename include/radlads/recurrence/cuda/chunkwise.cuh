// SPDX-License-Identifier: Apache-2.0
#pragma once
// Chunkwise recurrences, sixteen tokens a chunk, on tensor cores, forward. A diagonal transition
// has none of what is written with a, b, U and Z; with one decay a token the delta rule has a
// kernel of its own, chunkwise_delta.cuh, where heads are many. A warp has sixteen value channels
// of the state in its registers, transposed, S (V, K), in the scale of chunk_tile.cuh. Rows of Z,
// U, V and Y are tokens; a warp has them transposed, as `z`, `u`, `values` and `y`:
//   Z^T = S a'^T + V^T Aak^T,   U^T = Z^T M^T
//   Y^T = S q'^T + V^T Aqk^T + U^T Aqb^T,   S += V^T k' + U^T b'
// and for the delta rule, where U is V and what is taken from it,
//   Z^T = S a'^T + V^T,   U^T = Z^T M^T,   Y^T = S q'^T + U^T Aqk^T,   S += U^T k'
// docs/chunkwise.md derives this.
// Only these need the state. With many heads a block has a head: while the state advances by one
// chunk, the scores of the next are made, its inverse and the vectors of the one after the next
// follow, and the inputs behind are on their way. With few heads two_pass_chunkwise.cuh takes over.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"
#include "radlads/recurrence/cuda/scan_tokens.cuh"
#include "radlads/recurrence/scan.hpp"

#include <cstddef>
#include <cstdint>

namespace radlads::recurrence::chunkwise {

template <class Form>
struct forward_args {
  head_tensor<const bf16> in[inputs<Form>];  // (B, T, H, D), in the order of chunk_form.cuh
  head_tensor<const bf16> v;                 // (B, T, H, D)
  head_tensor<bf16> y;                       // (B, T, H, D)
  const float* initial_state;                // (B, H, K, V), or null
  float* final_state;                        // (B, H, K, V), or null; may be initial_state
  bf16* checkpoints;  // (B * H, chunks, checkpoint or state), or null: scaled states in 8 x 8
                      // matrices
  bf16* prepared;     // (B * H, chunks, prepared), for few heads
  std::int64_t tokens, heads;
  varlen_documents documents;  // for kernels with one block a head
};

/// One chunk for the sixteen value channels of `warp_tile`: advances the state and puts y in the
/// place of v. The scaled state goes to `checkpoint`, if not null. The state is also multiplied by
/// what rounding took from q'.
template <int D, class Form>
__device__ inline void chunk_forward(state_tiles<D>& state, int warp_tile, const bf16* high,
                                     const bf16* low_q, const bf16* score, const float* start,
                                     const float* last, bf16* v, bf16* checkpoint) {
  using mma::multiply_add;
  constexpr std::uint32_t tile_bytes = sizes<D>::tile * 2;
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const mma::tile_offsets<sizes<D>::stride> at(lane);
  const mma::tile_offsets<score_stride> score_at(lane);
  const std::uint32_t from = shared_address(high), rest_from = shared_address(low_q) + at.right;
  const auto matrix = [&](int which) { return score + which * 2 * score_tile; };
  float z[2][4] = {}, y[2][4] = {}, rest[2][4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    scale_state<D>(state, n, start);
    const mma::operand s = mma::operand_of(state[2 * n], state[2 * n + 1]);
    if (checkpoint != nullptr) {
      word* to =
          reinterpret_cast<word*>(checkpoint) + (warp_tile * sizes<D>::steps + n) * 128 + lane;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) to[32 * i] = s.x[i];
    }
    const auto keys = static_cast<std::uint32_t>(n * 32);
    if constexpr (has_rank_one<Form>)
      multiply_add(z, s, mma::load(from + at.right + keys + left_a * tile_bytes));
    multiply_add(y, s, mma::load(from + at.right + keys + left_q * tile_bytes));
    multiply_add(rest, s, mma::load(rest_from + keys));
  }
  const mma::operand values = mma::load_transposed(shared_address(v) + at.right +
                                                   static_cast<std::uint32_t>(warp_tile * 32));
  if constexpr (!has_beta<Form>) multiply_add(rest, values, load_score(matrix(qk), score_at.right));
  mma::split_operand u{};
  if constexpr (has_rank_one<Form>) {
    if constexpr (has_beta<Form>) {
      add_values(z, values);
    } else {
      multiply_add(z, values, load_score(matrix(ak), score_at.right));
    }
    float sums[2][4] = {};
    multiply_add(sums, mma::split_of(z), load_score(matrix(A_inverse<Form>), score_at.right));
    u = mma::split_of(sums);
    multiply_add(y, u, load_score(matrix(has_beta<Form> ? qk : qb), score_at.right));
  }
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes<D>::steps; ++n) {
    const std::uint32_t keys = from + at.left + static_cast<std::uint32_t>(n * 32);
    const mma::operand k = mma::load_transposed(keys + right_k * tile_bytes);
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      multiply_add(state[2 * n + i], has_beta<Form> ? u.high : values, k, i);
      if constexpr (has_beta<Form>) multiply_add(state[2 * n + i], u.low, k, i);
    }
    if constexpr (writes_twice<Form>) {
      const mma::operand b_prime = mma::load_transposed(keys + right_b * tile_bytes);
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 2; ++i) multiply_add(state[2 * n + i], u.high, b_prime, i);
    }
    scale_state<D>(state, n, last);
  }
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 8; ++i) y[i / 4][i % 4] += rest[i / 4][i % 4];
  __syncwarp();  // all lanes have their values
  put_transposed<D>(v, warp_tile, y);
  __syncwarp();
}

template <int D, class Form>
struct forward_memory {
  bf16 raw[tiles<Form>][sizes<D>::tile];
  bf16 v[2][sizes<D>::tile];  // then y
  bf16 high[2][scaled_count<Form>][sizes<D>::tile];
  bf16 low_q[2][sizes<D>::tile];
  bf16 low[scaled_count<Form> - 1][sizes<D>::tile];  // of k', a', b'
  bf16 score[2][scores<Form>][2][score_tile];
  float A[chunk * A_stride];         // to be inverted
  float start[2][D], last[2][D];     // decays of the chunk's halves
  const bf16* row[tiles<Form> + 1];  // of this head's first token; here, for want of registers
  bf16 *y, *checkpoint;              // of the first token and chunk; no checkpoint, null
  chunk_extras<D, Form> extras;
};

/// Blocks of the forward kernel on a multiprocessor: as many as shared memory and some spilled
/// registers allow.
template <int D, class Form>
inline constexpr int forward_blocks = D == 64 ? (writes_twice<Form> ? 3 : 4) : 2;

/// Grid: B * H.
template <int D, class Form>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, forward_blocks<D, Form>)
    forward_kernel(const __grid_constant__ forward_args<Form> a) {
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<forward_memory<D, Form>*>(bytes);
  const sequence at =
      sequence_of<D>(a.documents, blockIdx.x, a.heads, a.tokens, kept_sizes<D, Form>::checkpoint);
  const int tokens = static_cast<int>(at.tokens), chunks = chunks_of(tokens);
  const int warp = static_cast<int>(threadIdx.x) / 32;
  float state[D / 8][4];
  load_state<D>(a.initial_state == nullptr
                    ? nullptr
                    : a.initial_state + blockIdx.x * std::int64_t{sizes<D>::state},
                warp, state);
  if (threadIdx.x == 0) {
    RADLADS_UNROLL_ROW
    for (int i = 0; i < tiles<Form>; ++i) m.row[i] = a.in[i].at(at.b, at.first, at.h);
    m.row[tiles<Form>] = a.v.at(at.b, at.first, at.h);
    m.y = a.y.at(at.b, at.first, at.h);
    m.checkpoint = a.checkpoints == nullptr ? nullptr : a.checkpoints + at.checkpoint;
  }
  load_head_extras<D, Form>(m.extras, a.in, at.b, at.h);
  __syncthreads();

  for (int c = -2; c < chunks; ++c) {
    const int first = c * chunk;
    extras_on_the_way<D, Form> coming;
    if (c + 2 < chunks) {
      RADLADS_UNROLL_ROW
      for (int i = 0; i < tiles<Form>; ++i)
        load_rows<D>(m.raw[i], m.row[i], a.in[i].time, first + 2 * chunk, tokens);
      coming.load(a.in, at.b, at.h, at.first + first + 2 * chunk, at.first + tokens);
    }
    const bool has_next = c + 1 >= 0 && c + 1 < chunks;
    const int next = (c + 1) & 1, buffer = c & 1;
    if (has_next) load_rows<D>(m.v[next], m.row[tiles<Form>], a.v.time, first + chunk, tokens);
    commit_copies();
    if (has_next)
      put_scores<D, Form>(m.high[next][0], m.low_q[next], m.low[0], m.extras, m.score[next][0][0],
                          m.A);
    if (c >= 0) {
      bf16* checkpoint = m.checkpoint;
      if (checkpoint != nullptr) {
        checkpoint += std::int64_t{c} * kept_sizes<D, Form>::checkpoint;
        store_scores<scores<Form>, sizes<D>::threads>(m.score[buffer][0][0],
                                                      checkpoint + sizes<D>::state);
      }
      chunk_forward<D, Form>(state, warp, m.high[buffer][0], m.low_q[buffer], m.score[buffer][0][0],
                             m.start[buffer], m.last[buffer], m.v[buffer], checkpoint);
      store_columns<D>(m.v[buffer], warp, m.y, a.y.time, first, tokens);
    }
    coming.put(m.extras);
    wait_for_copies<0>();
    __syncthreads();  // the inputs of chunk c + 2 and the scores of c + 1 are there; nobody reads
                      // chunk c's vectors
    if constexpr (has_rank_one<Form>) {
      if (warp == 0 && has_next) invert(m.A, m.score[next][A_inverse<Form>][0]);
    }
    if (c + 2 < chunks) {
      scale_chunk<D, Form, true>(m.raw[0], m.extras, m.high[buffer][0], m.low_q[buffer], m.low[0],
                                 nullptr, m.start[buffer], m.last[buffer]);
    }
    __syncthreads();  // the vectors of chunk c + 2 and the inverse of c + 1 are there
  }
  if (a.final_state != nullptr) {
    store_state<D>(state, warp, a.final_state + blockIdx.x * std::int64_t{sizes<D>::state});
  }
}

/// The arguments that do not depend on the form.
template <class Cell>
forward_args<typename Cell::form> forward_args_of(
    const scan_forward_arguments<Cell, bf16, device_space>& from) {
  forward_args<typename Cell::form> args{};
  copy_rows(from.inputs, args.in);
  args.v = head_tensor_of(from.v, from.heads());
  args.y = head_tensor_of(from.y);
  args.initial_state = pointer_or_null(from.initial_state);
  args.final_state = pointer_or_null(from.final_state);
  args.checkpoints = reinterpret_cast<bf16*>(pointer_or_null(from.checkpoints));
  args.tokens = from.v.extent(1);
  args.heads = from.heads();
  return args;
}

/// One block a head, of rows or of `count` documents in one.
template <int D, class Cell>
RADLADS_HIDDEN void launch_chunkwise(cuda_backend& b,
                                     const scan_forward_arguments<Cell, bf16, device_space>& from,
                                     const varlen_documents& documents = {},
                                     std::int64_t count = 0) {
  using Form = typename Cell::form;
  forward_args<Form> args = forward_args_of(from);
  args.documents = documents;
  const std::int64_t sequences = documents.cu_seqlens == nullptr ? from.v.extent(0) : count;
  launch(b, "chunkwise_forward", forward_kernel<D, Form>,
         {.blocks = sequences * from.heads(),
          .threads = sizes<D>::threads,
          .shared_bytes = sizeof(forward_memory<D, Form>)},
         args);
}

}  // namespace radlads::recurrence::chunkwise
