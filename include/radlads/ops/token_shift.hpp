// SPDX-License-Identifier: Apache-2.0
#pragma once
// Difference to the previous token, carrying the last token from call to call. The blend x + delta
// mu belongs to ops/map.hpp.

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"

namespace radlads::ops {

/// delta_t = x_{t-1} - x_t, with x and delta (B, T, C). The token before the first is last_in (B,
/// C), zero when that is empty; last_out (B, C) receives the last token unless it is empty, and may
/// be last_in. Without tokens the last one stays what it was.
template <class T, backend B>
void token_shift_forward(B& b, view_on<const T, 3, B> x, view_on<const T, 2, B> last_in,
                         view_on<T, 3, B> delta, view_on<T, 2, B> last_out) {
  const shape<2> row = {x.extent(0), x.extent(2)};
  require_shape(delta, x.sizes(), "token_shift_forward", "delta");
  if (!last_in.empty()) require_shape(last_in, row, "token_shift_forward", "last_in");
  if (!last_out.empty()) require_shape(last_out, row, "token_shift_forward", "last_out");
  if (x.extent(1) == 0 && !last_out.empty() && last_out.data() != last_in.data()) {
    last_in.empty() ? set_zero<T, 2, B>(b, last_out) : copy<T, 2, B>(b, last_in, last_out);
  }
  if (x.size() > 0) token_shift_forward_on<T>(b, x, last_in, delta, last_out);
}

/// Overwrites dx_t with -ddelta_t + ddelta_{t+1} (B, T, C), the part of the gradient that flows
/// through delta; the carried token counts as a constant.
template <class T, backend B>
void token_shift_backward(B& b, view_on<const T, 3, B> ddelta, view_on<T, 3, B> dx) {
  require_shape(dx, ddelta.sizes(), "token_shift_backward", "dx");
  if (dx.size() > 0) token_shift_backward_on<T>(b, ddelta, dx);
}

}  // namespace radlads::ops
