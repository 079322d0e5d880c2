// SPDX-License-Identifier: Apache-2.0
#pragma once
// Instructions of compute capability 8.0 and later for products of bf16 tiles: copies into shared
// memory that run beside the program, fragments out of shared memory, and the product itself.
// Layouts of fragments, with g = lane / 4 and c = 2 (lane % 4):
//   left (16 x 16):  {g, c}, {g + 8, c}, {g, c + 8}, {g + 8, c + 8}   two neighbouring columns each
//   right (16 x 8):  {c, g}, {c + 8, g}                               two neighbouring rows each
//   sums (16 x 8):   {g, c}, {g, c + 1}, {g + 8, c}, {g + 8, c + 1}   floats

#include "radlads/core/config.hpp"

#include <cstdint>
#include <numbers>

namespace radlads {

/// The address of shared memory that the instructions below take.
__device__ inline std::uint32_t shared_address(const void* pointer) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(pointer));
}

/// Starts the copy of 16 bytes of device memory to shared memory, both aligned to 16. Writes zeros
/// and reads nothing where `is_there` is false.
__device__ inline void copy_async(std::uint32_t to, const void* from, bool is_there) {
  const int bytes = is_there ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;\n" ::"r"(to), "l"(from), "r"(bytes)
               : "memory");
}

/// Closes the group of copies that this thread has started since the last call.
__device__ inline void commit_copies() { asm volatile("cp.async.commit_group;\n" ::: "memory"); }

/// Waits until at most Pending of this thread's groups are under way. Other threads see what was
/// copied after a barrier.
template <int Pending>
__device__ inline void wait_for_copies() {
  asm volatile("cp.async.wait_group %0;\n" ::"n"(Pending) : "memory");
}

/// Four 8 x 8 matrices of bf16 from shared memory: lane i gives the address of row i % 8 of matrix
/// i / 8, aligned to 16 bytes, and receives elements (lane / 4, 2 (lane % 4)) and the next of each
/// matrix.
__device__ inline void load_matrices(std::uint32_t address, std::uint32_t (&to)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

/// The same with every matrix transposed.
__device__ inline void load_matrices_transposed(std::uint32_t address, std::uint32_t (&to)[4]) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];\n"
               : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3])
               : "r"(address)
               : "memory");
}

/// sums += left right, of 16 x 16 and 16 x 8 elements of bf16, summed in float.
__device__ inline void multiply_add(float (&sums)[4], const std::uint32_t (&left)[4],
                                    std::uint32_t right_upper, std::uint32_t right_lower) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, "
      "{%8, %9}, "
      "{%0, %1, %2, %3};\n"
      : "+f"(sums[0]), "+f"(sums[1]), "+f"(sums[2]), "+f"(sums[3])
      : "r"(left[0]), "r"(left[1]), "r"(left[2]), "r"(left[3]), "r"(right_upper), "r"(right_lower));
}

/// For powers of e by exp2_of.
inline constexpr float log2_of_e = std::numbers::log2e_v<float>;

/// 2^x to about 2e-7 relative, zero for -infinity; results below the normal range become zero.
__device__ inline float exp2_of(float x) {
  float y;
  asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
  return y;
}

/// Two floats rounded to bf16, the first in the lower half.
__device__ inline std::uint32_t bf16_pair(float low, float high) {
  std::uint32_t result;
  asm("cvt.rn.bf16x2.f32 %0, %1, %2;\n" : "=r"(result) : "f"(high), "f"(low));
  return result;
}

/// The left fragment made of the sums of two neighbouring 16 x 8 tiles, rounded to bf16.
__device__ inline void left_of_sums(const float (&first)[4], const float (&second)[4],
                                    std::uint32_t (&to)[4]) {
  to[0] = bf16_pair(first[0], first[1]);
  to[1] = bf16_pair(first[2], first[3]);
  to[2] = bf16_pair(second[0], second[1]);
  to[3] = bf16_pair(second[2], second[3]);
}

}  // namespace radlads
