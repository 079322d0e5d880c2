// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the chunkwise kernels know of a recurrence: which tensors it reads as rows of D numbers,
// what of them is scaled, which matrices of scores there are, and what else a chunk needs. By form:
//   diagonal: rows r, log w, k; one matrix of scores
//   diagonal_by_token: rows r, k, and log w of a token; one matrix
//   diagonal_with_bonus: as diagonal, and a row u of the head; a token is read before it is written
//   diagonal_plus_rank_one: rows r, log w, k, a, b; four matrices
//   delta_rule: rows r, log w, k, and b of a token; two matrices
//   delta_rule_by_token: rows r, k, and log w, b of a token; two matrices

#include "radlads/core/cuda/head_tensor.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/concepts.hpp"
#include "radlads/recurrence/state.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads::recurrence::chunkwise {

/// Tokens of a chunk: as many as from one checkpoint to the next.
inline constexpr int chunk = static_cast<int>(checkpoint_interval);
static_assert(chunk == 16, "tiles are sixteen tokens long");

template <class Form>
inline constexpr bool has_bonus = std::is_same_v<Form, diagonal_with_bonus>;
/// Whether the decay is a per-token scalar.
template <class Form>
inline constexpr bool has_token_decay =
    std::is_same_v<Form, diagonal_by_token> || std::is_same_v<Form, delta_rule_by_token>;
/// Whether there is a beta, a per-token scalar: by it what the state answers to the key is
/// replaced.
template <class Form>
inline constexpr bool has_beta =
    std::is_same_v<Form, delta_rule> || std::is_same_v<Form, delta_rule_by_token>;
/// Whether a vector a reads and another, b, writes again, beside the key.
template <class Form>
inline constexpr bool writes_twice = std::is_same_v<Form, diagonal_plus_rank_one>;
template <class Form>
inline constexpr bool has_rank_one = writes_twice<Form> || has_beta<Form>;

/// Per-token scalars of a head: the decay, then beta, those of them that there are.
template <class Form>
inline constexpr int token_scalars = int{has_token_decay<Form>} + int{has_beta<Form>};
/// Beta among them.
template <class Form>
inline constexpr int beta = token_scalars<Form> - 1;

/// Inputs that are rows of D numbers; all inputs, in the order of the cells, those first.
template <class Form>
inline constexpr int tiles = has_token_decay<Form> ? 2
                             : writes_twice<Form>  ? 5
                                                   : 3;
template <class Form>
inline constexpr int inputs = tiles<Form> + token_scalars<Form> + int{has_bonus<Form>};
enum input : int { in_r, in_w, in_a = 3, in_b };
template <class Form>
inline constexpr int in_k = has_token_decay<Form> ? 1 : 2;
/// The bonus, or the first of the per-token scalars.
template <class Form>
inline constexpr int in_rest = tiles<Form>;

enum scaled : int { left_q, right_k, left_a, right_b };
template <class Form>
inline constexpr int scaled_count = writes_twice<Form>   ? 4
                                    : has_rank_one<Form> ? 3
                                                         : 2;
enum score : int { qk, qb, ak };  // each in a high and a low part; the inverse behind them
template <class Form>
inline constexpr int scores = writes_twice<Form>   ? 4
                              : has_rank_one<Form> ? 2
                                                   : 1;
template <class Form>
inline constexpr int A_inverse = scores<Form> - 1;
/// Products of rows that make them, each half a matrix: that of a' in the place of the inverse.
template <class Form>
inline constexpr int score_jobs = 2 * scores<Form>;

/// Sizes for heads of D on the key and the value side. A warp has sixteen value channels of the
/// state and sixteen keys of everything that has no state.
template <int D>
struct sizes {
  static constexpr int warps = D / 16;
  static constexpr int threads = warps * 32;
  static constexpr int stride = D + 8;  // of a row in shared memory: clear of bank conflicts
  static constexpr int tile = chunk * stride;
  static constexpr int steps = D / 16;  // of sixteen keys
  static constexpr int state = D * D;   // elements
};

/// Sizes, in bfloat16, of what is kept of a chunk.
template <int D, class Form>
struct kept_sizes {
  static constexpr int state = sizes<D>::state;
  static constexpr int score_block = scores<Form> * 2 * chunk * chunk;
  static constexpr int checkpoint = state + score_block;
  static constexpr int vectors =
      (scaled_count<Form> + 1) * chunk * D;                       // q', k', a', b', rest of q'
  static constexpr int prepared = vectors + score_block + 4 * D;  // and floats: start, last
  // Beside a state the memory of a checkpoint may have room for a prepared chunk.
  static constexpr bool keeps_prepared = state + prepared <= 2 * state;
  static_assert(checkpoint <= 2 * state, "a chunk's checkpoint takes the place of one in float");
};

