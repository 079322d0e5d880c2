// SPDX-License-Identifier: Apache-2.0
#pragma once
// Grouped heads: each key or value head is copied for the query heads that share it.

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads::ops {

/// Throws unless `few` heads divide `many`, and rows and head sizes agree.
inline void require_groups(const shape<3>& few, const shape<3>& many, const char* function) {
  require(few[0] == many[0] && few[2] == many[2], function, ": the shapes are ", to_string<3>(few),
          " and ", to_string<3>(many), ", expected the same rows and head size");
  require(few[1] > 0 && many[1] % few[1] == 0, function, ": ", many[1],
          " heads are no multiple of ", few[1]);
}

/// Copies head j of x (N, J, K) to the heads jG ... jG + G - 1 of y (N, H, K), G = H / J.
template <class T, backend B>
void repeat_heads_forward(B& b, view_on<const T, 3, B> x, view_on<T, 3, B> y) {
  require_groups(x.sizes(), y.sizes(), "repeat_heads_forward");
  if (y.size() > 0) repeat_heads_forward_on<T>(b, x, y);
}

/// Overwrites dx (N, J, K) with the sums of dy (N, H, K) over the copies of each head.
template <class T, backend B>
void repeat_heads_backward(B& b, view_on<const T, 3, B> dy, view_on<T, 3, B> dx) {
  require_groups(dx.sizes(), dy.sizes(), "repeat_heads_backward");
  if (dx.size() > 0) repeat_heads_backward_on<T>(b, dy, dx);
}

}  // namespace radlads::ops
