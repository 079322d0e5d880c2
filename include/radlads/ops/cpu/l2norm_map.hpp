// SPDX-License-Identifier: Apache-2.0
#pragma once
// Functions of the vectors of heads on the CPU, one vector and the heads that share it at a time.

#include "radlads/core/arena.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"
#include "radlads/ops/cpu/normalize.hpp"
#include "radlads/ops/normalize.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace radlads::cpu_detail {

/// Calls f for lanes of one head: `columns` is where they lie in the rows; `extra` are lanes.
template <class F, class T, std::size_t Outputs, std::size_t Inputs, class Lanes, class Count,
          class... Extra>
RADLADS_INLINE void map_head_lanes(const F& f, const Lanes& x, [[maybe_unused]] T factor,
                                   const std::array<view<T, 2>, Outputs>& outputs,
                                   const std::array<view<const T, 2>, Inputs>& inputs,
                                   std::int64_t row, std::int64_t columns, Count n,
                                   Extra&... extra) {
  [&]<std::size_t... O, std::size_t... I>(std::index_sequence<O...>, std::index_sequence<I...>) {
    std::array<Lanes, Outputs> out;
    if constexpr (F::reads_unit_vector) {
      f(x, x * factor, Lanes::load(inputs[I].row(row) + columns, n)..., extra..., out[O]...);
    } else {
      f(x, Lanes::load(inputs[I].row(row) + columns, n)..., extra..., out[O]...);
    }
    (out[O].store(outputs[O].row(row) + columns, n), ...);
  }
  (std::make_index_sequence<Outputs>{}, std::make_index_sequence<Inputs>{});
}

/// Calls run(row, head of x, lanes, worker) for all of them.
template <class T, class F>
void for_each_shared_head(cpu_backend& b, const view<const T, 3>& x, std::int64_t columns,
                          F&& run) {
  const std::int64_t heads = x.extent(1);
  with_lane_width<T>(x.extent(2), [&](auto width) {
    b.parallel_for(x.extent(0), rows_per_part(columns),
                   [&](std::int64_t begin, std::int64_t end, int worker) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       for (std::int64_t head = 0; head < heads; ++head)
                         run(row, head, width, worker);
                     }
                   });
  });
}

template <class T, class F, std::size_t Outputs, std::size_t Inputs>
void l2norm_map_forward_on(cpu_backend& b, const F& f, view<const T, 3> x,
                           const std::array<view<T, 2>, Outputs>& outputs,
                           const std::array<view<const T, 2>, Inputs>& inputs) {
  const std::int64_t size = x.extent(2), columns = outputs[0].extent(1);
  const std::int64_t group = columns / (x.extent(1) * size);
  for_each_shared_head<T>(b, x, columns, [&](std::int64_t row, std::int64_t head, auto width, int) {
    constexpr int W = decltype(width)::value;
    const T* from = x.row(row, head);
    const T factor = F::reads_unit_vector ? inverse_length<W>(from, size, 0.0) : T(1);
    for (std::int64_t h = head * group; h < (head + 1) * group; ++h) {
      for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
        map_head_lanes(f, lanes<T, W>::load(from + i, n), factor, outputs, inputs, row,
                       h * size + i, n);
      });
    }
  });
}

template <class T, class F, std::size_t Outputs, std::size_t Inputs>
void l2norm_map_backward_on(cpu_backend& b, const F& f, view<const T, 3> x, view<T, 3> dx,
                            const std::array<view<T, 2>, Outputs>& outputs,
                            const std::array<view<const T, 2>, Inputs>& inputs) {
  const std::int64_t size = x.extent(2), columns = outputs[0].extent(1);
  const std::int64_t group = columns / (x.extent(1) * size);
  // What comes through the unit vector, summed over the heads that share it.
  scratch_scope<cpu_backend> scratch(b);
  view<T, 2> through;
  if (F::reads_unit_vector) through = scratch.take<T, 2>({b.threads(), size});
  for_each_shared_head<T>(
      b, x, columns, [&](std::int64_t row, std::int64_t head, auto width, int worker) {
        constexpr int W = decltype(width)::value;
        using lanes_t = lanes<T, W>;
        const T* from = x.row(row, head);
        T* to = dx.row(row, head);
        const T factor = F::reads_unit_vector ? inverse_length<W>(from, size, 0.0) : T(1);
        T* const of_unit_vectors = F::reads_unit_vector ? through.row(worker) : nullptr;
        lanes_t products(T(0));
        for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
          const lanes_t each = lanes_t::load(from + i, n);
          lanes_t direct(T(0)), of_unit_vector(T(0));
          for (std::int64_t h = head * group; h < (head + 1) * group; ++h) {
            lanes_t own, own_unit_vector;
            if constexpr (F::reads_unit_vector) {
              map_head_lanes(f, each, factor, outputs, inputs, row, h * size + i, n, own,
                             own_unit_vector);
              of_unit_vector += own_unit_vector;
            } else {
              map_head_lanes(f, each, factor, outputs, inputs, row, h * size + i, n, own);
            }
            direct += own;
          }
          direct.store(to + i, n);
          if constexpr (F::reads_unit_vector) {
            products += each * factor * of_unit_vector;
            of_unit_vector.store(of_unit_vectors + i, n);
          }
        });
        if constexpr (F::reads_unit_vector) {
          // At the bound the factor is a constant: no projection.
          const T along =
              factor == static_cast<T>(ops::largest_normalize_factor) ? T(0) : products.sum();
          for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
            const lanes_t unit_vector = lanes_t::load(from + i, n) * factor;
            (lanes_t::load(to + i, n) +
             (lanes_t::load(of_unit_vectors + i, n) - unit_vector * along) * factor)
                .store(to + i, n);
          });
        }
      });
}

}  // namespace radlads::cpu_detail
