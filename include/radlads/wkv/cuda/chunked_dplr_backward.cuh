// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of the recurrence of RWKV-7 by chunks of sixteen tokens on tensor cores. A block has a head and
// walks over its chunks from the last; a warp has sixteen value channels of the state's gradient G (V, K) in
// its registers. States before the chunks come from the forward pass. With G' = G diag(decay of the chunk):
//   dU = Aqb^T dY + b' G'^T,  dZ = M^T dU,  dV = Aqk^T dY + k' G'^T + Aak^T dZ
//   dAqk = tril(dY V^T), dAqb = tril(dY U^T), dAak = tril_(dZ V^T), dAab = tril_(dZ U^T)
//   dq' = dAqk k' + dAqb b' + dY S,          da' = dAak k' + dAab b' + dZ S
//   dk' = dAqk^T q' + dAak^T a' + V G',      db' = dAqb^T q' + dAab^T a' + U G'
//   G   = G' + dY^T q' + dZ^T a'
//   dlog w_t = sum of (q dq - k dk - b db) from t on, of a da behind t, and of G . S at the chunk's end

#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/wkv/cuda/chunk_dplr.cuh"
#include "radlads/wkv/scan.hpp"

#include <cstddef>
#include <cstdint>

namespace radlads::wkv {

struct chunked_dplr_backward_args {
  head_tensor<const bf16> inputs[rwkv7::inputs];  // (B, T, H, D)
  head_tensor<const bf16> v, dy;                  // (B, T, H, D)
  head_tensor<bf16> dinputs[rwkv7::inputs];       // (B, T, H, D)
  head_tensor<bf16> dv;                           // (B, T, H, D)
  const float* checkpoints;                      // (B * H, chunks, D, D)
  const float* dfinal_state;                     // (B, H, D, D), or null
  float* dinitial_state;                         // (B, H, D, D), or null
  std::int64_t tokens, heads;
};

template <int D>
struct dplr_backward_memory {
  using sizes = dplr_sizes<D>;
  static constexpr int state_stride = D + 4;  // clear of bank conflicts where columns are read
  dplr_raw<D> raw[2];
  dplr_chunk<D> chunk;
  float dscore[scores][chunk_length * sizes::score_stride];
  float v[chunk_length * sizes::stride], dy[chunk_length * sizes::stride];
  float u[chunk_length * sizes::stride], dz[chunk_length * sizes::stride];
  float dstate[D * state_stride];          // G', (V, K)
  float edge[sizes::warps][D];             // parts of the column sums of G . S at the chunk's end
  float later[sizes::groups][D];           // what a group's tokens give to the decays before them
};

/// Writes an operand (16 value channels, 16 tokens) as rows of tokens.
template <int D>
__device__ inline void put_rows(const left_tile (&from)[2], float* to, int channel, const tile_lane& at) {
  RADLADS_UNROLL_ROW
  for (int n = 0; n < 2; ++n) {
    RADLADS_UNROLL_ROW
    for (int i = 0; i < 4; ++i) {
      to[(8 * n + 2 * at.p + i / 2) * dplr_sizes<D>::stride + channel + at.g + 8 * (i % 2)] = from[n].value[i];
    }
  }
}

/// Writes sums (16 tokens, 8 keys) as rows of tokens.
template <int D>
__device__ inline void put_keys(const float (&sums)[4], float* to, int key, const tile_lane& at) {
  *reinterpret_cast<float2*>(to + at.g * dplr_sizes<D>::stride + key + 2 * at.p) = {sums[0], sums[1]};
  *reinterpret_cast<float2*>(to + (at.g + 8) * dplr_sizes<D>::stride + key + 2 * at.p) = {sums[2], sums[3]};
}

/// dq', da', dk', db' of this warp's sixteen keys, in the places of q', a', k', b'.
template <int D>
__device__ inline void key_gradients(dplr_backward_memory<D>& m, const float* state, int key, const tile_lane& at) {
  using sizes = dplr_sizes<D>;
  constexpr int stride = sizes::stride, score_stride = sizes::score_stride;
  constexpr int state_stride = dplr_backward_memory<D>::state_stride;
  float dq[2][4] = {}, da[2][4] = {}, dk[2][4] = {}, db[2][4] = {};
  RADLADS_UNROLL_ROW
  for (int n = 0; n < 2; ++n) {
    left_tile rows[scores], columns[scores];
    RADLADS_UNROLL_ROW
    for (int s = 0; s < scores; ++s) {
      rows[s] = left_rows(m.dscore[s] + 8 * n, score_stride, at);
      columns[s] = left_columns(m.dscore[s] + 8 * n * score_stride, score_stride, at);
    }
    RADLADS_UNROLL_ROW
    for (int half = 0; half < 2; ++half) {
      const int offset = 8 * n * stride + key + 8 * half;
      const right_tile q = right_columns(m.chunk.q + offset, stride, at), a = right_columns(m.chunk.a + offset, stride, at);
      const right_tile k = right_columns(m.chunk.k + offset, stride, at), b = right_columns(m.chunk.b + offset, stride, at);
      multiply_add(dq[half], rows[qk], k);
      multiply_add(dq[half], rows[qb], b);
      multiply_add(da[half], rows[ak], k);
      multiply_add(da[half], rows[ab], b);
      multiply_add(dk[half], columns[qk], q);
      multiply_add(dk[half], columns[ak], a);
      multiply_add(db[half], columns[qb], q);
      multiply_add(db[half], columns[ab], a);
    }
  }
  RADLADS_UNROLL_ROW
  for (int n = 0; n < sizes::tiles; ++n) {
    const left_tile dy = left_rows(m.dy + 8 * n, stride, at), dz = left_rows(m.dz + 8 * n, stride, at);
    const left_tile v = left_rows(m.v + 8 * n, stride, at), u = left_rows(m.u + 8 * n, stride, at);
    RADLADS_UNROLL_ROW
    for (int half = 0; half < 2; ++half) {
      right_tile s = right_rows(state + (key + 8 * half) * D + 8 * n, D, at);
      s.value[0] = to_tf32(s.value[0]);
      s.value[1] = to_tf32(s.value[1]);
      const right_tile g = right_columns(m.dstate + 8 * n * state_stride + key + 8 * half, state_stride, at);
      multiply_add(dq[half], dy, s);
      multiply_add(da[half], dz, s);
      multiply_add(dk[half], v, g);
      multiply_add(db[half], u, g);
    }
  }
  __syncwarp();  // every lane has read its warp's keys
  RADLADS_UNROLL_ROW
  for (int half = 0; half < 2; ++half) {
    put_keys<D>(dq[half], m.chunk.q, key + 8 * half, at);
    put_keys<D>(da[half], m.chunk.a, key + 8 * half, at);
    put_keys<D>(dk[half], m.chunk.k, key + 8 * half, at);
    put_keys<D>(db[half], m.chunk.b, key + 8 * half, at);
  }
}

/// Unscaled gradients of a chunk's inputs to memory, and those of the log decays.
template <int D>
__device__ inline void store_input_gradients(dplr_backward_memory<D>& m, const dplr_raw<D>& raw,
                                             const chunked_dplr_backward_args& a, std::int64_t b, std::int64_t h,
                                             std::int64_t first) {
  using sizes = dplr_sizes<D>;
  const int pair = static_cast<int>(threadIdx.x) % sizes::pairs, group = static_cast<int>(threadIdx.x) / sizes::pairs;
  const decay_sums<D> decays(raw);
  float2 through[sizes::tokens], removed[sizes::tokens];  // q dq - k dk - b db, and a da
  float2 later{0, 0};
  const auto put = [&](int input, std::int64_t t, const float2& value) {
    if (t >= a.tokens) return;
    const std::uint32_t low = bf16(value.x).bits, high = bf16(value.y).bits;
    *reinterpret_cast<std::uint32_t*>(a.dinputs[input].at(b, t, h) + 2 * pair) = low | (high << 16);
  };
  RADLADS_UNROLL_ROW
  for (int i = 0; i < sizes::tokens; ++i) {
    const int t = group * sizes::tokens + i;
    const float2 here = decays.sum[i], before = i == 0 ? decays.before : decays.sum[i - 1];
    // Writes one gradient and returns its product with the input.
    const auto finish = [&](const float* from, int input, const float2& exponent) -> float2 {
      const float2 scaled = *reinterpret_cast<const float2*>(from + t * sizes::stride + 2 * pair);
      const float2 gradient{scaled.x * __expf(exponent.x), scaled.y * __expf(exponent.y)};
      put(input, first + t, gradient);
      const float2 each = pair_of(&raw.value[input][t][2 * pair]);
      return {each.x * gradient.x, each.y * gradient.y};
    };
    const float2 down{-here.x, -here.y};
    const float2 q = finish(m.chunk.q, rwkv7::r, here), k = finish(m.chunk.k, rwkv7::k, down);
    const float2 insertion = finish(m.chunk.b, rwkv7::b, down);
    removed[i] = finish(m.chunk.a, rwkv7::a, before);
    through[i] = {q.x - k.x - insertion.x, q.y - k.y - insertion.y};
    later.x += through[i].x + removed[i].x;
    later.y += through[i].y + removed[i].y;
  }
  *reinterpret_cast<float2*>(m.later[group] + 2 * pair) = later;
  __syncthreads();  // every group's part is there
  float2 sum{0, 0};
  RADLADS_UNROLL_ROW
  for (int warp = 0; warp < sizes::warps; ++warp) {
    sum.x += m.edge[warp][2 * pair];
    sum.y += m.edge[warp][2 * pair + 1];
  }
  for (int other = group + 1; other < sizes::groups; ++other) {
    sum.x += m.later[other][2 * pair];
    sum.y += m.later[other][2 * pair + 1];
  }
  RADLADS_UNROLL_ROW
  for (int i = sizes::tokens - 1; i >= 0; --i) {
    sum.x += through[i].x;
    sum.y += through[i].y;
    put(rwkv7::w, first + group * sizes::tokens + i, sum);
    sum.x += removed[i].x;
    sum.y += removed[i].y;
  }
}

/// Grid: B * H.
template <int D>
RADLADS_KERNEL __launch_bounds__(dplr_sizes<D>::threads, D == 64 ? 2 : 1)
    chunked_dplr_backward_kernel(const __grid_constant__ chunked_dplr_backward_args a) {
  using sizes = dplr_sizes<D>;
  constexpr int stride = sizes::stride, state_stride = dplr_backward_memory<D>::state_stride;
  constexpr std::int64_t state_size = D * D;
  extern __shared__ __align__(16) unsigned char bytes[];
  auto& m = *reinterpret_cast<dplr_backward_memory<D>*>(bytes);
  dplr_chunk<D>& c = m.chunk;
  const std::int64_t head_index = blockIdx.x, b = head_index / a.heads, h = head_index % a.heads;
  const std::int64_t chunks = segment_count(a.tokens);
  const int warp = static_cast<int>(threadIdx.x) / warp_size, channel = warp * 16;
  const tile_lane at;

  float dstate[sizes::tiles][4];
  load_state<D>(a.dfinal_state == nullptr ? nullptr : a.dfinal_state + head_index * state_size, channel, at, dstate);
  if (chunks > 0) load_chunk<D>(a.inputs, b, h, (chunks - 1) * chunk_length, a.tokens, m.raw[(chunks - 1) % 2]);
  commit_copies();
  for (std::int64_t chunk = chunks - 1; chunk >= 0; --chunk) {
    const std::int64_t first = chunk * chunk_length;
    const dplr_raw<D>& raw = m.raw[chunk % 2];
    const float* checkpoint = a.checkpoints + (head_index * chunks + chunk) * state_size;
    float state[sizes::tiles][4];
    load_state<D>(checkpoint, channel, at, state);
    left_tile values[2], dys[2];
    load_values(a.v, b, h, first, a.tokens, channel, at, values);
    load_values(a.dy, b, h, first, a.tokens, channel, at, dys);
    wait_for_copies<0>();
    __syncthreads();  // the raw chunk is there, and nobody reads the chunk behind it
    if (chunk > 0) load_chunk<D>(a.inputs, b, h, first - chunk_length, a.tokens, m.raw[(chunk + 1) % 2]);
    commit_copies();
    scale_chunk<D>(raw, c);
    put_rows<D>(values, m.v, channel, at);
    put_rows<D>(dys, m.dy, channel, at);
    __syncthreads();  // the scaled vectors are there
    score_chunk<D>(c);
    float z[2][4] = {}, du[2][4] = {}, dv[2][4] = {};
    RADLADS_UNROLL_ROW
    for (int n = 0; n < sizes::tiles; ++n) {
      const float2 decay = *reinterpret_cast<const float2*>(c.decay + 8 * n + 2 * at.p);
      dstate[n][0] *= decay.x;
      dstate[n][1] *= decay.y;
      dstate[n][2] *= decay.x;
      dstate[n][3] *= decay.y;
      const left_tile before = left_of(state[n]), after = left_of(dstate[n]);
      // Positions 0 and 2 of an operand are neighbouring columns of one row.
      float* to = m.dstate + (channel + at.g) * state_stride + 8 * n + 2 * at.p;
      *reinterpret_cast<float2*>(to) = {after.value[0], after.value[2]};
      *reinterpret_cast<float2*>(to + 8 * state_stride) = {after.value[1], after.value[3]};
      RADLADS_UNROLL_ROW
      for (int column = 0; column < 2; ++column) {
        const int offset = 8 * column * stride + 8 * n;
        multiply_add(z[column], before, right_rows(c.a + offset, stride, at));
        multiply_add(du[column], after, right_rows(c.b + offset, stride, at));
        multiply_add(dv[column], after, right_rows(c.k + offset, stride, at));
      }
    }
    __syncthreads();  // the scores are there
    invert_chunk<D>(c);
    add_scores<D>(z, values, c.score[ak], false, at);
    add_scores<D>(du, dys, c.score[qb], true, at);
    add_scores<D>(dv, dys, c.score[qk], true, at);
    __syncthreads();  // the inverse is there
    float u[2][4] = {}, dz[2][4] = {};
    const left_tile z_rows[2] = {left_of(z[0]), left_of(z[1])}, du_rows[2] = {left_of(du[0]), left_of(du[1])};
    add_scores<D>(u, z_rows, c.inverse, false, at);
    add_scores<D>(dz, du_rows, c.inverse, true, at);
    const left_tile u_rows[2] = {left_of(u[0]), left_of(u[1])}, dz_rows[2] = {left_of(dz[0]), left_of(dz[1])};
    put_rows<D>(u_rows, m.u, channel, at);
    put_rows<D>(dz_rows, m.dz, channel, at);
    add_scores<D>(dv, dz_rows, c.score[ak], true, at);
    store_values(dv, a.dv, b, h, first, a.tokens, channel, at);
    RADLADS_UNROLL_ROW
    for (int n = 0; n < sizes::tiles; ++n) {
      float end[4] = {state[n][0], state[n][1], state[n][2], state[n][3]};
      float next[4] = {dstate[n][0], dstate[n][1], dstate[n][2], dstate[n][3]};
      RADLADS_UNROLL_ROW
      for (int half = 0; half < 2; ++half) {
        const int offset = 8 * half * stride + 8 * n;
        multiply_add(end, values[half], right_columns(c.k + offset, stride, at));
        multiply_add(end, u_rows[half], right_columns(c.b + offset, stride, at));
        multiply_add(next, dys[half], right_columns(c.q + offset, stride, at));
        multiply_add(next, dz_rows[half], right_columns(c.a + offset, stride, at));
      }
      float even = dstate[n][0] * end[0] + dstate[n][2] * end[2];
      float odd = dstate[n][1] * end[1] + dstate[n][3] * end[3];
      RADLADS_UNROLL_ROW
      for (int bit = 4; bit < warp_size; bit *= 2) {
        even += __shfl_xor_sync(0xffffffffu, even, bit);
        odd += __shfl_xor_sync(0xffffffffu, odd, bit);
      }
      if (at.g == 0) *reinterpret_cast<float2*>(&m.edge[warp][8 * n + 2 * at.p]) = {even, odd};
      RADLADS_UNROLL_ROW
      for (int i = 0; i < 4; ++i) dstate[n][i] = next[i];
    }
    __syncthreads();  // U and dZ are there, and nobody reads the scaled vectors by rows any more
    for (int job = warp; job < 2 * scores; job += sizes::warps) {
      const int which = job % scores, half = job / scores;
      const bool is_removal = which == ak || which == ab;
      triangle_of_rows<D>(is_removal ? m.dz : m.dy, which == qk || which == ak ? m.v : m.u, half, is_removal, true,
                          m.dscore[which]);
    }
    __syncthreads();  // the gradients of the scores are there
    key_gradients<D>(m, checkpoint, channel, at);
    __syncthreads();  // the scaled gradients are there
    store_input_gradients<D>(m, raw, a, b, h, first);
  }
  if (a.dinitial_state != nullptr) store_state<D>(dstate, a.dinitial_state + head_index * state_size, channel, at);
}

template <int D>
RADLADS_HIDDEN void launch_chunked_dplr_backward(cuda_backend& b,
                                                 const scan_backward_arguments<rwkv7, bf16, device_space>& from) {
  chunked_dplr_backward_args args{};
  copy_rows(from.inputs, args.inputs);
  copy_rows(from.dinputs, args.dinputs);
  args.v = head_tensor_of(from.v);
  args.dy = head_tensor_of(from.dy);
  args.dv = head_tensor_of(from.dv);
  args.checkpoints = pointer_or_null(from.checkpoints);
  args.dfinal_state = pointer_or_null(from.dfinal_state);
  args.dinitial_state = pointer_or_null(from.dinitial_state);
  args.tokens = from.v.extent(1);
  args.heads = from.v.extent(2);
  launch(b, "chunked_dplr_backward", chunked_dplr_backward_kernel<D>,
         {.blocks = from.v.extent(0) * from.v.extent(2),
          .threads = dplr_sizes<D>::threads,
          .shared_bytes = sizeof(dplr_backward_memory<D>)},
         args);
}

}  // namespace radlads::wkv
