// SPDX-License-Identifier: Apache-2.0
#pragma once
// Rows of a table by token number, and their gradient.

#include "radlads/core/backend.hpp"
#include "radlads/core/view.hpp"

#include <cstdint>

namespace radlads::ops {

/// Throws, naming the position, unless all ids (N) lie in [0, vocabulary). Waits for the backend.
template <backend B>
void require_ids(B& b, view_on<const std::int32_t, 1, B> ids, std::int64_t vocabulary) {
  if (ids.size() > 0) require_ids_on(b, ids, vocabulary);
}

/// y[n] = table[ids[n]], with table (V, C) and y (N, C). Throws, naming the position, when a token
/// number lies outside [0, V), but not in a captured graph (core/graph_capture.hpp).
template <class T, backend B>
void embedding_forward(B& b, view_on<const T, 2, B> table, view_on<const std::int32_t, 1, B> ids,
                       view_on<T, 2, B> y) {
  require_shape(y, {ids.extent(0), table.extent(1)}, "embedding_forward", "y");
  if (ids.size() > 0) embedding_forward_on<T>(b, table, ids, y);
}

/// Adds dy[n] (N, C) to dtable[ids[n]] (V, C), in the order of n. Throws as the forward function.
template <class T, backend B>
void embedding_backward(B& b, view_on<const std::int32_t, 1, B> ids, view_on<const T, 2, B> dy,
                        view_on<T, 2, B> dtable) {
  require_shape(dy, {ids.extent(0), dtable.extent(1)}, "embedding_backward", "dy");
  if (ids.size() > 0) embedding_backward_on<T>(b, ids, dy, dtable);
}

}  // namespace radlads::ops
