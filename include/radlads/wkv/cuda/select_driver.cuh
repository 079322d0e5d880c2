// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which driver runs a recurrence on CUDA, by shape. docs/performance.md has the measurements.

#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/wkv/rwkv7.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace radlads::wkv {

/// The ways to run a recurrence: token by token, or by chunks of tokens on tensor cores.
enum class driver { scan, chunked };

/// For messages and benchmarks.
inline const char* name_of(driver d) { return d == driver::scan ? "scan" : "chunked"; }

/// Whether every row starts at a multiple of 16 bytes.
template <class T>
bool is_row_aligned(const view<T, 4, device_space>& x) {
  constexpr auto size = static_cast<std::int64_t>(sizeof(T));
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(x.pointer) % 16 == 0;
  return is_aligned && x.stride(0) * size % 16 == 0 && x.stride(1) * size % 16 == 0 && x.stride(2) * size % 16 == 0;
}

/// The driver for `tokens` tokens of heads (keys, values). The matrix form exists for RWKV-7 in bf16 with heads
/// of 64 and 128; it needs aligned rows, whole chunks to gain from, and a card with enough shared memory, which
/// `has_memory` says.
template <class Cell, class T>
constexpr driver select_driver(std::int64_t tokens, std::int64_t keys, std::int64_t values, bool is_aligned,
                               bool has_memory = true) {
  constexpr bool has_form = std::is_same_v<Cell, rwkv7> && std::is_same_v<T, bf16>;
  const bool has_size = keys == values && (keys == 64 || keys == 128);
  return has_form && has_size && is_aligned && has_memory && tokens >= 16 ? driver::chunked : driver::scan;
}

}  // namespace radlads::wkv
