// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the contract in scan.hpp hands to a backend, checked: trivially copyable, so that a kernel
// may take it whole.

#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <array>
#include <cstdint>

namespace radlads::recurrence {

/// Arguments of a forward scan. Inputs but the first and v may have fewer heads, each for as many
/// neighbours. Empty states are absent; empty checkpoints are not written.
template <class Cell, class T, class Space>
struct scan_forward_arguments {
  std::array<view<const T, 4, Space>, Cell::inputs> inputs;  // (B, T, H, K)
  view<const T, 4, Space> v;                                 // (B, T, H, V)
  view<T, 4, Space> y;                                       // (B, T, H, V)
  view<const accumulate_t<T>, 4, Space> initial_state;       // (B, H, K, V)
  view<accumulate_t<T>, 4, Space> final_state;               // (B, H, K, V)
  view<accumulate_t<T>, 4, Space> checkpoints;               // (B * H, segments, K, V)

  std::int64_t heads() const { return inputs[0].extent(2); }
};

/// Arguments of a backward scan. Empty states are absent.
template <class Cell, class T, class Space>
struct scan_backward_arguments {
  std::array<view<const T, 4, Space>, Cell::inputs> inputs;  // (B, T, H, K)
  view<const T, 4, Space> v;                                 // (B, T, H, V)
  view<const accumulate_t<T>, 4, Space> checkpoints;         // (B * H, segments, K, V)
  view<const T, 4, Space> dy;                                // (B, T, H, V)
  view<const accumulate_t<T>, 4, Space> dfinal_state;        // (B, H, K, V)
  std::array<view<T, 4, Space>, Cell::inputs> dinputs;       // (B, T, H, K)
  view<T, 4, Space> dv;                                      // (B, T, H, V)
  view<accumulate_t<T>, 4, Space> dinitial_state;            // (B, H, K, V)

  std::int64_t heads() const { return inputs[0].extent(2); }
};

}  // namespace radlads::recurrence
