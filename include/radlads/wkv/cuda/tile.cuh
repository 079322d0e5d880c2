// SPDX-License-Identifier: Apache-2.0
#pragma once
// Products of small tiles on tensor cores for the matrix forms: TF32 operands (ten bits of mantissa, the
// exponents of float), float sums. Bfloat16 inputs are exact in TF32; bfloat16 operands would round every
// scaled vector and the state, and miss the accuracy of a recurrence by half.
//
// A tile of sums, 16 rows by 8 columns, lies in a warp as mma.m16n8k8 leaves it: with g = lane / 4 and
// p = lane % 4, numbers 0 and 1 are columns 2p and 2p + 1 of row g, numbers 2 and 3 those of row g + 8. When
// such a tile is an operand of the next product, its columns are summed over, in the order 0 2 4 6 1 3 5 7:
// position p is column 2p, position p + 4 column 2p + 1. All operands here keep that order, so that a pair of
// neighbouring columns is one access and sums never move between lanes.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/launch.cuh"

#include <cstdint>

namespace radlads::wkv {

/// Tokens of a chunk, and the rows of a tile.
inline constexpr int chunk_length = 16;

/// The nearest TF32 number, as a float.
__device__ inline float to_tf32(float x) {
  std::uint32_t bits;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(bits) : "f"(x));
  return __uint_as_float(bits);
}

/// Place of a lane in a tile.
struct tile_lane {
  int g, p;
  __device__ tile_lane() : g(static_cast<int>(threadIdx.x % warp_size) / 4), p(static_cast<int>(threadIdx.x) % 4) {}
};

/// Left operand, 16 rows by 8: rows g and g + 8 at positions p and p + 4.
struct left_tile {
  float value[4];
};
/// Right operand, 8 by 8 columns: column g at positions p and p + 4.
struct right_tile {
  float value[2];
};

/// sums (16 x 8) += left (16 x 8) right (8 x 8).
__device__ inline void multiply_add(float (&sums)[4], const left_tile& left, const right_tile& right) {
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, "
      "{%0, %1, %2, %3};"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(__float_as_uint(left.value[0])), "r"(__float_as_uint(left.value[1])),
        "r"(__float_as_uint(left.value[2])), "r"(__float_as_uint(left.value[3])),
        "r"(__float_as_uint(right.value[0])), "r"(__float_as_uint(right.value[1])));
}

/// A tile of sums as a left operand: its columns are summed over.
__device__ inline left_tile left_of(const float (&sums)[4]) {
  return {{to_tf32(sums[0]), to_tf32(sums[2]), to_tf32(sums[1]), to_tf32(sums[3])}};
}

/// Left operand from rows of memory: row r at from + r * stride, summed over eight neighbouring columns.
__device__ inline left_tile left_rows(const float* from, int stride, const tile_lane& at) {
  const float2 low = *reinterpret_cast<const float2*>(from + at.g * stride + 2 * at.p);
  const float2 high = *reinterpret_cast<const float2*>(from + (at.g + 8) * stride + 2 * at.p);
  return {{low.x, high.x, low.y, high.y}};
}

/// Left operand whose rows are columns of memory: row r is from[k * stride + r], summed over eight k.
__device__ inline left_tile left_columns(const float* from, int stride, const tile_lane& at) {
  const float* even = from + 2 * at.p * stride + at.g;
  const float* odd = even + stride;
  return {{even[0], even[8], odd[0], odd[8]}};
}

/// Right operand from rows of memory: column c is the row at from + c * stride, summed over its columns.
__device__ inline right_tile right_rows(const float* from, int stride, const tile_lane& at) {
  const float2 pair = *reinterpret_cast<const float2*>(from + at.g * stride + 2 * at.p);
  return {{pair.x, pair.y}};
}

/// Right operand from columns of memory: column c is from[k * stride + c], summed over eight k.
__device__ inline right_tile right_columns(const float* from, int stride, const tile_lane& at) {
  const float* even = from + 2 * at.p * stride + at.g;
  return {{even[0], even[stride]}};
}

}  // namespace radlads::wkv
