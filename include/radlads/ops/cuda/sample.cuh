// SPDX-License-Identifier: Apache-2.0
#pragma once
// Choosing tokens on CUDA: one block a row, and only the id leaves the device. The steps are those
// of the CPU, on the same whole numbers, so that equal logits give equal tokens.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/launch.cuh"
#include "radlads/core/cuda/reduce.cuh"
#include "radlads/core/random.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/sample.hpp"

#include <cstdint>
#include <limits>

namespace radlads::cuda_detail {

inline constexpr int sample_threads = 1024;
inline constexpr int sample_warps = sample_threads / warp_size;
static_assert(sample_warps == warp_size, "one warp sums what the warps have");

template <class T>
struct sample_args {
  ops::sampling_rule rule;
  const T* logits;  // rows of V
  std::int64_t stride;
  const std::uint8_t* seen;  // rows of V, or null
  std::int64_t seen_stride;
  std::int64_t V;
  random_stream numbers;
  std::uint64_t first;
  std::uint32_t* keys;  // (N, V)
  std::int32_t* ids;    // (N)
  std::int64_t id_stride;
};

/// What the threads of a block share.
struct sample_shared {
  std::uint64_t bins[ops::sampling_bins];
  std::uint64_t sums[sample_warps];
  double greatest[sample_warps];
  std::int64_t ids[sample_warps];
  std::int64_t found;
  std::uint64_t left;
};

/// The first place in [0, size) with which the sum of f(place) is more than `target`, which it is
/// over all; `target` becomes what of it is behind the places before. Every thread of the block
/// calls it with the same arguments and has the result.
template <class F>
__device__ std::int64_t find_in_block(sample_shared& s, std::int64_t size, std::uint64_t& target,
                                      const F& f) {
  const int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
  std::int64_t begin = 0, end = size;
  // Each warp sums one part; the part that holds the place is divided again.
  while (end - begin > warp_size) {
    const std::int64_t part = ceil_div(end - begin, sample_warps);
    const std::int64_t from = begin + warp * part, to = from + part < end ? from + part : end;
    std::uint64_t sum = 0;
    for (std::int64_t i = from + lane; i < to; i += warp_size) sum += f(i);
    sum = warp_sum(sum);
    if (lane == 0) s.sums[warp] = sum;
    __syncthreads();  // every warp's sum is there
    int chosen = 0;
    while (chosen + 1 < sample_warps && target >= s.sums[chosen]) target -= s.sums[chosen++];
    __syncthreads();  // nobody still reads them
    begin += chosen * part;
    end = begin + part < end ? begin + part : end;
  }
  if (threadIdx.x == 0) {
    std::int64_t at = begin;
    for (; at + 1 < end; ++at) {
      const std::uint64_t each = f(at);
      if (target < each) break;
      target -= each;
    }
    s.found = at;
    s.left = target;
  }
  __syncthreads();  // the place is there
  const std::int64_t found = s.found;
  target = s.left;
  __syncthreads();  // nobody still reads it
  return found;
}

/// The sum of f over [0, size), in every thread.
template <class F>
__device__ std::uint64_t sum_in_block(sample_shared& s, std::int64_t size, const F& f) {
  std::uint64_t sum = 0;
  for (std::int64_t i = threadIdx.x; i < size; i += sample_threads) sum += f(i);
  return block_sum<sample_threads>(sum, s.sums);
}

/// find_sampling_cut of the CPU over the keys of a row for which is_kept(key, id).
template <class Kept, class Measure>
__device__ ops::sampling_cut find_cut_in_block(sample_shared& s, const std::uint32_t* keys,
                                               std::int64_t V, std::uint64_t target,
                                               const Kept& is_kept, const Measure& measure) {
  std::uint32_t prefix = 0;
  std::uint64_t left = target - 1;
  for (int index = 0; index < ops::sampling_digits; ++index) {
    const ops::sampling_digit digit = ops::digit_of_key(index);
    const std::uint32_t mask = (1u << digit.bits) - 1;
    const int above = digit.shift + digit.bits;
    for (int bin = threadIdx.x; bin < ops::sampling_bins; bin += sample_threads) s.bins[bin] = 0;
    __syncthreads();  // the bins are empty
    for (std::int64_t v = threadIdx.x; v < V; v += sample_threads) {
      const std::uint32_t key = keys[v];
      if (key >> above != prefix >> above || !is_kept(key, v)) continue;
      atomicAdd(reinterpret_cast<unsigned long long*>(&s.bins[(key >> digit.shift) & mask]),
                static_cast<unsigned long long>(measure(key)));
    }
    __syncthreads();  // the bins are full
    const std::int64_t bin =
        find_in_block(s, mask + std::int64_t{1}, left, [&](std::int64_t i) { return s.bins[i]; });
    prefix |= static_cast<std::uint32_t>(bin) << digit.shift;
  }
  // All that are left have one key.
  left /= measure(prefix);
  const std::int64_t id = find_in_block(s, V, left, [&](std::int64_t v) {
    return std::uint64_t{keys[v] == prefix && is_kept(prefix, v)};
  });
  return {prefix, id};
}

/// The greatest logit and the first place of it. `is_valid` is false where a logit is NaN or the
/// greatest is not finite.
struct greatest_logit {
  double value;
  std::int64_t id;
  bool is_valid;
};

template <class F>
__device__ greatest_logit greatest_in_block(sample_shared& s, std::int64_t V, const F& logit) {
  double best = -std::numeric_limits<double>::infinity();
  std::int64_t id = V;
  bool has_nan = false;
  const auto take = [&](double value, std::int64_t at) {
    if (value < best || (value == best && at >= id)) return;
    best = value;
    id = at;
  };
  for (std::int64_t v = threadIdx.x; v < V; v += sample_threads) {
    const auto value = static_cast<double>(logit(v));
    has_nan |= value != value;
    if (value == value) take(value, v);
  }
  const auto take_from_lanes = [&] {
    for (int distance = warp_size / 2; distance > 0; distance /= 2) {
      const double other = __shfl_xor_sync(0xffffffffu, best, distance);
      const std::int64_t at = __shfl_xor_sync(0xffffffffu, id, distance);
      take(other, at);
    }
  };
  take_from_lanes();
  const int lane = threadIdx.x % warp_size, warp = threadIdx.x / warp_size;
  if (lane == 0) {
    s.greatest[warp] = best;
    s.ids[warp] = id;
  }
  const bool is_bad = __syncthreads_or(has_nan) != 0;  // every warp's greatest is there
  best = s.greatest[lane];
  id = s.ids[lane];
  take_from_lanes();
  return {best, id, !is_bad && isfinite(best)};
}

/// The id of one row.
template <class F>
__device__ std::int64_t sampled_in_block(sample_shared& s, const ops::sampling_rule& rule,
                                         std::int64_t V, std::uint32_t* keys, double uniform,
                                         const F& logit) {
  const greatest_logit best = greatest_in_block(s, V, logit);
  if (!best.is_valid) return -1;
  if (rule.is_greedy) return best.id;
  for (std::int64_t v = threadIdx.x; v < V; v += sample_threads) {
    keys[v] = ops::sampling_key(best.value, static_cast<double>(logit(v)), rule.scale);
  }
  __syncthreads();  // the keys are there
  // Nothing is cut behind the last key with a weight.
  ops::sampling_cut cut{ops::sampling_key_end - 1, V};
  const auto is_kept = [&](std::uint32_t key, std::int64_t v) { return cut.keeps(key, v); };
  const auto kept_weight = [&](std::int64_t v) {
    return is_kept(keys[v], v) ? ops::sampling_weight(keys[v]) : 0;
  };
  const auto one = [](std::uint32_t) { return std::uint64_t{1}; };
  const auto weight = [](std::uint32_t key) { return ops::sampling_weight(key); };
  if (rule.top_k > 0 && rule.top_k < V) {
    const auto top_k = static_cast<std::uint64_t>(rule.top_k);
    const std::uint64_t count =
        sum_in_block(s, V, [&](std::int64_t v) { return std::uint64_t{is_kept(keys[v], v)}; });
    if (top_k < count) cut = find_cut_in_block(s, keys, V, top_k, is_kept, one);
  }
  if (rule.top_p < 1) {
    const std::uint64_t total = sum_in_block(s, V, kept_weight);
    const std::uint64_t share = ops::sampling_share(rule.top_p, total);
    cut = find_cut_in_block(s, keys, V, share, is_kept, weight);
  }
  if (rule.key_end <= cut.key) cut = {rule.key_end - 1, V};
  const std::uint64_t total = sum_in_block(s, V, kept_weight);
  std::uint64_t target = ops::sampling_target(uniform, total);
  return find_in_block(s, V, target, kept_weight);
}

template <class T>
RADLADS_KERNEL sample_kernel(const __grid_constant__ sample_args<T> a) {
  using A = accumulate_t<T>;
  __shared__ sample_shared shared;
  const std::int64_t n = blockIdx.x;
  const T* const row = a.logits + n * a.stride;
  const std::uint8_t* const seen = a.seen == nullptr ? nullptr : a.seen + n * a.seen_stride;
  const A penalty = static_cast<A>(a.rule.penalty);
  const double uniform = a.numbers.uniform(a.first + static_cast<std::uint64_t>(n));
  const std::int64_t id =
      sampled_in_block(shared, a.rule, a.V, a.keys + n * a.V, uniform, [&](std::int64_t v) {
        const A logit = static_cast<A>(row[v]);
        return seen != nullptr && seen[v] != 0 ? ops::penalised_logit(logit, penalty) : logit;
      });
  if (threadIdx.x == 0) a.ids[n * a.id_stride] = static_cast<std::int32_t>(id);
}

template <class T>
RADLADS_HIDDEN void sample_on(cuda_backend& b, const ops::sampling_rule& rule,
                              view<const T, 2, device_space> logits,
                              view<const std::uint8_t, 2, device_space> seen, random_stream numbers,
                              std::uint64_t first, view<std::int32_t, 1, device_space> ids) {
  scratch_scope<cuda_backend> scope(b);
  const std::int64_t N = logits.extent(0), V = logits.extent(1);
  const auto keys = scope.take<std::uint32_t, 2>({N, V});
  launch(b, "sample", sample_kernel<T>, {.blocks = N, .threads = sample_threads},
         sample_args<T>{rule, logits.pointer, logits.stride(0), seen.pointer, seen.stride(0), V,
                        numbers, first, keys.pointer, ids.pointer, ids.stride(0)});
}

struct mark_ids_args {
  const std::int32_t* ids;  // rows of T
  std::int64_t id_stride, T, V;
  std::uint8_t* seen;  // rows of V
  std::int64_t seen_stride, count;
};

/// One id a thread. Ids outside the vocabulary are passed over: their refusal is elsewhere.
template <int Threads>
RADLADS_KERNEL mark_ids_kernel(const __grid_constant__ mark_ids_args a) {
  const std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * Threads + threadIdx.x;
  if (i >= a.count) return;
  const std::int64_t n = i / a.T;
  const std::int32_t id = a.ids[n * a.id_stride + i % a.T];
  if (id >= 0 && id < a.V) a.seen[n * a.seen_stride + id] = 1;
}

RADLADS_HIDDEN inline void mark_ids_on(cuda_backend& b,
                                       view<const std::int32_t, 2, device_space> ids,
                                       view<std::uint8_t, 2, device_space> seen) {
  constexpr int threads = 256;
  launch(b, "mark_ids", mark_ids_kernel<threads>,
         {.blocks = ceil_div(ids.size(), threads), .threads = threads},
         mark_ids_args{ids.pointer, ids.stride(0), ids.extent(1), seen.extent(1), seen.pointer,
                       seen.stride(0), ids.size()});
}

}  // namespace radlads::cuda_detail
