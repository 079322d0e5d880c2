// SPDX-License-Identifier: Apache-2.0
#pragma once
// Any recurrence over a sequence: forward, backward and single steps. Shapes are checked here, once
// for every backend; the loops are in cpu/scan.hpp.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/recurrence/arguments.hpp"
#include "radlads/recurrence/concepts.hpp"
#include "radlads/recurrence/state.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace radlads::recurrence {

/// The shape of an input as far as heads go one by one, and of its gradient, where the first input
/// is `first`.
template <class Cell>
shape<4> input_shape(std::size_t input, const shape<4>& first) {
  return {first[0], first[1], first[2], input_width<Cell>(static_cast<int>(input), first[3])};
}

/// Throws unless all inputs share (B, T, H, K), per-token scalars (B, T, H, 1), and v is
/// (B, T, H, V). All but the first may have fewer heads, of which H is a multiple.
template <class Cell, class T, class Space>
void require_inputs(const std::array<view<const T, 4, Space>, Cell::inputs>& inputs,
                    const view<const T, 4, Space>& v, const char* function) {
  const shape<4> first = inputs[0].sizes();
  const auto disagree = [&](const auto& name, const shape<4>& found) {
    fail(function, ": ", name, " is ", to_string<4>(found), ", ", Cell::names[0], " is ",
         to_string<4>(first));
  };
  const auto agrees = [&](const shape<4>& found) {
    const bool is_group = found[2] > 0 && first[2] % found[2] == 0;
    return found[0] == first[0] && found[1] == first[1] && (found[2] == first[2] || is_group);
  };
  for (std::size_t input = 1; input < inputs.size(); ++input) {
    const shape<4> found = inputs[input].sizes();
    if (!agrees(found) || found[3] != input_shape<Cell>(input, first)[3])
      disagree(Cell::names[input], found);
  }
  const shape<4> value = v.sizes();
  if (!agrees(value)) disagree("v", value);
  require(first[3] >= 1 && value[3] >= 1, function, ": the head sizes are ", first[3], " and ",
          value[3], ", both must be at least 1");
}

/// Throws unless a state is absent or dense and of this shape.
template <class T, class Space>
void require_state(const view<T, 4, Space>& state, const shape<4>& expected, const char* function,
                   const char* name) {
  if (state.empty()) return;
  require_shape(state, expected, function, name);
  require(state.is_dense(), function, ": ", name, " must be dense");
}

/// Runs the recurrence over inputs (B, T, H, K), in the order of the cell's enum and with the decay
/// as its natural logarithm (<= 0), and v (B, T, H, V); writes y (B, T, H, V). States are (B, H, K,
/// V): an empty initial_state is zero, an empty final_state is not wanted, and both may be one
/// memory. Inputs behind the first and v may have fewer heads, of which H is a multiple: grouped
/// keys and values, read where they are. Checkpoints of checkpoint_shape() are what scan_backward
/// of the same arguments needs, in a form of the algorithm's own; empty ones are not written.
/// Throws when shapes disagree or K is above 256.
template <recurrent_cell Cell, class T, backend B>
void scan_forward(
    B& b, const input_arguments<Cell, const T, typename B::space>& input_list,
    const view_argument<const T, 4, typename B::space>& v_in,
    const view_argument<T, 4, typename B::space>& y_out,
    const view_argument<const accumulate_t<T>, 4, typename B::space>& initial_state_in,
    const view_argument<accumulate_t<T>, 4, typename B::space>& final_state_out,
    const view_argument<accumulate_t<T>, 4, typename B::space>& checkpoints_out) {
  constexpr const char* function = "scan_forward";
  const auto& inputs = input_list.views;
  const auto& v = v_in.value;
  const auto& y = y_out.value;
  const auto& initial_state = initial_state_in.value;
  const auto& final_state = final_state_out.value;
  const auto& checkpoints = checkpoints_out.value;
  require_inputs<Cell, T>(inputs, v, function);
  const auto [batch, time, heads, K] = inputs[0].sizes();
  const std::int64_t V = v.extent(3);
  require_shape(y, {batch, time, heads, V}, function, "y");
  require_state(initial_state, state_shape(batch, heads, K, V), function, "initial_state");
  require_state(final_state, state_shape(batch, heads, K, V), function, "final_state");
  require_state(checkpoints, checkpoint_shape(batch, time, heads, K, V), function, "checkpoints");
  scan_forward_on(b, scan_forward_arguments<Cell, T, typename B::space>{inputs, v, y, initial_state,
                                                                        final_state, checkpoints});
}

