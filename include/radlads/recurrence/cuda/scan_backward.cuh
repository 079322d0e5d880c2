// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gradients of any recurrence on CUDA: a block has a head, a thread one value channel. Segments go
// from the last to the first; in each the states before every fourth token are replayed from the
// checkpoint into scratch, and the ones between once more when their token comes. Gradients of a
// token's inputs are summed over channels by shuffles and then over warps, always in the same
// order.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/recurrence/cuda/scan_tokens.cuh"
#include "radlads/recurrence/scan.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace radlads::recurrence {

/// Tokens from one state in scratch to the next.
inline constexpr int replay_length = 4;
static_assert(checkpoint_interval % replay_length == 0);
inline constexpr int replays = static_cast<int>(checkpoint_interval) / replay_length;
/// The most value channels of a head that one block takes.
inline constexpr int most_values = 256;

template <class Cell, class T>
struct cuda_scan_backward_args {
  head_tensor<const T> inputs[Cell::inputs];  // (B, T, H, K)
  head_tensor<const T> v, dy;                 // (B, T, H, V)
  head_tensor<T> dinputs[Cell::inputs];       // (B, T, H, K)
  head_tensor<T> dv;                          // (B, T, H, V)
  const accumulate_t<T>* checkpoints;         // (B * H, segments, K, V)
  const accumulate_t<T>* dfinal_state;        // (B, H, K, V), or null
  accumulate_t<T>* dinitial_state;            // (B, H, K, V), or null
  accumulate_t<T>* states;                    // (blocks, replays, K, threads)
  std::int64_t tokens, heads, head_count;
  int keys, values;
};

/// Sums a cell's input gradients over the warp, eight numbers at a time: each shuffle halves how
/// many numbers a lane has left, so a number costs about one. A per-token scalar is
/// summed alone.
template <class Cell, class A, int K>
struct warp_gradients {
  static constexpr int at_once = 8;
  A* sums;             // (inputs, K), of this warp
  A kept[8][at_once];  // by input; a cell has at most eight

  __device__ __forceinline__ void add(int input, int j, const A& value) {
    if (input >= vector_inputs<Cell>()) {
      const A total = warp_sum(value);
      if (threadIdx.x % 32 == 0) sums[input * K] = total;
      return;
    }
    kept[input][j % at_once] = value;
    if (j % at_once != at_once - 1) return;
    A left[at_once];
    RADLADS_UNROLL_ROW
    for (int i = 0; i < at_once; ++i) left[i] = kept[input][i];
    const int lane = static_cast<int>(threadIdx.x) % 32;
    RADLADS_UNROLL_ROW
    for (int count = at_once / 2, bit = 16; count > 0; count /= 2, bit /= 2) {
      // A lane with this bit keeps the upper half and hands over the lower one.
      const bool is_upper = (lane & bit) != 0;
      RADLADS_UNROLL_ROW
      for (int i = 0; i < count; ++i) {
        const A given = is_upper ? left[i] : left[i + count];
        const A own = is_upper ? left[i + count] : left[i];
        left[i] = own + __shfl_xor_sync(0xffffffffu, given, bit);
      }
    }
    left[0] += __shfl_xor_sync(0xffffffffu, left[0], 2);
    left[0] += __shfl_xor_sync(0xffffffffu, left[0], 1);
    if (lane % 4 == 0) sums[input * K + j - (at_once - 1) + lane / 4] = left[0];
  }
};

