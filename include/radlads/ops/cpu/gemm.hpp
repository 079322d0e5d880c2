// SPDX-License-Identifier: Apache-2.0
#pragma once
// One matrix product on one thread: own kernels on vector registers for float and double, Eigen's
// product for complex numbers. Every element is summed in an order that depends on K alone, so a
// product may be cut into rows and columns at will.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"

#include <Eigen/Core>

#include <algorithm>
#include <cstdint>
#include <type_traits>

namespace radlads::cpu_detail {

/// c (M, N) = op(a) op(b), plus bias (N) in every row or plus c itself. Strides are in elements.
template <class T>
struct gemm_args {
  std::int64_t M = 0, N = 0, K = 0;
  const T* a = nullptr;  // (M, K), or (K, M) when transposed
  std::int64_t a_stride = 0;
  bool transpose_a = false;
  const T* b = nullptr;  // (K, N), or (N, K) when transposed
  std::int64_t b_stride = 0;
  bool transpose_b = false;
  const T* bias = nullptr;  // (N), or null
  T* c = nullptr;           // (M, N)
  std::int64_t c_stride = 0;
  bool accumulate = false;

  /// The same product restricted to a range of rows of c.
  gemm_args rows(std::int64_t begin, std::int64_t end) const {
    gemm_args part = *this;
    part.M = end - begin;
    part.a += transpose_a ? begin : begin * a_stride;
    part.c += begin * c_stride;
    return part;
  }
  /// The same product restricted to a range of columns of c.
  gemm_args columns(std::int64_t begin, std::int64_t end) const {
    gemm_args part = *this;
    part.N = end - begin;
    part.b += transpose_b ? begin * b_stride : begin;
    part.c += begin;
    if (bias != nullptr) part.bias += begin;
    return part;
  }
};

/// The product by Eigen.
template <class T>
void gemm_eigen(const gemm_args<T>& g) {
  using matrix = Eigen::Matrix<T, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;
  using row = Eigen::Matrix<T, 1, Eigen::Dynamic>;
  using stride = Eigen::OuterStride<>;
  using operand = Eigen::Map<const matrix, 0, stride>;
  const operand a(g.a, g.transpose_a ? g.K : g.M, g.transpose_a ? g.M : g.K, stride(g.a_stride));
  const operand b(g.b, g.transpose_b ? g.N : g.K, g.transpose_b ? g.K : g.N, stride(g.b_stride));
  Eigen::Map<matrix, 0, stride> c(g.c, g.M, g.N, stride(g.c_stride));
  if (g.bias != nullptr) {
    c.rowwise() = Eigen::Map<const row>(g.bias, g.N);
  } else if (!g.accumulate) {
    c.setZero();
  }
  if (g.transpose_a && g.transpose_b) {
    c.noalias() += a.transpose() * b.transpose();
  } else if (g.transpose_a) {
    c.noalias() += a.transpose() * b;
  } else if (g.transpose_b) {
    c.noalias() += a * b.transpose();
  } else {
    c.noalias() += a * b;
  }
}

/// Register and cache blocking. A tile of c is `rows` x 2 registers; a panel of b is two registers
/// wide and `depth` long, which fits the first cache; a group of copied panels fits the second.
template <class T>
struct gemm_blocking {
  using packet = typename Eigen::internal::packet_traits<T>::type;
  static constexpr std::int64_t width = Eigen::internal::packet_traits<T>::size;
  static constexpr std::int64_t panel = 2 * width;
  // Sixteen sums in flight hide the latency of the multiply-add; narrower instruction sets have
  // half the registers.
  static constexpr std::int64_t rows = sizeof(packet) == 64 ? 8 : 4;
  static constexpr std::int64_t depth = 1024 / static_cast<std::int64_t>(sizeof(T));
  static constexpr std::int64_t group = 512;