/// Gradients of scan_forward. Takes its inputs, v and checkpoints, dy (B, T, H, V) and the gradient
/// of the final state (empty: zero); overwrites dinputs (B, T, H, K), with respect to the logarithm
/// for the decay, dv, and the gradient of the initial state (empty: not wanted). A gradient whose
/// stride of time is zero belongs to an input that all tokens share, and is the sum over tokens;
/// each sequence and head needs its own. Gradients have all H heads, also of grouped inputs and
/// values: ops::repeat_heads_backward adds those of a group.
template <recurrent_cell Cell, class T, backend B>
void scan_backward(
    B& b, const input_arguments<Cell, const T, typename B::space>& input_list,
    const view_argument<const T, 4, typename B::space>& v_in,
    const view_argument<const accumulate_t<T>, 4, typename B::space>& checkpoints_in,
    const view_argument<const T, 4, typename B::space>& dy_in,
    const view_argument<const accumulate_t<T>, 4, typename B::space>& dfinal_state_in,
    const input_arguments<Cell, T, typename B::space>& dinput_list,
    const view_argument<T, 4, typename B::space>& dv_out,
    const view_argument<accumulate_t<T>, 4, typename B::space>& dinitial_state_out) {
  constexpr const char* function = "scan_backward";
  const auto& inputs = input_list.views;
  const auto& dinputs = dinput_list.views;
  const auto& v = v_in.value;
  const auto& checkpoints = checkpoints_in.value;
  const auto& dy = dy_in.value;
  const auto& dfinal_state = dfinal_state_in.value;
  const auto& dv = dv_out.value;
  const auto& dinitial_state = dinitial_state_out.value;
  require_inputs<Cell, T>(inputs, v, function);
  const auto [batch, time, heads, K] = inputs[0].sizes();
  const std::int64_t V = v.extent(3);
  require_shape(dy, {batch, time, heads, V}, function, "dy");
  require_shape(dv, {batch, time, heads, V}, function, "dv");
  for (std::size_t input = 0; input < dinputs.size(); ++input) {
    const shape<4> found = dinputs[input].sizes();
    const shape<4> expected = input_shape<Cell>(input, inputs[0].sizes());
    if (found != expected) {
      fail(function, ": d", Cell::names[input], " is ", to_string<4>(found), ", expected ",
           to_string<4>(expected));
    }
    // Heads run side by side: two of them may not add to one row.
    const auto& to = dinputs[input];
    const bool is_apart =
        time == 0 || ((batch <= 1 || to.stride(0) != 0) && (heads <= 1 || to.stride(2) != 0));
    require(is_apart, function, ": d", Cell::names[input],
            " has one row for several sequences or heads; each needs its own");
  }
  require_shape(checkpoints, checkpoint_shape(batch, time, heads, K, V), function, "checkpoints");
  require(checkpoints.is_dense(), function, ": checkpoints must be dense");
  require_state(dfinal_state, state_shape(batch, heads, K, V), function, "dfinal_state");
  require_state(dinitial_state, state_shape(batch, heads, K, V), function, "dinitial_state");
  scan_backward_on(b, scan_backward_arguments<Cell, T, typename B::space>{
                          inputs, v, checkpoints, dy, dfinal_state, dinputs, dv, dinitial_state});
}

/// Continues a sequence: scan_forward on the state in place, usually with T = 1.
template <recurrent_cell Cell, class T, backend B>
void scan_step(B& b, const input_arguments<Cell, const T, typename B::space>& input_list,
               const view_argument<const T, 4, typename B::space>& v_in,
               const view_argument<T, 4, typename B::space>& y_out,
               const view_argument<accumulate_t<T>, 4, typename B::space>& state_in_out) {
  constexpr const char* function = "scan_step";
  const auto& inputs = input_list.views;
  const auto& v = v_in.value;
  const auto& y = y_out.value;
  const auto& state = state_in_out.value;
  require_inputs<Cell, T>(inputs, v, function);
  const auto [batch, time, heads, K] = inputs[0].sizes();
  require_shape(y, {batch, time, heads, v.extent(3)}, function, "y");
  require_shape(state, state_shape(batch, heads, K, v.extent(3)), function, "state");
  require(state.is_dense(), function, ": state must be dense");
  scan_forward_on(
      b, scan_forward_arguments<Cell, T, typename B::space>{inputs, v, y, state, state, {}});
}

// The same without the scalar: one sentence instead of a list of candidates.
template <recurrent_cell Cell, backend B>
void scan_forward(B&, any_argument, any_argument, any_argument, any_argument, any_argument,
                  any_argument) {
  static_assert(is_scalar_written<Cell>,
                "scan_forward needs the scalar after the cell: scan_forward<cell, float>(...)");
}
template <recurrent_cell Cell, backend B>
void scan_backward(B&, any_argument, any_argument, any_argument, any_argument, any_argument,
                   any_argument, any_argument, any_argument) {
  static_assert(is_scalar_written<Cell>,
                "scan_backward needs the scalar after the cell: scan_backward<cell, float>(...)");
}
template <recurrent_cell Cell, backend B>
void scan_step(B&, any_argument, any_argument, any_argument, any_argument) {
  static_assert(is_scalar_written<Cell>,
                "scan_step needs the scalar after the cell: scan_step<cell, float>(...)");
}

}  // namespace radlads::recurrence
