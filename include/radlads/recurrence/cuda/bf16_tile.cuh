// SPDX-License-Identifier: Apache-2.0
#pragma once
// Operands of products on tensor cores, on top of core/cuda/mma.cuh. A number that one bfloat16
// would round too much is kept as two, `high` and `low`: the products high high, low high and high
// low leave an error of 2^-16.
//
// Sums, 16 rows by 8 columns, lie in a warp with g = lane / 4 and p = lane % 4: numbers 0 and 1 are
// columns 2p and 2p + 1 of row g, numbers 2 and 3 those of row g + 8. Two neighbouring tiles of
// sums are a left operand.

#include "radlads/core/config.hpp"
#include "radlads/core/cuda/mma.cuh"
#include "radlads/core/scalar.hpp"

#include <cstdint>

namespace radlads::recurrence::mma {

using word = std::uint32_t;  // two neighbouring bfloat16

__device__ inline float first_of(word pair) { return __uint_as_float(pair << 16); }
__device__ inline float second_of(word pair) { return __uint_as_float(pair & 0xffff0000u); }
/// What rounding to a pair lost.
__device__ inline word rest_pair(word pair, float first, float second) {
  return bf16_pair(first - first_of(pair), second - second_of(pair));
}

/// 16 x 16, left operand, or two right operands of 16 x 8: words 0 and 1, words 2 and 3.
struct operand {
  word x[4];
};
/// The same in two parts.
struct split_operand {
  operand high, low;
};

/// sums (16 x 8) += left (16 x 16) right (16 x 8), the right operand being half `half` of `right`.
__device__ inline void multiply_add(float (&sums)[4], const operand& left, const operand& right,
                                    int half) {
  radlads::multiply_add(sums, left.x, right.x[2 * half], right.x[2 * half + 1]);
}
/// sums (16 x 16) += left right.
__device__ inline void multiply_add(float (&sums)[2][4], const operand& left,
                                    const operand& right) {
  multiply_add(sums[0], left, right, 0);
  multiply_add(sums[1], left, right, 1);
}
__device__ inline void multiply_add(float (&sums)[2][4], const operand& left,
                                    const split_operand& right) {
  multiply_add(sums, left, right.high);
  multiply_add(sums, left, right.low);
}
__device__ inline void multiply_add(float (&sums)[2][4], const split_operand& left,
                                    const split_operand& right) {
  multiply_add(sums, left.high, right);
  multiply_add(sums, left.low, right.high);
}

__device__ inline operand operand_of(const float (&low)[4], const float (&high)[4]) {
  return {{bf16_pair(low[0], low[1]), bf16_pair(low[2], low[3]), bf16_pair(high[0], high[1]),
           bf16_pair(high[2], high[3])}};
}
__device__ inline split_operand split_of(const float (&sums)[2][4]) {
  split_operand result{operand_of(sums[0], sums[1]), {}};
  RADLADS_UNROLL_ROW
  for (int i = 0; i < 4; ++i) {
    const float* from = &sums[i / 2][i % 2 * 2];
    result.low.x[i] = rest_pair(result.high.x[i], from[0], from[1]);
  }
  return result;
}

/// Four 8 x 8 matrices; this lane gives the address of row lane % 8 of matrix lane / 8.
__device__ inline operand load(std::uint32_t address) {
  operand r;
  load_matrices(address, r.x);
  return r;
}
__device__ inline operand load_transposed(std::uint32_t address) {
  operand r;
  load_matrices_transposed(address, r.x);
  return r;
}
__device__ inline word transpose(word from) {
  word to;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(to) : "r"(from));
  return to;
}

/// This lane's offsets, in bytes, into a tile with rows of `Stride` elements, for the loads of 16
/// x 16. left: rows are rows of the left operand; with load_transposed rows are what a right
/// operand sums over. right: rows are columns of the right operand; with load_transposed rows are
/// what a left operand sums over.
template <int Stride>
struct tile_offsets {
  std::uint32_t left, right;
  __device__ explicit tile_offsets(int lane)
      : left(static_cast<std::uint32_t>((lane % 16) * Stride * 2 + lane / 16 * 16)),
        right(static_cast<std::uint32_t>((lane / 16 * 8 + lane % 8) * Stride * 2 +
                                         lane / 8 % 2 * 16)) {}
};

}  // namespace radlads::recurrence::mma
