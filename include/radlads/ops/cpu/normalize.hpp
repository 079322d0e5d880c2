// SPDX-License-Identifier: Apache-2.0
#pragma once
// Unit vectors on the CPU, one head at a time.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"
#include "radlads/ops/normalize.hpp"

#include <cmath>
#include <complex>
#include <cstdint>

namespace radlads::cpu_detail {

/// 1 / max(sqrt(|x|^2 + epsilon), 1e-12) of one head.
template <int W, class T>
T inverse_length(const T* x, std::int64_t size, double epsilon) {
  using lanes_t = lanes<T, W>;
  using std::sqrt;
  const T largest = static_cast<T>(ops::largest_normalize_factor);
  lanes_t squares(T(0));
  for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
    const lanes_t each = lanes_t::load(x + i, n);
    squares += each * each;
  });
  const T square = squares.sum() + static_cast<T>(epsilon);
  // Written so that NaN passes through.
  return real_of(square) < real_of(T(1) / (largest * largest)) ? largest : T(1) / sqrt(square);
}

template <class T>
void normalize_forward_on(cpu_backend& b, double epsilon, view<const T, 3> x, view<T, 3> y,
                          view<T, 2> inverse) {
  const std::int64_t heads = x.extent(1), size = x.extent(2);
  const auto one = [&](std::int64_t row, std::int64_t head, auto width) {
    constexpr int W = decltype(width)::value;
    using lanes_t = lanes<T, W>;
    const T* from = x.row(row, head);
    T* to = y.row(row, head);
    const T factor = inverse_length<W>(from, size, epsilon);
    inverse(row, head) = factor;
    for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
      (lanes_t::load(from + i, n) * factor).store(to + i, n);
    });
  };
  with_lane_width<T>(size, [&](auto width) {
    b.parallel_for(x.extent(0), rows_per_part(heads * size),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       for (std::int64_t head = 0; head < heads; ++head) one(row, head, width);
                     }
                   });
  });
}

template <class T>
void normalize_backward_on(cpu_backend& b, view<const T, 3> y, view<const T, 2> inverse,
                           view<const T, 3> dy, view<T, 3> dx) {
  const std::int64_t heads = y.extent(1), size = y.extent(2);
  const T largest = static_cast<T>(ops::largest_normalize_factor);
  const auto one = [&](std::int64_t row, std::int64_t head, auto width) {
    constexpr int W = decltype(width)::value;
    using lanes_t = lanes<T, W>;
    const T* unit_vector = y.row(row, head);
    const T* from = dy.row(row, head);
    T* to = dx.row(row, head);
    const T factor = inverse(row, head);
    lanes_t products(T(0));
    for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
      products += lanes_t::load(unit_vector + i, n) * lanes_t::load(from + i, n);
    });
    // At the bound the factor is a constant: no projection.
    const T along = factor == largest ? T(0) : products.sum();
    for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
      ((lanes_t::load(from + i, n) - lanes_t::load(unit_vector + i, n) * along) * factor)
          .store(to + i, n);
    });
  };
  with_lane_width<T>(size, [&](auto width) {
    b.parallel_for(y.extent(0), rows_per_part(heads * size),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       for (std::int64_t head = 0; head < heads; ++head) one(row, head, width);
                     }
                   });
  });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void normalize_forward_on<float>(cpu_backend&, double, view<const float, 3>,
                                                  view<float, 3>, view<float, 2>);
RADLADS_INSTANCE void normalize_forward_on<double>(cpu_backend&, double, view<const double, 3>,
                                                   view<double, 3>, view<double, 2>);
RADLADS_INSTANCE void normalize_backward_on<float>(cpu_backend&, view<const float, 3>,
                                                   view<const float, 2>, view<const float, 3>,
                                                   view<float, 3>);
RADLADS_INSTANCE void normalize_backward_on<double>(cpu_backend&, view<const double, 3>,
                                                    view<const double, 2>, view<const double, 3>,
                                                    view<double, 3>);
#endif

}  // namespace radlads::cpu_detail
