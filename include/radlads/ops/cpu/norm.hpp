// SPDX-License-Identifier: Apache-2.0
#pragma once
// Normalisation of rows on the CPU. Gradients of weights are summed in blocks of rows of a fixed
// size, so that they do not depend on the number of threads.

#include "radlads/core/arena.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"
#include "radlads/ops/cpu/sum_rows.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>

namespace radlads::cpu_detail {

template <class T>
void rms_norm_forward_on(cpu_backend& b, double epsilon, view<const T, 1> weight,
                         view<const T, 2> x, view<T, 2> y, view<T, 1> inverse) {
  using std::sqrt;
  const std::int64_t rows = x.extent(0), columns = x.extent(1);
  with_lane_width<T>(columns, [&](auto width) {
    constexpr int W = decltype(width)::value;
    using lanes_t = lanes<T, W>;
    b.parallel_for(rows, rows_per_part(columns), [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t row = begin; row < end; ++row) {
        const T* from = x.row(row);
        T* to = y.row(row);
        lanes_t squares(T(0));
        for_each_lanes<W>(columns, [&](std::int64_t i, auto n) {
          const lanes_t each = lanes_t::load(from + i, n);
          squares += each * each;
        });
        const T mean = squares.sum() / static_cast<real_t<T>>(columns);
        const T factor = T(1) / sqrt(mean + static_cast<T>(epsilon));
        inverse(row) = factor;
        for_each_lanes<W>(columns, [&](std::int64_t i, auto n) {
          (lanes_t::load(from + i, n) * factor * lanes_t::load(weight.pointer + i, n))
              .store(to + i, n);
        });
      }
    });
  });
}

/// One row of the backward pass; adds dy x / rms to dweight unless that is null. With h = x / rms:
///   dx = (g - h mean(g h)) / rms,   g = dy weight
template <int W, class T>
void rms_norm_backward_row(const T* weight, const T* x, T inverse, const T* dy, T* dx, T* dweight,
                           std::int64_t columns) {
  using lanes_t = lanes<T, W>;
  lanes_t products(T(0));
  for_each_lanes<W>(columns, [&](std::int64_t i, auto n) {
    products += lanes_t::load(dy + i, n) * lanes_t::load(weight + i, n) * lanes_t::load(x + i, n);
  });
  const T mean = products.sum() * inverse / static_cast<real_t<T>>(columns);
  for_each_lanes<W>(columns, [&](std::int64_t i, auto n) {
    const lanes_t g = lanes_t::load(dy + i, n), h = lanes_t::load(x + i, n) * inverse;
    if (dweight != nullptr) (lanes_t::load(dweight + i, n) + g * h).store(dweight + i, n);
    ((g * lanes_t::load(weight + i, n) - h * mean) * inverse).store(dx + i, n);
  });
}

template <class T>
void rms_norm_backward_on(cpu_backend& b, view<const T, 1> weight, view<const T, 2> x,
                          view<const T, 1> inverse, view<const T, 2> dy, view<T, 2> dx,
                          view<T, 1> dweight) {
  const std::int64_t rows = x.extent(0), columns = x.extent(1);
  const bool wanted = !dweight.empty();
  scratch_scope scratch(b);
  const view<T, 2> partial = scratch.template take<T, 2>({wanted ? row_blocks(rows) : 0, columns});
  with_lane_width<T>(columns, [&](auto width) {
    const auto part = [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        T* sums = wanted ? partial.row(block) : nullptr;
        if (wanted) std::fill(sums, sums + columns, T(0));
        const std::int64_t last = std::min((block + 1) * rows_per_block, rows);
        for (std::int64_t row = block * rows_per_block; row < last; ++row) {
          rms_norm_backward_row<decltype(width)::value>(weight.pointer, x.row(row), inverse(row),
                                                        dy.row(row), dx.row(row), sums, columns);
        }
      }
    };
    b.parallel_for(row_blocks(rows), rows_per_part(columns * rows_per_block), part);
  });
  if (wanted) sum_rows_on<T>(b, partial, dweight);
}

template <class T>
void group_norm_forward_on(cpu_backend& b, double epsilon, view<const T, 1> weight,
                           view<const T, 1> bias, view<const T, 3> x, view<T, 3> y, view<T, 2> mean,
                           view<T, 2> inverse) {
  using std::sqrt;
  const std::int64_t heads = x.extent(1), size = x.extent(2);
  const auto one = [&](std::int64_t row, std::int64_t head, auto width) {
    constexpr int W = decltype(width)::value;
    using lanes_t = lanes<T, W>;
    const T* from = x.row(row, head);
    T* to = y.row(row, head);
    lanes_t sum(T(0)), squares(T(0));
    for_each_lanes<W>(size, [&](std::int64_t i, auto n) { sum += lanes_t::load(from + i, n); });
    const T center = sum.sum() / static_cast<real_t<T>>(size);
    for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
      // Lanes beyond the row are filled with the centre: they add nothing.
      const lanes_t each = lanes_t::load(from + i, n, center) - center;
      squares += each * each;
    });
    const T variance = squares.sum() / static_cast<real_t<T>>(size);
    const T factor = T(1) / sqrt(variance + static_cast<T>(epsilon));
    mean(row, head) = center;
    inverse(row, head) = factor;
    const T* scale = weight.pointer + head * size;
    const T* offset = bias.pointer + head * size;
    for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
      const lanes_t h = (lanes_t::load(from + i, n) - center) * factor;
      (h * lanes_t::load(scale + i, n) + lanes_t::load(offset + i, n)).store(to + i, n);
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

