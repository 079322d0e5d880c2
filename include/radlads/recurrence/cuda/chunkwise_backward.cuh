// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of chunkwise.cuh with one block a head. Formulas stand in chunk_gradient.cuh.

#include "radlads/core/cuda/launch.cuh"
#include "radlads/recurrence/cuda/chunk_gradient.cuh"
#include "radlads/recurrence/cuda/chunk_input_gradient.cuh"
#include "radlads/recurrence/cuda/chunk_tile.cuh"
#include "radlads/recurrence/cuda/chunkwise.cuh"

#include <cstddef>
#include <cstdint>

namespace radlads::recurrence::chunkwise {

template <int D, class Form>
struct backward_memory {
  bf16 raw[2][tiles<Form>][sizes<D>::tile];  // then their gradients
  bf16 v[2][sizes<D>::tile], dy[2][sizes<D>::tile];
  bf16 high[scaled_count<Form>][sizes<D>::tile];
  // The first two where there is rank one; the delta rule has dZ for dV.
  bf16 u[sizes<D>::tile], dz[sizes<D>::tile], dv[sizes<D>::tile];
  bf16 score[2][scores<Form>][2][score_tile];
  bf16 dscore[scores<Form>][2][score_tile];  // of qk, qb, ak, ab; or qk, ak
  bf16 state[2][sizes<D>::state];            // 8 x 8 matrices, as in the checkpoint
  bf16 gradient[sizes<D>::state];            // alike
  float sums[sizes<D>::tile];                // g
  float colsum_dS_S[sizes<D>::warps][D];
  float start[D], last[D];  // decays of the chunk's halves
  chunk_extras<D, Form> extras[2];
  gradient_extras<D, Form> parts;
};

template <int D, class Form>
__device__ inline void load_backward_chunk(const backward_args<Form>& a,
                                           backward_memory<D, Form>& m, const sequence& at, int c) {
  const int buffer = c & 1;
  const auto row = [&](const head_tensor<const bf16>& x) { return x.at(at.b, at.first, at.h); };
  RADLADS_UNROLL_ROW
  for (int i = 0; i < tiles<Form>; ++i) {
    load_rows<D>(m.raw[buffer][i], row(a.in[i]), a.in[i].time, c * chunk, at.tokens);
  }
  commit_copies();
  load_rows<D>(m.v[buffer], row(a.v), a.v.time, c * chunk, at.tokens);
  load_rows<D>(m.dy[buffer], row(a.dy), a.dy.time, c * chunk, at.tokens);
  const bf16* checkpoint =
      a.checkpoints + at.checkpoint + std::int64_t{c} * kept_sizes<D, Form>::checkpoint;
  RADLADS_UNROLL_ROW
  for (int i = static_cast<int>(threadIdx.x); i < sizes<D>::state / 8; i += sizes<D>::threads) {
    copy_async(shared_address(m.state[buffer] + 8 * i), checkpoint + 8 * i, true);
  }
  load_scores<scores<Form>, sizes<D>::threads>(m.score[buffer][0][0], checkpoint + sizes<D>::state,
                                               static_cast<int>(threadIdx.x));
  commit_copies();
}

/// Grid: B * H.
template <int D, class Form>
RADLADS_KERNEL __launch_bounds__(sizes<D>::threads, D == 64 ? 2 : 1)
    backward_kernel(const __grid_constant__ backward_args<Form> a) {
  constexpr int steps = sizes<D>::steps;
  extern __shared__ __align__(128) unsigned char bytes[];
  auto& m = *reinterpret_cast<backward_memory<D, Form>*>(bytes);
  const std::int64_t index = blockIdx.x;
  const sequence at =
      sequence_of<D>(a.documents, index, a.heads, a.tokens, kept_sizes<D, Form>::checkpoint);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  const int chunks = chunks_of(at.tokens);
  const auto scale = [&](int buffer) {
    scale_chunk<D, Form, false>(m.raw[buffer][0], m.extras[buffer], m.high[0], nullptr, nullptr,
                                m.sums, m.start, m.last);
  };
  const auto load = [&](int c) { load_backward_chunk<D, Form>(a, m, at, c); };
  const auto store = [&](const bf16* tile, const head_tensor<bf16>& to, int c) {
    store_columns<D>(tile, warp, to.at(at.b, at.first, at.h), to.time, c * chunk, at.tokens);
  };
  if (chunks > 0) {
    load(chunks - 1);
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 2; ++i) {
      load_chunk_extras<D, Form>(m.extras[i], a.in, at.b, at.h, at.first + (chunks - 1) * chunk,
                                 at.first + at.tokens);
    }
  }
  float gradient[D / 8][4];
  load_state<D>(a.dfinal_state == nullptr ? nullptr : a.dfinal_state + index * sizes<D>::state,
                warp, gradient);
  wait_for_copies<0>();
  __syncthreads();  // the last chunk is there
  if (chunks > 0) scale((chunks - 1) & 1);
  __syncthreads();  // its vectors are there

