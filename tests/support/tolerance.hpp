// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one table of tolerances, by what is compared and by scalar. Widening one is a reviewed
// change.

#include <type_traits>

namespace radlads::test {

/// Relative error of a gradient against the complex step, in double.
inline constexpr double gradient_tolerance = 1e-10;
/// The same against central differences, whose own error is about 1e-8.
inline constexpr double difference_tolerance = 1e-6;

/// The same sums in another order: whole sequence, step by step, split, reference.
template <class T>
inline constexpr double order_tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;

/// Relative error, in the Euclidean norm, of one operation on CUDA against double on the CPU.
/// Storage in bf16 alone costs 1.7e-3 (eight bits of mantissa, uniform rounding errors);
/// intermediate tensors cost as much again.
template <class T>
inline constexpr double cuda_tolerance = std::is_same_v<T, double>  ? 1e-12
                                         : std::is_same_v<T, float> ? 5e-6
                                                                    : 4e-3;

/// Outputs and gradients of chunkwise recurrences in bf16, against double from the same bf16
/// inputs.
inline constexpr double chunkwise_output_tolerance = 2.5e-3;
inline constexpr double chunkwise_gradient_tolerance = 4e-3;

}  // namespace radlads::test
