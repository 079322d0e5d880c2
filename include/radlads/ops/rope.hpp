// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rotary position: entries i and i + N/2 of a head turn by the angle position base^(-2i/N), or by
// what a scaling makes of it.

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"
#include "radlads/ops/rope_scaling.hpp"

#include <cstdint>
#include <type_traits>

namespace radlads::ops {

/// Where the first token of a call stands: a number of the host's and, unless `offset` is empty,
/// one (1) in the backend's memory, which is read when the work is done. So a captured graph
/// (core/graph_capture.hpp) serves every position.
template <backend B>
struct position {
  std::int64_t first = 0;
  view_on<const std::int32_t, 1, B> offset;

  position() = default;
  position(std::int64_t where) : first(where) {}
};

/// Rotates x (B, T, H, N) into y, which may be x; the token t stands t behind `at`. The
/// direction is +1 forward and -1 for gradients. Throws when N is odd or a factor not positive.
template <class T, backend B>
void rope(B& b, const rope_frequencies& frequencies, const std::type_identity_t<position<B>>& at,
          int direction, view_on<const T, 4, B> x, view_on<T, 4, B> y) {
  require_shape(y, x.sizes(), "rope", "y");
  require(x.extent(3) % 2 == 0, "rope: the head size is ", x.extent(3), ", expected an even one");
  require(direction == 1 || direction == -1, "rope: direction is ", direction,
          ", expected 1 or -1");
  check(frequencies);
  if (x.size() > 0) rope_on<T>(b, frequencies, at.first, at.offset, direction, x, y);
}

}  // namespace radlads::ops
