// SPDX-License-Identifier: Apache-2.0
#pragma once
// What recurrence/scan.hpp calls on CUDA: the algorithm that select_algorithm names, the same in
// both directions.

#include "radlads/core/arena.hpp"
#include "radlads/core/cuda/backend.cuh"
#include "radlads/recurrence/cuda/chunkwise.cuh"
#include "radlads/recurrence/cuda/chunkwise_backward.cuh"
#include "radlads/recurrence/cuda/chunkwise_delta.cuh"
#include "radlads/recurrence/cuda/scan.cuh"
#include "radlads/recurrence/cuda/scan_backward.cuh"
#include "radlads/recurrence/cuda/scan_step.cuh"
#include "radlads/recurrence/cuda/select_algorithm.hpp"
#include "radlads/recurrence/cuda/two_pass_chunkwise.cuh"
#include "radlads/recurrence/cuda/two_pass_chunkwise_backward.cuh"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>
#include <vector>

namespace radlads::recurrence {

/// Whether a block of this GPU may have what the chunkwise kernels keep in shared memory.
template <int D, class Form>
bool has_chunk_memory(const cuda_backend& b) {
  constexpr bool has_delta_kernel = std::is_same_v<Form, delta_rule_by_token>;
  const std::size_t needed = std::max(
      {sizeof(chunkwise::forward_memory<D, Form>),
       chunkwise::between_chunks_stages * sizeof(chunkwise::between_chunks_stage<D, Form>),
       has_delta_kernel ? chunkwise::delta_stages * sizeof(chunkwise::delta_stage<D>) : 0,
       sizeof(chunkwise::backward_memory<D, Form>),
       sizeof(
           chunkwise::between_chunks_backward_memory<D, Form, chunkwise::warp_tiles_per_block>)});
  return needed <= b.properties().sharedMemPerBlockOptin;
}

/// The algorithm for these arguments, forward or backward, or for several documents in their
/// row.
template <class Cell, class T, class Arguments>
algorithm algorithm_of(const cuda_backend& b, const Arguments& from, std::int64_t documents = 1) {
  const auto is_usable = [](const auto& each) {
    return is_row_aligned(each) && each.stride(1) != 0;
  };
  using form = typename Cell::form;
  // The rest is read number by number, a bonus once.
  const auto rest = from.inputs.begin() + chunkwise::tiles<form>;
  const bool is_rest_usable = !chunkwise::has_bonus<form> || from.inputs.back().stride(1) == 0;
  const auto [batch, tokens, heads, keys] = from.inputs[0].sizes();
  return select_algorithm<Cell, T>({
      .heads = documents * batch * heads,
      .tokens = tokens,
      .keys = keys,
      .values = from.v.extent(3),
      .is_aligned =
          is_usable(from.v) && std::all_of(from.inputs.begin(), rest, is_usable) && is_rest_usable,
      .has_memory = keys <= 64 ? has_chunk_memory<64, form>(b) : has_chunk_memory<128, form>(b),
      .multiprocessors = b.multiprocessors(),
  });
}

template <class Cell, class T>
RADLADS_HIDDEN void scan_forward_on(cuda_backend& b,
                                    const scan_forward_arguments<Cell, T, device_space>& from) {
  if constexpr (has_chunkwise_form<Cell, T>) {
    const algorithm chosen = algorithm_of<Cell, T>(b, from);
    const bool is_narrow = from.v.extent(3) == 64;
    if (chosen != algorithm::scan) require_aligned("scan_forward", "y", from.y);
    if (chosen == algorithm::chunkwise) {
      return is_narrow ? chunkwise::launch_chunkwise<64>(b, from)
                       : chunkwise::launch_chunkwise<128>(b, from);
    }
    if (chosen == algorithm::two_pass_chunkwise) {
      return is_narrow ? chunkwise::launch_two_pass_chunkwise<64>(b, from)
                       : chunkwise::launch_two_pass_chunkwise<128>(b, from);
    }
  }
  const bool is_step = from.v.extent(1) == 1 && from.checkpoints.empty();
  is_step ? launch_scan_step(b, from) : launch_scan(b, from);
}

/// Throws unless gradients are aligned as the inputs are, that of a shared bonus is one row, and
/// per-token scalars are apart.
template <class Cell, class T>
void require_chunkwise_gradients(const scan_backward_arguments<Cell, T, device_space>& from) {
  using form = typename Cell::form;
  require_aligned("scan_backward", "dy", from.dy);
  require_aligned("scan_backward", "dv", from.dv);
  for (std::size_t i = 0; i < chunkwise::tiles<form>; ++i)
    require_aligned("scan_backward", "the inputs' gradients", from.dinputs[i]);
  require(!chunkwise::has_bonus<form> || from.dinputs.back().stride(1) == 0,
          "scan_backward: the gradient of a bonus that all tokens share must be one row too");
  for (std::size_t i = chunkwise::tiles<form>;
       i < from.dinputs.size() && !chunkwise::has_bonus<form>; ++i)
    require(from.dinputs[i].stride(1) != 0, "scan_backward: chunkwise the gradient of ",
            Cell::names[i], " needs a number for each token; found one for all");
}

template <class Cell, class T>
RADLADS_HIDDEN void scan_backward_on(cuda_backend& b,
                                     const scan_backward_arguments<Cell, T, device_space>& from) {
  if constexpr (has_chunkwise_form<Cell, T>) {
    const algorithm chosen = algorithm_of<Cell, T>(b, from);
    const bool is_narrow = from.v.extent(3) == 64;
    if (chosen != algorithm::scan) require_chunkwise_gradients<Cell, T>(from);
    if (chosen == algorithm::chunkwise) {
      return is_narrow ? chunkwise::launch_chunkwise_backward<64>(b, from)
                       : chunkwise::launch_chunkwise_backward<128>(b, from);
    }
    if (chosen == algorithm::two_pass_chunkwise) {
      return is_narrow ? chunkwise::launch_two_pass_chunkwise_backward<64>(b, from)
                       : chunkwise::launch_two_pass_chunkwise_backward<128>(b, from);
    }
  }
  launch_scan_backward(b, from);
}

/// Where documents of these lengths begin, in memory of the device as long as the scope lives.
RADLADS_HIDDEN inline chunkwise::varlen_documents documents_on(
    cuda_backend& b, scratch_scope<cuda_backend>& scope, std::span<const std::int64_t> lengths) {
  const auto count = static_cast<std::int64_t>(lengths.size());
  std::vector<std::int64_t> cu_seqlens{0}, segments{0};
  for (const std::int64_t length : lengths) {
    cu_seqlens.push_back(cu_seqlens.back() + length);
    segments.push_back(segments.back() + checkpoint_count(length));
  }
  const auto put = [&](const std::vector<std::int64_t>& from) {
    const auto to = scope.take<std::int64_t, 1>({count + 1});
    b.copy(to.data(), from.data(), from.size() * sizeof(std::int64_t));
    return to.data();
  };
  return {put(cu_seqlens), put(segments)};
}

/// All documents of a row in one launch, where they have heads enough for one block each; otherwise
/// returns false and does nothing.
template <class Cell, class T>
RADLADS_HIDDEN bool scan_forward_varlen_on(
    cuda_backend& b, std::span<const std::int64_t> lengths,
    const scan_forward_arguments<Cell, T, device_space>& from) {
  if constexpr (has_chunkwise_form<Cell, T>) {
    const auto count = static_cast<std::int64_t>(lengths.size());
    if (algorithm_of<Cell, T>(b, from, count) != algorithm::chunkwise) return false;
    require_aligned("scan_forward_varlen", "y", from.y);
    scratch_scope<cuda_backend> scope(b);
    const chunkwise::varlen_documents documents = documents_on(b, scope, lengths);
    from.v.extent(3) == 64 ? chunkwise::launch_chunkwise<64>(b, from, documents, count)
                           : chunkwise::launch_chunkwise<128>(b, from, documents, count);
    return true;
  }
  return false;
}

/// The same for gradients; both answer alike.
template <class Cell, class T>
RADLADS_HIDDEN bool scan_backward_varlen_on(
    cuda_backend& b, std::span<const std::int64_t> lengths,
    const scan_backward_arguments<Cell, T, device_space>& from) {
  if constexpr (has_chunkwise_form<Cell, T>) {
    const auto count = static_cast<std::int64_t>(lengths.size());
    if (algorithm_of<Cell, T>(b, from, count) != algorithm::chunkwise) return false;
    require_chunkwise_gradients<Cell, T>(from);
    scratch_scope<cuda_backend> scope(b);
    const chunkwise::varlen_documents documents = documents_on(b, scope, lengths);
    from.v.extent(3) == 64 ? chunkwise::launch_chunkwise_backward<64>(b, from, documents, count)
                           : chunkwise::launch_chunkwise_backward<128>(b, from, documents, count);
    return true;
  }
  return false;
}

}  // namespace radlads::recurrence
