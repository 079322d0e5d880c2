// SPDX-License-Identifier: Apache-2.0
#pragma once
// The one layout of recurrent state, (B, H, K, V) in accumulate_t of the storage type: value
// channels lie side by side, because lanes and threads run along them. And what training keeps of
// it.

#include "radlads/core/config.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads::recurrence {

/// Tokens between two states kept for the backward pass, which replays the states between them. A
/// segment's states must stay in the second-level cache: 16 x 64 x 64 floats are 256 KiB.
inline constexpr std::int64_t checkpoint_interval = 16;

/// Number of segments, and so of checkpoints, of T tokens.
RADLADS_HOST_DEVICE inline std::int64_t checkpoint_count(std::int64_t T) {
  return (T + checkpoint_interval - 1) / checkpoint_interval;
}

/// Shape of a recurrent state.
inline shape<4> state_shape(std::int64_t B, std::int64_t H, std::int64_t K, std::int64_t V) {
  return {B, H, K, V};
}

/// Shape of the states before each segment, (B * H, segments, K, V): forward writes them, backward
/// reads them.
inline shape<4> checkpoint_shape(std::int64_t B, std::int64_t T, std::int64_t H, std::int64_t K,
                                 std::int64_t V) {
  return {B * H, checkpoint_count(T), K, V};
}

}  // namespace radlads::recurrence
