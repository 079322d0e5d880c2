// SPDX-License-Identifier: Apache-2.0
#pragma once
// Distances of hidden states on the CPU: one pass over a token for the sum, one for the gradient.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/scalar.hpp"

#include <Eigen/Core>

#include <cmath>
#include <cstdint>

namespace radlads::cpu_detail {

/// losses_n = scale ||e_n|| (by_norm) or scale ||e_n||^2 with e = target - y, and the gradient in
/// y.
template <class T>
void alignment_on(cpu_backend& b, bool by_norm, real_t<T> scale, view<const T, 2> y,
                  view<const T, 2> target, view<T, 1> losses, view<T, 2> dy) {
  using std::sqrt;
  using array = Eigen::Array<T, Eigen::Dynamic, 1>;
  const std::int64_t C = y.extent(1);
  b.parallel_for(y.extent(0), 1 + (1 << 13) / (C + 1),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t n = begin; n < end; ++n) {
                     const Eigen::Map<const array> found(y.row(n), C), wanted(target.row(n), C);
                     const T sum = (found - wanted).square().sum();
                     const T norm = by_norm ? T(sqrt(sum)) : sum;
                     losses(n) = scale * norm;
                     if (dy.empty()) continue;
                     Eigen::Map<array> gradient(dy.row(n), C);
                     if (by_norm && real_of(norm) == real_t<T>(0)) {
                       // The norm has no derivative here; zero is the subgradient of least length.
                       gradient.setZero();
                     } else {
                       const T factor = by_norm ? T(scale / norm) : T(2 * scale);
                       gradient = factor * (found - wanted);
                     }
                   }
                 });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void alignment_on<float>(cpu_backend&, bool, float, view<const float, 2>,
                                          view<const float, 2>, view<float, 1>, view<float, 2>);
RADLADS_INSTANCE void alignment_on<double>(cpu_backend&, bool, double, view<const double, 2>,
                                           view<const double, 2>, view<double, 1>, view<double, 2>);
#endif

}  // namespace radlads::cpu_detail