  /// Length of the blocks into which K is cut: nearly equal ones.
  static std::int64_t depth_of(std::int64_t K) {
    const std::int64_t blocks = std::max<std::int64_t>((K + depth - 1) / depth, 1);
    return (K + blocks - 1) / blocks;
  }
};

/// One panel of b: (depth, panel), rows `stride` apart.
template <class T>
struct gemm_panel {
  const T* pointer;
  std::int64_t stride;
};

/// Tile of R rows and `columns` <= Packets registers: c = a b + added, where `added` is null or a
/// matrix with rows `added_stride` apart.
template <int R, int Packets, bool TransposeA, class T>
void gemm_tile(std::int64_t K, const T* a, std::int64_t a_stride, gemm_panel<T> b, const T* added,
               std::int64_t added_stride, T* c, std::int64_t c_stride, std::int64_t columns) {
  namespace simd = Eigen::internal;
  using packet = typename gemm_blocking<T>::packet;
  constexpr std::int64_t W = gemm_blocking<T>::width;
  packet sum[R][Packets];
  RADLADS_UNROLL
  for (int r = 0; r < R; ++r) {
    RADLADS_UNROLL
    for (int p = 0; p < Packets; ++p) sum[r][p] = simd::pset1<packet>(T(0));
  }
  for (std::int64_t k = 0; k < K; ++k) {
    // Rows of a transposed a are touched in snippets: the hardware does not see the next block
    // coming. Past the end of a the hint has no effect.
    if constexpr (TransposeA) __builtin_prefetch(a + (k + K) * a_stride, 0, 2);
    packet right[Packets];
    RADLADS_UNROLL
    for (int p = 0; p < Packets; ++p) {
      right[p] = simd::ploadu<packet>(b.pointer + k * b.stride + p * W);
    }
    RADLADS_UNROLL
    for (int r = 0; r < R; ++r) {
      const packet left =
          simd::pset1<packet>(TransposeA ? a[k * a_stride + r] : a[r * a_stride + k]);
      RADLADS_UNROLL
      for (int p = 0; p < Packets; ++p) sum[r][p] = simd::pmadd(left, right[p], sum[r][p]);
    }
  }
  if (columns == Packets * W) {
    RADLADS_UNROLL
    for (int r = 0; r < R; ++r) {
      RADLADS_UNROLL
      for (int p = 0; p < Packets; ++p) {
        if (added != nullptr) {
          sum[r][p] = simd::padd(sum[r][p], simd::ploadu<packet>(added + r * added_stride + p * W));
        }
        simd::pstoreu(c + r * c_stride + p * W, sum[r][p]);
      }
    }
    return;
  }
  T row[Packets * W];
  for (int r = 0; r < R; ++r) {
    for (int p = 0; p < Packets; ++p) simd::pstoreu(row + p * W, sum[r][p]);
    for (std::int64_t n = 0; n < columns; ++n) {
      c[r * c_stride + n] = added != nullptr ? row[n] + added[r * added_stride + n] : row[n];
    }
  }
}

/// All rows of `g` against one panel, whose first column is column 0 of g.
template <int Packets, bool TransposeA, class T>
void gemm_panel_rows(const gemm_args<T>& g, gemm_panel<T> b, const T* added,
                     std::int64_t added_stride) {
  std::int64_t m = 0;
  const auto tiles = [&]<int R>(std::integral_constant<int, R>) {
    for (; m + R <= g.M; m += R) {
      gemm_tile<R, Packets, TransposeA>(g.K, g.a + (TransposeA ? m : m * g.a_stride), g.a_stride, b,
                                        added == nullptr ? nullptr : added + m * added_stride,
                                        added_stride, g.c + m * g.c_stride, g.c_stride, g.N);
    }
  };
  tiles(std::integral_constant<int, static_cast<int>(gemm_blocking<T>::rows)>{});
  tiles(std::integral_constant<int, 4>{});
  tiles(std::integral_constant<int, 2>{});
  tiles(std::integral_constant<int, 1>{});
}

// Register types carry an attribute that a template argument drops, here without effect.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wignored-attributes"
/// Transposes a square of one register's width.
template <class T>
void gemm_transpose(const T* from, std::int64_t from_stride, T* to, std::int64_t to_stride) {
  namespace simd = Eigen::internal;
  using packet = typename gemm_blocking<T>::packet;
  constexpr int W = static_cast<int>(gemm_blocking<T>::width);
  simd::PacketBlock<packet, W> square;
  RADLADS_UNROLL
  for (int i = 0; i < W; ++i) square.packet[i] = simd::ploadu<packet>(from + i * from_stride);
  simd::ptranspose(square);
  RADLADS_UNROLL
  for (int i = 0; i < W; ++i) simd::pstoreu(to + i * to_stride, square.packet[i]);
}
#pragma GCC diagnostic pop

/// Copies a panel of g.b, g.N <= panel columns, to `to` (K, panel), with zeros beyond the last
/// column.
template <class T>
void gemm_copy_panel(const gemm_args<T>& g, T* to) {
  constexpr std::int64_t panel = gemm_blocking<T>::panel;
  constexpr std::int64_t W = gemm_blocking<T>::width;
  if (!g.transpose_b) {
    for (std::int64_t k = 0; k < g.K; ++k) std::copy_n(g.b + k * g.b_stride, g.N, to + k * panel);
  } else {
    for (std::int64_t n = 0; n < g.N; n += W) {
      const std::int64_t count = std::min(W, g.N - n);
      std::int64_t k = 0;
      for (; count == W && k + W <= g.K; k += W) {
        gemm_transpose(g.b + n * g.b_stride + k, g.b_stride, to + k * panel + n, panel);
      }
      for (; k < g.K; ++k) {
        for (std::int64_t i = 0; i < count; ++i) {
          to[k * panel + n + i] = g.b[(n + i) * g.b_stride + k];
        }
      }
    }
  }
  if (g.N == panel) return;
  for (std::int64_t k = 0; k < g.K; ++k)
    std::fill(to + k * panel + g.N, to + (k + 1) * panel, T(0));
}

/// Whether whole panels of b are read where they are: its rows are short enough not to fight for
/// the same lines of the first cache, or too few rows of c use them to repay a copy.
template <class T>
bool gemm_reads_in_place(const gemm_args<T>& g) {
  const auto bytes = g.b_stride * static_cast<std::int64_t>(sizeof(T));
  return !g.transpose_b && (bytes <= 1024 || g.M <= 2 * gemm_blocking<T>::rows);
}

/// Scratch elements that gemm() needs.
template <class T>
std::int64_t gemm_scratch(const gemm_args<T>& g) {
  using blocking = gemm_blocking<T>;
  const std::int64_t columns = gemm_reads_in_place(g) ? 1 : std::min(g.N, blocking::group);
  return (columns + blocking::panel - 1) / blocking::panel * blocking::panel *
         blocking::depth_of(g.K);
}

/// One block of the sum over one group of columns; the first block adds the bias or nothing, the
/// others add to c.
template <class T>
void gemm_group(const gemm_args<T>& g, bool is_first, T* scratch) {
  using blocking = gemm_blocking<T>;
  // Rows of a that stay in the second cache while the panels go by.
  const std::int64_t block =
      std::max<std::int64_t>((std::int64_t{1} << 16) / std::max<std::int64_t>(g.K, 1), 1) *
      blocking::rows;
  const bool in_place = gemm_reads_in_place(g);
  for (std::int64_t m = 0; m < g.M; m += block) {
    for (std::int64_t n = 0; n < g.N; n += blocking::panel) {
      const std::int64_t end = std::min(n + blocking::panel, g.N);
      const gemm_args<T> part = g.columns(n, end).rows(m, std::min(m + block, g.M));
      const bool is_direct = in_place && part.N == blocking::panel;
      T* const copied = in_place ? scratch : scratch + n * g.K;
      // A partial panel read in place shares the one place in scratch, so it is copied every time.
      if (!is_direct && (m == 0 || in_place)) gemm_copy_panel(part, copied);
      const gemm_panel<T> panel =
          is_direct ? gemm_panel<T>{part.b, part.b_stride} : gemm_panel<T>{copied, blocking::panel};
      const T* const added = is_first && !g.accumulate ? part.bias : part.c;
      const std::int64_t added_stride = added == part.c ? part.c_stride : 0;
      const auto run = [&]<int Packets>(std::integral_constant<int, Packets>) {
        if (part.transpose_a) {
          gemm_panel_rows<Packets, true>(part, panel, added, added_stride);
        } else {
          gemm_panel_rows<Packets, false>(part, panel, added, added_stride);
        }
      };
      if (part.N > blocking::width) {
        run(std::integral_constant<int, 2>{});
      } else {
        run(std::integral_constant<int, 1>{});
      }
    }
  }
}

/// Whether too few rows of c use a transposed b to repay copying its panels, as in decoding. Sums
/// must be long enough to repay the addition across a register at their end.
template <class T>
bool gemm_is_dots(const gemm_args<T>& g) {
  return std::is_floating_point_v<T> && g.transpose_b && !g.transpose_a &&
         (g.M < 4 || (g.M <= 8 && g.K >= 256));
}

/// R rows times C columns of c as dot products of rows of a and rows of b.
template <int R, int C, class T>
void gemm_dots_tile(const gemm_args<T>& g, std::int64_t m, std::int64_t n) {
  namespace simd = Eigen::internal;
  using packet = typename gemm_blocking<T>::packet;
  constexpr std::int64_t W = gemm_blocking<T>::width;
  const T* const a = g.a + m * g.a_stride;
  const T* const b = g.b + n * g.b_stride;
  packet sum[R][C];
  RADLADS_UNROLL
  for (int r = 0; r < R; ++r) {
    RADLADS_UNROLL
    for (int c = 0; c < C; ++c) sum[r][c] = simd::pset1<packet>(T(0));
  }
  std::int64_t k = 0;
  for (; k + W <= g.K; k += W) {
    packet left[R];
    RADLADS_UNROLL
    for (int r = 0; r < R; ++r) left[r] = simd::ploadu<packet>(a + r * g.a_stride + k);
    RADLADS_UNROLL
    for (int c = 0; c < C; ++c) {
      const packet right = simd::ploadu<packet>(b + c * g.b_stride + k);
      RADLADS_UNROLL
      for (int r = 0; r < R; ++r) sum[r][c] = simd::pmadd(left[r], right, sum[r][c]);
    }
  }
  T total[R][C];
  RADLADS_UNROLL
  for (int r = 0; r < R; ++r) {
    RADLADS_UNROLL
    for (int c = 0; c < C; ++c) total[r][c] = simd::predux(sum[r][c]);
  }
  for (int r = 0; r < R; ++r) {
    for (int c = 0; c < C; ++c) {
      for (std::int64_t i = k; i < g.K; ++i) {
        total[r][c] += a[r * g.a_stride + i] * b[c * g.b_stride + i];
      }
      T& to = g.c[(m + r) * g.c_stride + n + c];
      const T added = g.bias != nullptr ? g.bias[n + c] : g.accumulate ? to : T(0);
      to = total[r][c] + added;
    }
  }
}

/// The product of a few rows with a transposed b, reading b once.
template <class T>
void gemm_dots(const gemm_args<T>& g) {
  std::int64_t n = 0;
  const auto columns = [&]<int C>(std::integral_constant<int, C>) {
    for (; n + C <= g.N; n += C) {
      std::int64_t m = 0;
      for (; m + 2 <= g.M; m += 2) gemm_dots_tile<2, C>(g, m, n);
      for (; m < g.M; ++m) gemm_dots_tile<1, C>(g, m, n);
    }
  };
  columns(std::integral_constant<int, 8>{});
  columns(std::integral_constant<int, 1>{});
}

/// The product, with gemm_scratch(g) elements of scratch.
template <class T>
void gemm(const gemm_args<T>& g, T* scratch) {
  if constexpr (!std::is_floating_point_v<T>) {
    gemm_eigen(g);
  } else {
    using blocking = gemm_blocking<T>;
    const std::int64_t depth = blocking::depth_of(g.K);
    for (std::int64_t k = 0; k < std::max<std::int64_t>(g.K, 1);
         k += std::max<std::int64_t>(depth, 1)) {
      gemm_args<T> block = g;
      block.K = std::min(depth, g.K - k);
      block.a += g.transpose_a ? k * g.a_stride : k;
      block.b += g.transpose_b ? k : k * g.b_stride;
      for (std::int64_t n = 0; n < g.N; n += blocking::group) {
        gemm_group(block.columns(n, std::min(n + blocking::group, g.N)), k == 0, scratch);
      }
    }
  }
}

}  // namespace radlads::cpu_detail
