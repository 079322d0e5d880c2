// SPDX-License-Identifier: Apache-2.0
#pragma once
// Matrix products by cuBLASLt, which counts columns first: it is asked for the transposed product
// of the transposed operands, so that nothing is moved. Sums are in accumulate_t; float is not
// rounded to TF32.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cuda/map.cuh"
#include "radlads/ops/cuda/sum_rows.cuh"
#include "radlads/ops/matmul.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cublasLt.h>
#include <type_traits>

namespace radlads::cuda_detail {

/// cuBLASLt's name of a scalar.
template <class T>
inline constexpr cudaDataType_t cuda_type = std::is_same_v<T, double>  ? CUDA_R_64F
                                            : std::is_same_v<T, float> ? CUDA_R_32F
                                            : std::is_same_v<T, bf16>  ? CUDA_R_16BF
                                                                       : CUDA_R_16F;

/// c = c + bias, or c = bias where nothing was summed.
struct add_bias {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& bias, const X& before, X& c) const {
    c = before + bias;
  }
};
struct make_zero {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(X& c) const {
    c = X(0);
  }
};

/// Owns one of cuBLASLt's descriptions.
template <class Handle, cublasStatus_t (*Destroy)(Handle)>
struct cublas_description {
  Handle handle = nullptr;
  cublas_description() = default;
  cublas_description(const cublas_description&) = delete;
  cublas_description& operator=(const cublas_description&) = delete;
  ~cublas_description() {
    if (handle != nullptr) Destroy(handle);
  }
};
using cublas_product = cublas_description<cublasLtMatmulDesc_t, cublasLtMatmulDescDestroy>;
using cublas_layout = cublas_description<cublasLtMatrixLayout_t, cublasLtMatrixLayoutDestroy>;
using cublas_preference =
    cublas_description<cublasLtMatmulPreference_t, cublasLtMatmulPreferenceDestroy>;

/// Bytes that a pointer and the distance of its rows are both multiples of, 256 at most.
inline std::uint32_t alignment_of(const void* pointer, std::int64_t stride_bytes) {
  const auto bits = reinterpret_cast<std::uintptr_t>(pointer) |
                    static_cast<std::uintptr_t>(stride_bytes) | std::uintptr_t{256};
  return static_cast<std::uint32_t>(bits & (~bits + 1));
}

/// One operand of a product: elements, the distance of its rows, and whether it is stored
/// transposed.
template <class T>
struct product_operand {
  const T* pointer;
  std::int64_t rows, columns, stride;
  bool is_transposed;

  std::uint32_t alignment() const {
    return alignment_of(pointer, stride * static_cast<std::int64_t>(sizeof(T)));
  }
  void describe(cublas_layout& layout) const {
    // One row may have any distance to the next; cuBLASLt still wants it at least as long as the
    // row.
    const std::int64_t leading = rows > 1 ? stride : columns;
    require_cublas(cublasLtMatrixLayoutCreate(&layout.handle, cuda_type<T>,
                                              static_cast<std::uint64_t>(columns),
                                              static_cast<std::uint64_t>(rows), leading),
                   "matmul");
  }
};

