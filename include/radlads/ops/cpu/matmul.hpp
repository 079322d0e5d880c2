// SPDX-License-Identifier: Apache-2.0
#pragma once
// Matrix products on the CPU: how they are split over threads. Every element of the result is
// summed by one thread in one order, so results do not depend on the number of threads.

#include "radlads/core/config.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/ops/cpu/gemm.hpp"

#include <algorithm>
#include <cstdint>

namespace radlads::cpu_detail {

/// c = op(left) op(right), plus bias in every row unless it is empty, plus c when accumulating.
template <class T>
void matmul_on(cpu_backend& b, bool transpose_a, bool transpose_b, bool accumulate,
               view<const T, 2> left, view<const T, 2> right, view<const T, 1> bias, view<T, 2> c) {
  gemm_args<T> g;
  g.M = c.extent(0);
  g.N = c.extent(1);
  g.K = left.extent(transpose_a ? 0 : 1);
  g.a = left.data();
  g.a_stride = left.stride(0);
  g.transpose_a = transpose_a;
  g.b = right.data();
  g.b_stride = right.stride(0);
  g.transpose_b = transpose_b;
  g.bias = bias.data();
  g.c = c.data();
  g.c_stride = c.stride(0);
  g.accumulate = accumulate;
  if (g.M == 0 || g.N == 0) return;

  // A part below this many multiply-adds costs less than waking a thread.
  constexpr std::int64_t least_work = std::int64_t{1} << 17;
  // Parts begin at multiples of this many rows or columns, so that tiles are whole.
  const bool is_dots = gemm_is_dots(g);
  const bool by_rows = !is_dots && 4 * g.M >= g.N;
  const std::int64_t tile = by_rows ? 8 : 32;
  const std::int64_t length = by_rows ? g.M : g.N;
  const std::int64_t work_of_tile = tile * (by_rows ? g.N : g.M) * std::max<std::int64_t>(g.K, 1);
  scratch_scope scope(b);
  const view<T, 2> scratch =
      scope.template take<T, 2>({b.threads(), is_dots ? 0 : gemm_scratch(g)});
  b.parallel_for((length + tile - 1) / tile, 1 + least_work / work_of_tile,
                 [&](std::int64_t begin, std::int64_t end, int worker) {
                   const std::int64_t first = begin * tile, last = std::min(end * tile, length);
                   const gemm_args<T> part = by_rows ? g.rows(first, last) : g.columns(first, last);
                   if (is_dots) {
                     gemm_dots(part);
                   } else {
                     gemm(part, scratch.row(worker));
                   }
                 });
}

#if defined(RADLADS_INSTANCE)
RADLADS_INSTANCE void matmul_on<float>(cpu_backend&, bool, bool, bool, view<const float, 2>,
                                       view<const float, 2>, view<const float, 1>, view<float, 2>);
RADLADS_INSTANCE void matmul_on<double>(cpu_backend&, bool, bool, bool, view<const double, 2>,
                                        view<const double, 2>, view<const double, 1>,
                                        view<double, 2>);
#endif

}  // namespace radlads::cpu_detail
