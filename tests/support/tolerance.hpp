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

/// The same sums in another order: whole sequence, step by step, split, reference twin.
template <class T>
inline constexpr double order_tolerance = std::is_same_v<T, float> ? 1e-5 : 1e-12;

}  // namespace radlads::test
