// SPDX-License-Identifier: Apache-2.0
#pragma once
// Differences of neighbouring tokens on the CPU.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cpu_detail {

/// to = a - b over `count` elements; a null `a` stands for zeros.
template <class T>
void subtract_row(const T* a, const T* b, T* to, std::int64_t count) {
  using lanes_t = lanes<T>;
  for_each_lanes<lanes_t::width>(count, [&](std::int64_t i, auto n) {
    const lanes_t first = a != nullptr ? lanes_t::load(a + i, n) : lanes_t(T(0));
    (first - lanes_t::load(b + i, n)).store(to + i, n);
  });
}

template <class T>
void token_shift_forward_on(cpu_backend& b, view<const T, 3> x, view<const T, 2> last_in,
                            view<T, 3> delta, view<T, 2> last_out) {
  const std::int64_t batches = x.extent(0), tokens = x.extent(1), channels = x.extent(2);
  b.parallel_for(batches * tokens, rows_per_part(channels),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     const std::int64_t batch = row / tokens, t = row % tokens;
                     const T* before = t > 0             ? x.row(batch, t - 1)
                                       : last_in.empty() ? nullptr
                                                         : last_in.row(batch);
                     subtract_row(before, x.row(batch, t), delta.row(batch, t), channels);
                   }
                 });
  // After all rows are done: last_out may be last_in.
  if (last_out.empty()) return;
  for (std::int64_t batch = 0; batch < batches; ++batch) {
    std::copy_n(x.row(batch, tokens - 1), channels, last_out.row(batch));
  }
}

template <class T>
void token_shift_backward_on(cpu_backend& b, view<const T, 3> ddelta, view<T, 3> dx) {
  const std::int64_t tokens = dx.extent(1), channels = dx.extent(2);
  b.parallel_for(dx.extent(0) * tokens, rows_per_part(channels),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t row = begin; row < end; ++row) {
                     const std::int64_t batch = row / tokens, t = row % tokens;
                     const T* after = t + 1 < tokens ? ddelta.row(batch, t + 1) : nullptr;
                     subtract_row(after, ddelta.row(batch, t), dx.row(batch, t), channels);
                   }
                 });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void token_shift_forward_on<float>(cpu_backend&, view<const float, 3>,
                                                    view<const float, 2>, view<float, 3>,
                                                    view<float, 2>);
RADLADS_INSTANCE void token_shift_forward_on<double>(cpu_backend&, view<const double, 3>,
                                                     view<const double, 2>, view<double, 3>,
                                                     view<double, 2>);
RADLADS_INSTANCE void token_shift_backward_on<float>(cpu_backend&, view<const float, 3>,
                                                     view<float, 3>);
RADLADS_INSTANCE void token_shift_backward_on<double>(cpu_backend&, view<const double, 3>,
                                                      view<double, 3>);
#endif

}  // namespace radlads::cpu_detail