/// c (M, N) = op(left) op(right) + bias, plus c when accumulating. `Out` is T, or the accumulation
/// type.
template <class T, class Out>
RADLADS_HIDDEN void product_into(cuda_backend& b, bool transpose_a, bool transpose_b,
                                 bool accumulate, view<const T, 2, device_space> left,
                                 view<const T, 2, device_space> right,
                                 view<const Out, 1, device_space> bias,
                                 view<Out, 2, device_space> c) {
  const char* const name = "matmul";
  const std::int64_t K = left.extent(transpose_a ? 0 : 1);
  if (c.size() == 0) return;
  const bool has_bias = !bias.empty();
  // cuBLASLt has no products of nothing, and no bias in double.
  const bool is_bias_fused = has_bias && K > 0 && !std::is_same_v<T, double>;
  if (K == 0) {
    if (!accumulate)
      elementwise_on<Out>(b, make_zero{}, std::array{c},
                          std::array<view<const Out, 2, device_space>, 0>{});
  } else {
    using A = accumulate_t<T>;
    constexpr cudaDataType_t sums = cuda_type<A>;
    constexpr cublasComputeType_t compute =
        std::is_same_v<A, double> ? CUBLAS_COMPUTE_64F : CUBLAS_COMPUTE_32F;
    // The transposed product has the operands exchanged.
    const product_operand<T> first{right.pointer, right.extent(0), right.extent(1), right.stride(0),
                                   transpose_b};
    const product_operand<T> second{left.pointer, left.extent(0), left.extent(1), left.stride(0),
                                    transpose_a};
    const product_operand<Out> result{c.pointer, c.extent(0), c.extent(1), c.stride(0), false};
    cublas_product product;
    require_cublas(cublasLtMatmulDescCreate(&product.handle, compute, sums), name);
    const auto set = [&](cublasLtMatmulDescAttributes_t attribute, const auto& value) {
      require_cublas(
          cublasLtMatmulDescSetAttribute(product.handle, attribute, &value, sizeof(value)), name);
    };
    set(CUBLASLT_MATMUL_DESC_TRANSA, transpose_b ? CUBLAS_OP_T : CUBLAS_OP_N);
    set(CUBLASLT_MATMUL_DESC_TRANSB, transpose_a ? CUBLAS_OP_T : CUBLAS_OP_N);
    if (is_bias_fused) {
      set(CUBLASLT_MATMUL_DESC_EPILOGUE, CUBLASLT_EPILOGUE_BIAS);
      set(CUBLASLT_MATMUL_DESC_BIAS_POINTER, bias.pointer);
    }
    cublas_layout first_layout, second_layout, result_layout;
    first.describe(first_layout);
    second.describe(second_layout);
    result.describe(result_layout);

    auto& known = b.matmul_algorithms();
    const std::int64_t flags = (transpose_a ? 1 : 0) + (transpose_b ? 2 : 0) +
                               (accumulate ? 4 : 0) + (is_bias_fused ? 8 : 0) +
                               16 * static_cast<std::int64_t>(cuda_type<T>) +
                               4096 * static_cast<std::int64_t>(cuda_type<Out>);
    const cuda_backend::algorithm_key key{c.extent(0),
                                          c.extent(1),
                                          K,
                                          left.stride(0),
                                          right.stride(0),
                                          c.stride(0),
                                          flags,
                                          first.alignment(),
                                          second.alignment(),
                                          result.alignment(),
                                          is_bias_fused ? alignment_of(bias.pointer, 0) : 0,
                                          0};
    auto found = known.find(key);
    if (found == known.end()) {
      cublas_preference preference;
      require_cublas(cublasLtMatmulPreferenceCreate(&preference.handle), name);
      const auto prefer = [&](cublasLtMatmulPreferenceAttributes_t attribute, const auto& value) {
        require_cublas(cublasLtMatmulPreferenceSetAttribute(preference.handle, attribute, &value,
                                                            sizeof(value)),
                       name);
      };
      prefer(CUBLASLT_MATMUL_PREF_MAX_WORKSPACE_BYTES,
             std::uint64_t{cuda_backend::workspace_bytes});
      prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_A_BYTES, first.alignment());
      prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_B_BYTES, second.alignment());
      prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_C_BYTES, result.alignment());
      prefer(CUBLASLT_MATMUL_PREF_MIN_ALIGNMENT_D_BYTES, result.alignment());
      const auto device = b.current_device();
      cublasLtMatmulHeuristicResult_t best{};
      int count = 0;
      require_cublas(
          cublasLtMatmulAlgoGetHeuristic(b.cublas(), product.handle, first_layout.handle,
                                         second_layout.handle, result_layout.handle,
                                         result_layout.handle, preference.handle, 1, &best, &count),
          name);
      require(count > 0, name, ": cuBLASLt has no algorithm for (", c.extent(0), ", ", K, ") x (",
              K, ", ", c.extent(1), ")");
      found = known.emplace(key, best.algo).first;
    }
    const A one = 1, before = accumulate ? A(1) : A(0);
    scratch_scope<cuda_backend> scope(b);
    void* const workspace = b.workspace(scope);
    b.enqueue([&] {
      require_cublas(
          cublasLtMatmul(b.cublas(), product.handle, &one, first.pointer, first_layout.handle,
                         second.pointer, second_layout.handle, &before, c.pointer,
                         result_layout.handle, c.pointer, result_layout.handle, &found->second,
                         workspace, cuda_backend::workspace_bytes, b.stream()),
          name);
    });
  }
  if (has_bias && !is_bias_fused) {
    elementwise_on<Out>(
        b, add_bias{}, std::array{c},
        std::array{ops::broadcast_rows(bias, c.extent(0)), view<const Out, 2, device_space>(c)});
  }
}

template <class T>
RADLADS_HIDDEN void matmul_on(cuda_backend& b, bool transpose_a, bool transpose_b, bool accumulate,
                              view<const T, 2, device_space> left,
                              view<const T, 2, device_space> right,
                              view<const T, 1, device_space> bias, view<T, 2, device_space> c) {
  product_into<T, T>(b, transpose_a, transpose_b, accumulate, left, right, bias, c);
}

}  // namespace radlads::cuda_detail
