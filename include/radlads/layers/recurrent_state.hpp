// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a recurrent mixer carries from call to call, and the one place that chooses how its
// recurrence runs: with checkpoints for training, on a carried state for generation.

#include "radlads/core/backend.hpp"
#include "radlads/core/graph_capture.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/layers/mixer_config.hpp"
#include "radlads/ops/rope.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/recurrence/state.hpp"

#include <array>
#include <cstdint>

namespace radlads::layers {

/// State of a sequence: constant in size however long the sequence is.
template <class T, class B>
struct recurrent_state {
  tensor<accumulate_t<T>, 4, B> matrix;  // (B, H, K, K)
  tensor<T, 2, B> last;                  // (B, C), the last input; only with token shift
  ops::position<B> position;             // of the next token

  void reset(B& b, const mixer_config& c, std::int64_t batch) {
    position = {};
    matrix.resize(b, {batch, c.heads, c.head_size, c.head_size});
    set_zero<accumulate_t<T>, 4, B>(b, matrix);
    if (!c.token_shift) return;
    last.resize(b, {batch, c.hidden});
    set_zero<T, 2, B>(b, last);
  }
  /// From now on the caller counts tokens, in `offset` (1).
  void count_positions_in(view_on<const std::int32_t, 1, B> offset) {
    position.first = 0;
    position.offset = offset;
  }
  std::int64_t bytes() const {
    return matrix.size() * static_cast<std::int64_t>(sizeof(accumulate_t<T>)) +
           last.size() * static_cast<std::int64_t>(sizeof(T));
  }
};

/// y (B, T, H, K) from the recurrence over `inputs` and v, which may have fewer heads. With a
/// carried state the sequence continues; in training the checkpoints for backward are written.
template <class Cell, class T, class B>
void run_recurrence(B& b, const std::array<view_on<const T, 4, B>, Cell::inputs>& inputs,
                    const tensor<T, 4, B>& v, tensor<T, 4, B>& y, recurrent_state<T, B>* carried,
                    bool is_training, tensor<accumulate_t<T>, 4, B>& checkpoints) {
  if (carried != nullptr) {
    recurrence::scan_step<Cell, T>(b, inputs, v, y, carried->matrix);
    if (!carried->position.offset.empty()) return;
    if (is_capturing(b)) throw not_capturable("run_recurrence: the host counts the tokens");
    carried->position.first += v.extent(1);
    return;
  }
  view_on<accumulate_t<T>, 4, B> written;
  if (is_training) {
    const shape<4> s = v.sizes();
    checkpoints.resize(b, recurrence::checkpoint_shape(s[0], s[1], inputs[0].extent(2),
                                                       inputs[0].extent(3), s[3]));
    written = checkpoints;
  }
  recurrence::scan_forward<Cell, T>(b, inputs, v, y, {}, {}, written);
}

}  // namespace radlads::layers
