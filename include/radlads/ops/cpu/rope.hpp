// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rotary position on the CPU: a table of sines and cosines once a call, then one head at a time.

#include "radlads/core/arena.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/cpu/lanes.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/map.hpp"
#include "radlads/ops/rope_scaling.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <cstdint>

namespace radlads::cpu_detail {

/// cosines and sines (T, N/2) of the tokens [begin, end), in double before the cast. Every 32nd
/// token is computed, those between follow by rotation: sixteen times cheaper, and the error of 32
/// rotations stays below 1e-14.
template <class T>
void fill_rope_table(const ops::rope_frequencies& frequencies, std::int64_t first_position,
                     int direction, std::int64_t begin, std::int64_t end, view<T, 2> cosines,
                     view<T, 2> sines) {
  // Frequencies are the inner loop: their chains of rotations overlap.
  const std::int64_t half_size = cosines.extent(1);
  constexpr std::int64_t at_once = 16;
  for (std::int64_t first = 0; first < half_size; first += at_once) {
    const std::int64_t count = std::min(at_once, half_size - first);
    double rate[at_once], step_cosine[at_once], step_sine[at_once], cosine[at_once], sine[at_once];
    for (std::int64_t i = 0; i < count; ++i) {
      const double exponent = -static_cast<double>(first + i) / static_cast<double>(half_size);
      rate[i] = direction * frequencies.scaling.scaled(std::pow(frequencies.base, exponent));
      step_cosine[i] = std::cos(rate[i]);
      step_sine[i] = std::sin(rate[i]);
    }
    for (std::int64_t t = begin; t < end; ++t) {
      const bool is_computed = t % 32 == 0 || t == begin;
      for (std::int64_t i = 0; i < count; ++i) {
        if (is_computed) {
          const double angle = static_cast<double>(first_position + t) * rate[i];
          cosine[i] = std::cos(angle);
          sine[i] = std::sin(angle);
        } else {
          const double turned = cosine[i] * step_cosine[i] - sine[i] * step_sine[i];
          sine[i] = sine[i] * step_cosine[i] + cosine[i] * step_sine[i];
          cosine[i] = turned;
        }
        cosines(t, first + i) = static_cast<T>(cosine[i]);
        sines(t, first + i) = static_cast<T>(sine[i]);
      }
    }
  }
}

template <class T>
void rope_on(cpu_backend& b, const ops::rope_frequencies& frequencies, std::int64_t first_position,
             view<const std::int32_t, 1> offset, int direction, view<const T, 4> x, view<T, 4> y) {
  if (!offset.empty()) first_position += offset(0);
  const std::int64_t tokens = x.extent(1), heads = x.extent(2), half_size = x.extent(3) / 2;
  scratch_scope scratch(b);
  const view<T, 2> cosines = scratch.template take<T, 2>({tokens, half_size});
  const view<T, 2> sines = scratch.template take<T, 2>({tokens, half_size});
  constexpr std::int64_t stretch = 32;
  b.parallel_for((tokens + stretch - 1) / stretch, rows_per_part(stretch * half_size),
                 [&](std::int64_t begin, std::int64_t end, int) {
                   fill_rope_table(frequencies, first_position, direction, begin * stretch,
                                   std::min(end * stretch, tokens), cosines, sines);
                 });
  with_lane_width<T>(half_size, [&](auto width) {
    constexpr int W = decltype(width)::value;
    using lanes_t = lanes<T, W>;
    const auto one = [&](const T* from, T* to, const T* cosine, const T* sine) {
      for_each_lanes<W>(half_size, [&](std::int64_t i, auto n) {
        const lanes_t c = lanes_t::load(cosine + i, n), s = lanes_t::load(sine + i, n);
        const lanes_t lower = lanes_t::load(from + i, n),
                      upper = lanes_t::load(from + half_size + i, n);
        (lower * c - upper * s).store(to + i, n);
        (upper * c + lower * s).store(to + half_size + i, n);
      });
    };
    b.parallel_for(x.extent(0) * tokens, rows_per_part(heads * half_size * 2),
                   [&](std::int64_t begin, std::int64_t end, int) {
                     for (std::int64_t row = begin; row < end; ++row) {
                       const std::int64_t batch = row / tokens, t = row % tokens;
                       for (std::int64_t head = 0; head < heads; ++head) {
                         one(x.row(batch, t, head), y.row(batch, t, head), cosines.row(t),
                             sines.row(t));
                       }
                     }
                   });
  });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void rope_on<float>(cpu_backend&, const ops::rope_frequencies&, std::int64_t,
                                     view<const std::int32_t, 1>, int, view<const float, 4>,
                                     view<float, 4>);
RADLADS_INSTANCE void rope_on<double>(cpu_backend&, const ops::rope_frequencies&, std::int64_t,
                                      view<const std::int32_t, 1>, int, view<const double, 4>,
                                      view<double, 4>);
#endif

}  // namespace radlads::cpu_detail