/// Grid: as many blocks as there is scratch for; a block takes heads in turn.
template <class Cell, class T, int K>
RADLADS_KERNEL __launch_bounds__(most_values)
    scan_backward_kernel(const __grid_constant__ cuda_scan_backward_args<Cell, T> a) {
  using A = accumulate_t<T>;
  constexpr int row = Cell::inputs * K;
  extern __shared__ __align__(16) unsigned char memory[];
  A* const inputs = reinterpret_cast<A*>(memory);  // (checkpoint_interval, inputs, K)
  A* const shared_sums =
      inputs + checkpoint_interval * row;  // (inputs, K), of inputs that all tokens share
  A* const sums = shared_sums + row;       // (warps, inputs, K)
  const int channel = static_cast<int>(threadIdx.x), threads = static_cast<int>(blockDim.x);
  const int warps = threads / 32;
  const bool is_real = channel < a.values;
  const std::int64_t state_size = static_cast<std::int64_t>(a.keys) * a.values;
  const std::int64_t segments = checkpoint_count(a.tokens);
  A* const states =
      a.states + static_cast<std::int64_t>(blockIdx.x) * replays * K * threads + channel;
  warp_gradients<Cell, A, K> gradients{sums + channel / 32 * row, {}};

  for (std::int64_t head_index = blockIdx.x; head_index < a.head_count; head_index += gridDim.x) {
    const std::int64_t b = head_index / a.heads, h = head_index % a.heads;
    for (int at = channel; at < row; at += threads) shared_sums[at] = 0;
    A ds[K];
    RADLADS_UNROLL_STATE(K, A)
    for (int j = 0; j < K; ++j) {
      const bool is_given = is_real && j < a.keys && a.dfinal_state != nullptr;
      ds[j] = is_given ? a.dfinal_state[head_index * state_size +
                                        static_cast<std::int64_t>(j) * a.values + channel]
                       : A(0);
    }
    for (std::int64_t segment = segments - 1; segment >= 0; --segment) {
      const std::int64_t first = segment * checkpoint_interval;
      const int count = static_cast<int>(
          a.tokens - first < checkpoint_interval ? a.tokens - first : checkpoint_interval);
      __syncthreads();  // nobody still reads the segment before
      stage_tokens<Cell, K, T>(a.inputs, b, h, first, count, a.keys, inputs);
      __syncthreads();  // all tokens are there
      const auto value_of = [&](int i) {
        return is_real ? static_cast<A>(a.v.at(b, first + i, h)[channel]) : A(0);
      };
      A s[K];
      const A* from = a.checkpoints + (head_index * segments + segment) * state_size + channel;
      RADLADS_UNROLL_STATE(K, A)
      for (int j = 0; j < K; ++j) {
        s[j] = is_real && j < a.keys ? from[static_cast<std::int64_t>(j) * a.values] : A(0);
      }
      for (int i = 0; i < count; ++i) {
        if (i % replay_length == 0) {
          A* to = states + static_cast<std::int64_t>(i / replay_length) * K * threads;
          RADLADS_UNROLL_STATE(K, A)
          for (int j = 0; j < K; ++j) to[static_cast<std::int64_t>(j) * threads] = s[j];
        }
        Cell::template step<K>(s, staged_token<A, K>{inputs + i * row}, value_of(i));
      }
      for (int i = count - 1; i >= 0; --i) {
        const int begin = i / replay_length * replay_length;
        const A* state = states + static_cast<std::int64_t>(begin / replay_length) * K * threads;
        RADLADS_UNROLL_STATE(K, A)
        for (int j = 0; j < K; ++j) s[j] = state[static_cast<std::int64_t>(j) * threads];
        for (int k = begin; k < i; ++k) {
          Cell::template step<K>(s, staged_token<A, K>{inputs + k * row}, value_of(k));
        }
        const A dy = is_real ? static_cast<A>(a.dy.at(b, first + i, h)[channel]) : A(0);
        const staged_token<A, K> x{inputs + i * row};
        const A dv = Cell::template step_backward<K>(s, x, value_of(i), dy, ds, gradients);
        if (is_real) a.dv.at(b, first + i, h)[channel] = static_cast<T>(dv);
        __syncthreads();  // the sums of all warps are there
        for (int at = channel; at < row; at += threads) {
          const int input = at / K, j = at % K;
          A total = 0;
          for (int warp = 0; warp < warps; ++warp) total += sums[warp * row + at];
          // The cell's decay is a factor, the caller's its logarithm.
          if (input == Cell::decay) total *= x[input][j];
          if (a.dinputs[input].time == 0) {
            shared_sums[at] += total;
          } else if (j < input_width<Cell>(input, a.keys)) {
            a.dinputs[input].at(b, first + i, h)[j] = static_cast<T>(total);
          }
        }
        __syncthreads();  // the sums may be overwritten
      }
    }
    // Each of these sums has been one thread's all the time.
    for (int at = channel; at < row; at += threads) {
      const int input = at / K, j = at % K;
      const bool is_shared = a.dinputs[input].time == 0 && j < input_width<Cell>(input, a.keys);
      if (is_shared) a.dinputs[input].at(b, 0, h)[j] = static_cast<T>(shared_sums[at]);
    }
    if (a.dinitial_state == nullptr || !is_real) continue;
    A* to = a.dinitial_state + head_index * state_size + channel;
    RADLADS_UNROLL_STATE(K, A)
    for (int j = 0; j < K; ++j) {
      if (j < a.keys) to[static_cast<std::int64_t>(j) * a.values] = ds[j];
    }
  }
}

