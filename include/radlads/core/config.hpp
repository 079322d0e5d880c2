// SPDX-License-Identifier: Apache-2.0
#pragma once
// The compiler's dialect: the only file with compiler conditionals.

#if defined(__CUDACC__)
#define RADLADS_HOST_DEVICE __host__ __device__
#else
#define RADLADS_HOST_DEVICE
#endif

#if defined(__CUDA_ARCH__) || defined(__clang__)
#define RADLADS_UNROLL _Pragma("unroll")
#elif defined(__GNUC__) && !defined(__CUDACC__)
#define RADLADS_UNROLL _Pragma("GCC unroll 16")
#else
#define RADLADS_UNROLL
#endif

// Over numbers in registers, which cannot be indexed at run time on a GPU, while a host compiler
// knows best.
#if defined(__CUDA_ARCH__)
#define RADLADS_UNROLL_ROW _Pragma("unroll")
#else
#define RADLADS_UNROLL_ROW
#endif

// Over a row of K numbers S of recurrent state. Rows that no register file holds are not unrolled
// whole: it would cost minutes of compilation and gain nothing.
#if defined(__CUDA_ARCH__)
#define RADLADS_PRAGMA(text) _Pragma(#text)
#define RADLADS_UNROLL_STATE(K, S) RADLADS_PRAGMA(unroll(K * sizeof(S) > 512 ? 16 : K))
#else
#define RADLADS_UNROLL_STATE(K, S)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define RADLADS_HIDDEN __attribute__((visibility("hidden")))
#define RADLADS_INLINE inline __attribute__((always_inline))
#else
#define RADLADS_HIDDEN
#define RADLADS_INLINE inline
#endif

/// Linkage of every CUDA kernel: hidden, so that two shared libraries may both instantiate it.
#define RADLADS_KERNEL RADLADS_HIDDEN __global__ void

// Instances of function templates that the target radlads::compiled holds: declared where that is
// linked, which says so by RADLADS_COMPILED, and defined in its own sources, those of operations
// and recurrences in one, those of layers in another. Otherwise every source makes its own.
#if defined(RADLADS_COMPILED)
#define RADLADS_INSTANCE extern template
#define RADLADS_LAYER_INSTANCE extern template
#elif defined(RADLADS_COMPILED_OPERATIONS)
#define RADLADS_INSTANCE template
#elif defined(RADLADS_COMPILED_LAYERS)
#define RADLADS_INSTANCE extern template
#define RADLADS_LAYER_INSTANCE template
#endif