  bonus_gradient<Form> du;
  for (int c = chunks - 1; c >= 0; --c) {
    const int buffer = c & 1;
    extras_on_the_way<D, Form> coming;
    if (c > 0) {
      load(c - 1);
      coming.load(a.in, at.b, at.h, at.first + (c - 1) * chunk, at.first + at.tokens);
    }
    chunk_backward<D, Form>(
        gradient, warp, m.high[0], m.score[buffer][0][0], m.start, m.last,
        m.state[buffer] + warp * steps * 256, m.v[buffer], m.dy[buffer], m.u, m.dz, m.dv,
        reinterpret_cast<word*>(m.gradient) + warp * steps * 128 + lane, m.colsum_dS_S[warp]);
    store(has_beta<Form> ? m.dz : m.dv, a.dv, c);
    coming.put(m.extras[buffer ^ 1]);
    wait_for_copies<1>();
    __syncthreads();  // what all value channels left, and the inputs of chunk c - 1, are there
    vector_gradients d{};
    const auto turned = [&](const bf16* matrices, int n) {
      return mma::load_transposed(shared_address(matrices) +
                                  static_cast<std::uint32_t>((n * steps + warp) * 512 + lane * 16));
    };
    add_state_part<D, Form>(
        d, m.v[buffer], m.dy[buffer], m.u, m.dz, m.dscore[0][0], m.parts,
        [&](int n) { return turned(m.state[buffer], n); },
        [&](int n) { return turned(m.gradient, n); });
    float written[2][2];
    sum_written<D, Form>(d, m.high[0], written);
    const unrounded_gamma<D, Form> unrounded(m.raw[buffer][0], m.extras[buffer], m.high[0], m.sums,
                                             d, written);
    __syncthreads();  // the gradients of the scores are there
    add_score_part<D, Form>(d, m.high[0], m.dscore[0][0]);
    put_gradients<D, Form>(m.raw[buffer][0], m.extras[buffer], m.high[0], m.sums, m.colsum_dS_S[0],
                           written, d, unrounded, m.parts, du);
    __syncwarp();  // the columns are there for the warp
    RADLADS_UNROLL_ROW
    for (int i = 0; i < tiles<Form>; ++i) {
      store(m.raw[buffer][i], a.din[i], c);
    }
    if (c > 0) scale(buffer ^ 1);
    wait_for_copies<0>();
    __syncthreads();  // chunk c - 1 is there with its vectors, and nobody reads what chunk c had
    store_token_gradients<D, Form>(m.parts, a.din, at.b, at.h, at.first + c * chunk,
                                   at.first + at.tokens);
  }
  if constexpr (has_bonus<Form>) {
    bf16* to = a.din[in_rest<Form>].at(at.b, 0, at.h);
    du.store([&](int column, float first, float second) {
      to[column] = bf16(first);
      to[column + 1] = bf16(second);
    });
  }
  if (a.dinitial_state != nullptr)
    store_state<D>(gradient, warp, a.dinitial_state + index * sizes<D>::state);
}

/// One block a head, of rows or of `count` documents in one.
template <int D, class Cell>
RADLADS_HIDDEN void launch_chunkwise_backward(
    cuda_backend& b, const scan_backward_arguments<Cell, bf16, device_space>& from,
    const varlen_documents& documents = {}, std::int64_t count = 0) {
  using Form = typename Cell::form;
  backward_args<Form> args = backward_args_of(from);
  args.documents = documents;
  const std::int64_t sequences = documents.cu_seqlens == nullptr ? from.v.extent(0) : count;
  launch(b, "chunkwise_backward", backward_kernel<D, Form>,
         {.blocks = sequences * from.heads(),
          .threads = sizes<D>::threads,
          .shared_bytes = sizeof(backward_memory<D, Form>)},
         args);
}

}  // namespace radlads::recurrence::chunkwise