/// Token by token.
template <class Cell, class T>
RADLADS_HIDDEN void launch_scan_backward(
    cuda_backend& b, const scan_backward_arguments<Cell, T, device_space>& from) {
  using A = accumulate_t<T>;
  static_assert(Cell::inputs <= 8, "the scan on CUDA keeps the gradients of at most eight inputs");
  const auto [batch, tokens, heads, keys] = from.inputs[0].sizes();
  const std::int64_t values = from.v.extent(3);
  require(values <= most_values, "scan_backward: the value head size is ", values,
          "; CUDA takes at most ", most_values);
  const int threads = static_cast<int>(ceil_div(values, warp_size)) * warp_size;
  const std::int64_t head_count = batch * heads;
  // Four blocks a multiprocessor are as many as registers allow; more heads wait their turn.
  const std::int64_t blocks =
      std::min<std::int64_t>(head_count, std::int64_t{b.multiprocessors()} * 4);
  cuda_scan_backward_args<Cell, T> args{};
  copy_rows(from.inputs, args.inputs);
  copy_rows(from.dinputs, args.dinputs);
  args.v = head_tensor_of(from.v, from.heads());
  args.dy = head_tensor_of(from.dy);
  args.dv = head_tensor_of(from.dv);
  args.checkpoints = pointer_or_null(from.checkpoints);
  args.dfinal_state = pointer_or_null(from.dfinal_state);
  args.dinitial_state = pointer_or_null(from.dinitial_state);
  args.tokens = tokens;
  args.heads = heads;
  args.head_count = head_count;
  args.keys = static_cast<int>(keys);
  args.values = static_cast<int>(values);
  with_scan_width<T>("scan_backward: the head size", keys, [&](auto width) {
    constexpr int K = decltype(width)::value;
    scratch_scope<cuda_backend> scope(b);
    args.states = scope.take<A, 1>({blocks * replays * K * threads}).data();
    const std::size_t row = static_cast<std::size_t>(Cell::inputs * K) * sizeof(A);
    const std::size_t shared =
        row * static_cast<std::size_t>(checkpoint_interval + 1 + threads / warp_size);
    require(shared <= b.properties().sharedMemPerBlockOptin, "scan_backward: a head of (", keys,
            ", ", values, ") needs ", shared, " bytes of shared memory, a block on ",
            b.properties().name, " has ", b.properties().sharedMemPerBlockOptin);
    launch(b, "scan_backward", scan_backward_kernel<Cell, T, K>,
           {.blocks = blocks, .threads = threads, .shared_bytes = shared}, args);
  });
}

}  // namespace radlads::recurrence
