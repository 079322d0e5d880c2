// SPDX-License-Identifier: Apache-2.0
#pragma once
// Gather and scatter-add on the CPU.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cpu_detail {

inline void require_token_ids(const view<const std::int32_t, 1>& ids, std::int64_t vocabulary,
                              const char* function) {
  for (std::int64_t n = 0; n < ids.extent(0); ++n) {
    if (ids(n) >= 0 && ids(n) < vocabulary) continue;
    fail(function, ": the token number at position ", n, " is ", ids(n),
         ", expected one of a vocabulary of ", vocabulary);
  }
}

inline void require_ids_on(cpu_backend&, const view<const std::int32_t, 1>& ids,
                           std::int64_t vocabulary) {
  require_token_ids(ids, vocabulary, "require_ids");
}

template <class T>
void embedding_forward_on(cpu_backend& b, view<const T, 2> table, view<const std::int32_t, 1> ids,
                          view<T, 2> y) {
  require_token_ids(ids, table.extent(0), "embedding_forward");
  const std::int64_t columns = table.extent(1);
  b.parallel_for(ids.extent(0), rows_per_part(columns),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   for (std::int64_t n = begin; n < end; ++n) {
                     std::copy_n(table.row(ids(n)), columns, y.row(n));
                   }
                 });
}

template <class T>
void embedding_backward_on(cpu_backend& b, view<const std::int32_t, 1> ids, view<const T, 2> dy,
                           view<T, 2> dtable) {
  require_token_ids(ids, dtable.extent(0), "embedding_backward");
  using lanes_t = lanes<T>;
  constexpr std::int64_t width = lanes_t::width;
  const std::int64_t columns = dtable.extent(1), rows = ids.extent(0);
  // Split by columns: each element of the table has one thread, which adds in the order of tokens.
  b.parallel_for((columns + width - 1) / width, elements_per_part / (width * rows),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   const std::int64_t first = begin * width;
                   const std::int64_t count = std::min(end * width, columns) - first;
                   for (std::int64_t n = 0; n < rows; ++n) {
                     const T* from = dy.row(n) + first;
                     T* to = dtable.row(ids(n)) + first;
                     for_each_lanes<lanes_t::width>(count, [&](std::int64_t i, auto m) {
                       (lanes_t::load(to + i, m) + lanes_t::load(from + i, m)).store(to + i, m);
                     });
                   }
                 });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void embedding_forward_on<float>(cpu_backend&, view<const float, 2>,
                                                  view<const std::int32_t, 1>, view<float, 2>);
RADLADS_INSTANCE void embedding_forward_on<double>(cpu_backend&, view<const double, 2>,
                                                   view<const std::int32_t, 1>, view<double, 2>);
RADLADS_INSTANCE void embedding_backward_on<float>(cpu_backend&, view<const std::int32_t, 1>,
                                                   view<const float, 2>, view<float, 2>);
RADLADS_INSTANCE void embedding_backward_on<double>(cpu_backend&, view<const std::int32_t, 1>,
                                                    view<const double, 2>, view<double, 2>);
#endif

}  // namespace radlads::cpu_detail
