// SPDX-License-Identifier: Apache-2.0
#pragma once
// Which algorithm runs a recurrence on CUDA, by shape. docs/performance.md has the measurements.

#include "radlads/core/error.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/recurrence/gated_deltanet.hpp"
#include "radlads/recurrence/gla.hpp"
#include "radlads/recurrence/kda.hpp"
#include "radlads/recurrence/mamba2.hpp"
#include "radlads/recurrence/rwkv6.hpp"
#include "radlads/recurrence/rwkv7.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads::recurrence {

/// The ways to run a recurrence: token by token, or chunkwise on tensor cores, with one block a
/// head or, where heads are few, in two passes: parallel within chunks, then the recurrence between
/// chunks.
enum class algorithm { scan, chunkwise, two_pass_chunkwise };

/// For messages and benchmarks.
inline const char* name_of(algorithm a) {
  if (a == algorithm::scan) return "scan";
  return a == algorithm::chunkwise ? "chunkwise" : "two-pass chunkwise";
}

/// Whether every row starts at a multiple of 16 bytes.
template <class T>
bool is_row_aligned(const view<T, 4, device_space>& x) {
  constexpr auto size = static_cast<std::int64_t>(sizeof(T));
  const bool is_aligned = reinterpret_cast<std::uintptr_t>(x.pointer) % 16 == 0;
  return is_aligned && x.stride(0) * size % 16 == 0 && x.stride(1) * size % 16 == 0 &&
         x.stride(2) * size % 16 == 0;
}

/// Throws unless what a chunkwise kernel writes is aligned as what it reads.
template <class T>
void require_aligned(const char* function, const char* name, const view<T, 4, device_space>& x) {
  require(is_row_aligned(x) && x.stride(1) != 0, function, ": rows of ", name,
          " must be 16 bytes aligned and apart, as those of the inputs are");
}

/// What the choice of an algorithm depends on, the same for both directions: checkpoints are one
/// algorithm's own.
struct algorithm_case {
  std::int64_t heads;  ///< of all sequences
  std::int64_t tokens, keys, values;
  bool is_aligned = true;  ///< rows of the inputs and of v, and each token has rows of its own, but
                           ///< for the bonus, which is one row
  bool has_memory = true;  ///< a block may have the shared memory of the chunkwise form
  std::int64_t multiprocessors = 132;
};

/// Whether there is a chunkwise form: for the library's cells, in bf16.
template <class Cell, class T>
inline constexpr bool has_chunkwise_form =
    (std::is_same_v<Cell, rwkv7> || std::is_same_v<Cell, gla> || std::is_same_v<Cell, mamba2> ||
     std::is_same_v<Cell, rwkv6> || std::is_same_v<Cell, gated_deltanet> ||
     std::is_same_v<Cell, kda>)&&std::is_same_v<T, bf16>;

/// The algorithm of a case. The chunkwise form takes heads of 64 and 128 and needs whole chunks to
/// gain from: one, or two for the delta rule by token, of whose decays' gradients one of 17 tokens
/// was 4.6e-3 off. One block a head leaves multiprocessors idle where heads are fewer than three
/// quarters of them.
template <class Cell, class T>
constexpr algorithm select_algorithm(const algorithm_case& at) {
  constexpr std::int64_t fewest =
      std::is_same_v<typename Cell::form, delta_rule_by_token> ? 32 : 16;
  const bool has_size =
      at.keys == at.values && (at.keys == 64 || at.keys == 128) && at.tokens >= fewest;
  if (!has_chunkwise_form<Cell, T> || !has_size || !at.is_aligned || !at.has_memory)
    return algorithm::scan;
  return 4 * at.heads < 3 * at.multiprocessors ? algorithm::two_pass_chunkwise
                                               : algorithm::chunkwise;
}

}  // namespace radlads::recurrence
