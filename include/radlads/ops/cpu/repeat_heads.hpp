// SPDX-License-Identifier: Apache-2.0
#pragma once
// Copies of heads and their sums on the CPU.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cpu_detail {

template <class T>
void repeat_heads_forward_on(cpu_backend& b, view<const T, 3> x, view<T, 3> y) {
  const std::int64_t heads = y.extent(1), size = y.extent(2), group = heads / x.extent(1);
  b.parallel_for(y.extent(0), rows_per_part(heads * size),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     for (std::int64_t head = 0; head < heads; ++head) {
                       std::copy_n(x.row(row, head / group), size, y.row(row, head));
                     }
                   }
                 });
}

template <class T>
void repeat_heads_backward_on(cpu_backend& b, view<const T, 3> dy, view<T, 3> dx) {
  const std::int64_t heads = dx.extent(1), size = dx.extent(2), group = dy.extent(1) / heads;
  with_lane_width<T>(size, [&](auto width) {
    constexpr int W = decltype(width)::value;
    using lanes_t = lanes<T, W>;
    const auto one = [&](std::int64_t row, std::int64_t head) {
      for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
        lanes_t sum(T(0));
        for (std::int64_t copy = 0; copy < group; ++copy) {
          sum += lanes_t::load(dy.row(row, head * group + copy) + i, n);
        }
        sum.store(dx.row(row, head) + i, n);
      });
    };
    b.parallel_for(dx.extent(0), rows_per_part(heads * group * size),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       for (std::int64_t head = 0; head < heads; ++head) one(row, head);
                     }
                   });
  });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void repeat_heads_forward_on<float>(cpu_backend&, view<const float, 3>,
                                                     view<float, 3>);
RADLADS_INSTANCE void repeat_heads_forward_on<double>(cpu_backend&, view<const double, 3>,
                                                      view<double, 3>);
RADLADS_INSTANCE void repeat_heads_backward_on<float>(cpu_backend&, view<const float, 3>,
                                                      view<float, 3>);
RADLADS_INSTANCE void repeat_heads_backward_on<double>(cpu_backend&, view<const double, 3>,
                                                       view<double, 3>);
#endif

}  // namespace radlads::cpu_detail
