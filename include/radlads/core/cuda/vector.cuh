// SPDX-License-Identifier: Apache-2.0
#pragma once
// Vectors: several neighbouring elements in one access of up to 16 bytes, converted to the
// accumulation type.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"

#include <cstddef>
#include <cstdint>

namespace radlads {

/// Elements of T in 16 bytes.
template <class T>
inline constexpr int vector_width = 16 / static_cast<int>(sizeof(T));

/// Whether a pointer and a stride in elements keep vectors of N elements aligned.
template <class T>
inline bool is_vector_aligned(const T* pointer, std::int64_t stride, int N) {
  return reinterpret_cast<std::uintptr_t>(pointer) % (sizeof(T) * static_cast<std::size_t>(N)) ==
             0 &&
         stride % N == 0;
}

/// N elements of T, aligned as one access.
template <class T, int N>
struct alignas(sizeof(T) * N) aligned_vector {
  T value[N];
};

/// Reads N elements; `from` is aligned to N of them.
template <int N, class T>
RADLADS_HOST_DEVICE inline void load_vector(const T* from, accumulate_t<T> (&to)[N]) {
  const aligned_vector<T, N> p = *reinterpret_cast<const aligned_vector<T, N>*>(from);
  RADLADS_UNROLL
  for (int i = 0; i < N; ++i) to[i] = static_cast<accumulate_t<T>>(p.value[i]);
}

/// Writes N elements; `to` is aligned to N of them.
template <int N, class T>
RADLADS_HOST_DEVICE inline void store_vector(const accumulate_t<T> (&from)[N], T* to) {
  aligned_vector<T, N> p;
  RADLADS_UNROLL
  for (int i = 0; i < N; ++i) p.value[i] = static_cast<T>(from[i]);
  *reinterpret_cast<aligned_vector<T, N>*>(to) = p;
}

}  // namespace radlads