/// One head of one row; adds to dweight and dbias unless they are null. With h = (x - mean)
/// inverse:
///   dx = (g - mean(g) - h mean(g h)) inverse,   g = dy weight
template <int W, class T>
void group_norm_backward_head(const T* weight, const T* x, T mean, T inverse, const T* dy, T* dx,
                              T* dweight, T* dbias, std::int64_t size) {
  using lanes_t = lanes<T, W>;
  lanes_t sum(T(0)), products(T(0));
  for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
    const lanes_t g = lanes_t::load(dy + i, n) * lanes_t::load(weight + i, n);
    sum += g;
    products += g * (lanes_t::load(x + i, n) - mean);
  });
  const T mean_g = sum.sum() / static_cast<real_t<T>>(size);
  const T mean_gh = products.sum() * inverse / static_cast<real_t<T>>(size);
  for_each_lanes<W>(size, [&](std::int64_t i, auto n) {
    const lanes_t g = lanes_t::load(dy + i, n), h = (lanes_t::load(x + i, n) - mean) * inverse;
    if (dweight != nullptr) {
      (lanes_t::load(dweight + i, n) + g * h).store(dweight + i, n);
      (lanes_t::load(dbias + i, n) + g).store(dbias + i, n);
    }
    ((g * lanes_t::load(weight + i, n) - mean_g - h * mean_gh) * inverse).store(dx + i, n);
  });
}

template <class T>
void group_norm_backward_on(cpu_backend& b, view<const T, 1> weight, view<const T, 3> x,
                            view<const T, 2> mean, view<const T, 2> inverse, view<const T, 3> dy,
                            view<T, 3> dx, view<T, 1> dweight, view<T, 1> dbias) {
  const std::int64_t rows = x.extent(0), heads = x.extent(1), size = x.extent(2);
  const std::int64_t columns = heads * size;
  const bool wanted = !dweight.empty() || !dbias.empty();
  scratch_scope scratch(b);
  const view<T, 2> weights = scratch.template take<T, 2>({wanted ? row_blocks(rows) : 0, columns});
  const view<T, 2> biases = scratch.template take<T, 2>({wanted ? row_blocks(rows) : 0, columns});
  with_lane_width<T>(size, [&](auto width) {
    const auto part = [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t block = begin; block < end; ++block) {
        if (wanted) std::fill(weights.row(block), weights.row(block) + columns, T(0));
        if (wanted) std::fill(biases.row(block), biases.row(block) + columns, T(0));
        const std::int64_t last = std::min((block + 1) * rows_per_block, rows);
        for (std::int64_t row = block * rows_per_block; row < last; ++row) {
          for (std::int64_t head = 0; head < heads; ++head) {
            group_norm_backward_head<decltype(width)::value>(
                weight.pointer + head * size, x.row(row, head), mean(row, head), inverse(row, head),
                dy.row(row, head), dx.row(row, head),
                wanted ? weights.row(block) + head * size : nullptr,
                wanted ? biases.row(block) + head * size : nullptr, size);
          }
        }
      }
    };
    b.parallel_for(row_blocks(rows), rows_per_part(columns * rows_per_block), part);
  });
  if (!dweight.empty()) sum_rows_on<T>(b, weights, dweight);
  if (!dbias.empty()) sum_rows_on<T>(b, biases, dbias);
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void rms_norm_forward_on<float>(cpu_backend&, double, view<const float, 1>,
                                                 view<const float, 2>, view<float, 2>,
                                                 view<float, 1>);
RADLADS_INSTANCE void rms_norm_forward_on<double>(cpu_backend&, double, view<const double, 1>,
                                                  view<const double, 2>, view<double, 2>,
                                                  view<double, 1>);
RADLADS_INSTANCE void rms_norm_backward_on<float>(cpu_backend&, view<const float, 1>,
                                                  view<const float, 2>, view<const float, 1>,
                                                  view<const float, 2>, view<float, 2>,
                                                  view<float, 1>);
RADLADS_INSTANCE void rms_norm_backward_on<double>(cpu_backend&, view<const double, 1>,
                                                   view<const double, 2>, view<const double, 1>,
                                                   view<const double, 2>, view<double, 2>,
                                                   view<double, 1>);
RADLADS_INSTANCE void group_norm_forward_on<float>(cpu_backend&, double, view<const float, 1>,
                                                   view<const float, 1>, view<const float, 3>,
                                                   view<float, 3>, view<float, 2>, view<float, 2>);
RADLADS_INSTANCE void group_norm_forward_on<double>(cpu_backend&, double, view<const double, 1>,
                                                    view<const double, 1>, view<const double, 3>,
                                                    view<double, 3>, view<double, 2>,
                                                    view<double, 2>);
RADLADS_INSTANCE void group_norm_backward_on<float>(cpu_backend&, view<const float, 1>,
                                                    view<const float, 3>, view<const float, 2>,
                                                    view<const float, 2>, view<const float, 3>,
                                                    view<float, 3>, view<float, 1>, view<float, 1>);
RADLADS_INSTANCE void group_norm_backward_on<double>(cpu_backend&, view<const double, 1>,
                                                     view<const double, 3>, view<const double, 2>,
                                                     view<const double, 2>, view<const double, 3>,
                                                     view<double, 3>, view<double, 1>,
                                                     view<double, 1>);
#endif

}  // namespace radlads::cpu_detail