__device__ inline int chunks_of(std::int64_t tokens) {
  return static_cast<int>((tokens + chunk - 1) / chunk);
}

/// Documents of varying lengths in one row: document d has tokens cu_seqlens[d] up to
/// cu_seqlens[d + 1], and
/// segments[d] segments are before it. Null where rows are sequences.
struct varlen_documents {
  const std::int64_t *cu_seqlens, *segments;
};

/// Where the sequence of a head lies: its row, its first token there, its length, and how many
/// elements of checkpoints are before its own.
struct sequence {
  std::int64_t b, h, first, tokens, checkpoint;
};
/// Of head `index` of all sequences, with checkpoints of `checkpoint_size` elements a chunk.
template <int D>
__device__ inline sequence sequence_of(const varlen_documents& documents, std::int64_t index,
                                       std::int64_t heads, std::int64_t tokens,
                                       std::int64_t checkpoint_size) {
  const std::int64_t b = index / heads, h = index % heads;
  if (documents.cu_seqlens == nullptr)
    return {b, h, 0, tokens, index * chunks_of(tokens) * checkpoint_size};
  const std::int64_t first = documents.cu_seqlens[b], length = documents.cu_seqlens[b + 1] - first;
  // Checkpoints of a document have room for D D floats a segment and head.
  return {0, h, first, length,
          documents.segments[b] * heads * 2 * sizes<D>::state +
              h * chunks_of(length) * checkpoint_size};
}

/// What a chunk has in shared memory beside rows, by form.
template <int D, class Form>
struct chunk_extras {};
template <int D>
struct chunk_extras<D, diagonal_with_bonus> {
  float bonus[D];                     // u of the head
  float own[sizes<D>::warps][chunk];  // sum_j r u k of a token, by sixteen keys
};
template <int D, class Form>
requires(token_scalars<Form> != 0) struct chunk_extras<D, Form> {
  float token[token_scalars<Form>][chunk];
};

/// Per-token scalars on their way to shared memory: read early, put where the reads of the chunk
/// before are over. The first threads have one each.
template <int D, class Form>
struct extras_on_the_way {
  static constexpr int count = token_scalars<Form> * chunk;
  float value = 0.0f;

  __device__ void load(const head_tensor<const bf16> (&in)[inputs<Form>], std::int64_t b,
                       std::int64_t h, std::int64_t first, std::int64_t tokens,
                       int thread = static_cast<int>(threadIdx.x)) {
    if (thread >= count) return;
    const auto& from = thread < chunk ? in[in_rest<Form>] : in[inputs<Form> - 1];
    const std::int64_t token = first + thread % chunk;
    value = token < tokens ? static_cast<float>(*from.at(b, token, h)) : 0.0f;
  }
  __device__ void put(chunk_extras<D, Form>& to, int thread = static_cast<int>(threadIdx.x)) const {
    if constexpr (count > 0) {
      if (thread < count) to.token[thread / chunk][thread % chunk] = value;
    }
  }
};

/// Fills what all chunks of a head share; a barrier must follow.
template <int D, class Form>
__device__ inline void load_head_extras(chunk_extras<D, Form>& to,
                                        const head_tensor<const bf16> (&in)[inputs<Form>],
                                        std::int64_t b, std::int64_t h) {
  if constexpr (has_bonus<Form>) {
    if (threadIdx.x < D)
      to.bonus[threadIdx.x] = static_cast<float>(in[in_rest<Form>].at(b, 0, h)[threadIdx.x]);
  }
}

/// Both for a block with one chunk.
template <int D, class Form>
__device__ inline void load_chunk_extras(chunk_extras<D, Form>& to,
                                         const head_tensor<const bf16> (&in)[inputs<Form>],
                                         std::int64_t b, std::int64_t h, std::int64_t first,
                                         std::int64_t tokens) {
  load_head_extras<D, Form>(to, in, b, h);
  extras_on_the_way<D, Form> coming;
  coming.load(in, b, h, first, tokens);
  coming.put(to);
}

}  // namespace radlads::recurrence::chunkwise
