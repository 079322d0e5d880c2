// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rotary position: entries i and i + N/2 of a head turn by the angle position base^(-2i/N).

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/cpu/rope.hpp"

#include <cstdint>

namespace radlads::ops {

/// Rotates x (B, T, H, N) into y, which may be x; the token t stands at first_position + t. The
/// direction is +1 forward and -1 for gradients. Throws when N is odd.
template <class T, backend B>
void rope(B& b, double base, std::int64_t first_position, int direction, view_on<const T, 4, B> x,
          view_on<T, 4, B> y) {
  require_shape(y, x.sizes(), "rope", "y");
  require(x.extent(3) % 2 == 0, "rope: the head size is ", x.extent(3), ", expected an even one");
  require(direction == 1 || direction == -1, "rope: direction is ", direction,
          ", expected 1 or -1");
  if (x.size() > 0) rope_on<T>(b, base, first_position, direction, x, y);
}

}  // namespace radlads::ops
