// SPDX-License-Identifier: Apache-2.0
#pragma once
// Varlen: tokens of several documents one behind another in one row, each of which begins
// with a state of its own. What lies between them is neither padded nor computed. A backend may
// have an algorithm for all at once (recurrence/cuda/recurrence.cuh); otherwise neighbours of one
// length are a batch.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"
#include "radlads/recurrence/arguments.hpp"
#include "radlads/recurrence/scan.hpp"
#include "radlads/recurrence/state.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace radlads::recurrence {

/// Elements of the checkpoints of documents of these lengths: those of each, one behind another.
inline std::int64_t varlen_checkpoint_size(std::span<const std::int64_t> lengths, std::int64_t H,
                                           std::int64_t K, std::int64_t V) {
  std::int64_t segments = 0;
  for (const std::int64_t length : lengths) segments += checkpoint_count(length);
  return H * segments * K * V;
}

/// Neighbours of one length, which run as a batch.
struct varlen_group {
  std::int64_t document = 0, documents = 0;  ///< the first, and how many
  std::int64_t token = 0, length = 0;        ///< the first of the first, and of each
  std::int64_t segment = 0;                  ///< before the first
};

/// Calls f(group) for the documents in their order.
template <class F>
void for_each_varlen_group(std::span<const std::int64_t> lengths, F&& f) {
  varlen_group group;
  const auto count = static_cast<std::int64_t>(lengths.size());
  for (std::int64_t next = 0; next < count; next += group.documents) {
    group.document = next;
    group.length = lengths[static_cast<std::size_t>(next)];
    group.documents = 1;
    while (next + group.documents < count &&
           lengths[static_cast<std::size_t>(next + group.documents)] == group.length) {
      ++group.documents;
    }
    f(group);
    group.token += group.documents * group.length;
    group.segment += group.documents * checkpoint_count(group.length);
  }
}

/// The tokens of a group in a row (1, T, H, K), as (documents, length, H, K).
template <class T, class Space>
view<T, 4, Space> varlen_part(view<T, 4, Space> x, const varlen_group& group) {
  x.pointer += group.token * x.stride(1);
  x.extents[0] = group.documents;
  x.extents[1] = group.length;
  x.strides[0] = group.length * x.stride(1);
  return x;
}

/// States (documents, H, K, V) of a group; an empty view stays empty.
template <class T, class Space>
view<T, 4, Space> varlen_states(view<T, 4, Space> x, const varlen_group& group) {
  if (x.empty()) return {};
  x.pointer += group.document * x.stride(0);
  x.extents[0] = group.documents;
  return x;
}

/// Checkpoints (elements) of a group, as scan_forward takes them; an empty view stays empty.
template <class T, class Space>
view<T, 4, Space> varlen_checkpoints(view<T, 1, Space> x, const varlen_group& group, std::int64_t H,
                                     std::int64_t K, std::int64_t V) {
  if (x.empty()) return {};
  return {x.pointer + group.segment * H * K * V,
          checkpoint_shape(group.documents, group.length, H, K, V)};
}

/// All checkpoints, as an algorithm for all documents takes them.
template <class T, class Space>
view<T, 4, Space> flat_checkpoints(const view<T, 1, Space>& x) {
  if (x.empty()) return {};
  return {x.pointer, {1, 1, 1, x.size()}};
}

/// Throws unless v is one row with as many tokens as the documents have, and states and checkpoints
/// are there for all of them or not at all.
template <class T, class Space, class A, class C>
void require_varlen(const char* function, std::span<const std::int64_t> lengths,
                    const view<T, 4, Space>& v, std::int64_t H, std::int64_t K,
                    const view<A, 4, Space>& states, const view<C, 1, Space>& checkpoints) {
  std::int64_t tokens = 0;
  for (std::size_t i = 0; i < lengths.size(); ++i) {
    require(lengths[i] >= 0, function, ": document ", i, " has ", lengths[i], " tokens");
    tokens += lengths[i];
  }
  require(v.extent(0) == 1 && v.extent(1) == tokens, function, ": v is ", to_string<4>(v.sizes()),
          ", expected one row of the ", tokens, " tokens that ", lengths.size(), " documents have");
  const std::int64_t V = v.extent(3);
  require_state(states, state_shape(static_cast<std::int64_t>(lengths.size()), H, K, V), function,
                "a state");
  if (checkpoints.empty()) return;
  require_shape(checkpoints, {varlen_checkpoint_size(lengths, H, K, V)}, function, "checkpoints");
}

/// scan_forward for documents of these lengths that lie in one row: inputs (1, T, H, K), v
/// and y (1, T, H, V), states (documents, H, K, V), checkpoints (varlen_checkpoint_size).
/// Neighbours of one length run at once. Throws when the lengths do not add up to T, and as
/// scan_forward.
template <recurrent_cell Cell, class T, backend B>
void scan_forward_varlen(B& b, std::span<const std::int64_t> lengths,
                         const input_arguments<Cell, const T, typename B::space>& input_list,
                         view_on<const T, 4, B> v, view_on<T, 4, B> y,
                         view_on<const accumulate_t<T>, 4, B> initial_states,
                         view_on<accumulate_t<T>, 4, B> final_states,
                         view_on<accumulate_t<T>, 1, B> checkpoints) {
  constexpr const char* function = "scan_forward_varlen";
  const auto& inputs = input_list.views;
  const std::int64_t H = inputs[0].extent(2), K = inputs[0].extent(3), V = v.extent(3);
  require_inputs<Cell, T>(inputs, v, function);
  require_shape(y, {v.extent(0), v.extent(1), H, V}, function, "y");
  require_varlen(function, lengths, v, H, K, initial_states, checkpoints);
  require_varlen(function, lengths, v, H, K, final_states, checkpoints);
  const scan_forward_arguments<Cell, T, typename B::space> all{
      inputs, v, y, initial_states, final_states, flat_checkpoints(checkpoints)};
  if (scan_forward_varlen_on(b, lengths, all)) return;
  for_each_varlen_group(lengths, [&](const varlen_group& group) {
    std::array<view_on<const T, 4, B>, Cell::inputs> part;
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = varlen_part(inputs[i], group);
    scan_forward<Cell, T>(b, part, varlen_part(v, group), varlen_part(y, group),
                          varlen_states(initial_states, group), varlen_states(final_states, group),
                          varlen_checkpoints(checkpoints, group, H, K, V));
  });
}

/// Gradients of scan_forward_varlen, as scan_backward gives them for each document. An input that
/// all tokens share (a stride of zero in time) has no gradient of its own in each document, so that
/// of one is refused where there are several.
template <recurrent_cell Cell, class T, backend B>
void scan_backward_varlen(B& b, std::span<const std::int64_t> lengths,
                          const input_arguments<Cell, const T, typename B::space>& input_list,
                          view_on<const T, 4, B> v,
                          view_on<const accumulate_t<T>, 1, B> checkpoints,
                          view_on<const T, 4, B> dy,
                          view_on<const accumulate_t<T>, 4, B> dfinal_states,
                          const input_arguments<Cell, T, typename B::space>& dinput_list,
                          view_on<T, 4, B> dv, view_on<accumulate_t<T>, 4, B> dinitial_states) {
  constexpr const char* function = "scan_backward_varlen";
  const auto& inputs = input_list.views;
  const auto& dinputs = dinput_list.views;
  const std::int64_t H = inputs[0].extent(2), K = inputs[0].extent(3), V = v.extent(3);
  require_inputs<Cell, T>(inputs, v, function);
  require_shape(dy, {v.extent(0), v.extent(1), H, V}, function, "dy");
  require_shape(dv, {v.extent(0), v.extent(1), H, V}, function, "dv");
  require_varlen(function, lengths, v, H, K, dfinal_states, checkpoints);
  require_varlen(function, lengths, v, H, K, dinitial_states, checkpoints);
  for (std::size_t i = 0; i < dinputs.size(); ++i) {
    require_shape(dinputs[i], input_shape<Cell>(i, inputs[0].sizes()), function,
                  "the gradient of an input");
    require(lengths.size() <= 1 || dinputs[i].stride(1) != 0, function, ": d", Cell::names[i],
            " has one row for all tokens, but ", lengths.size(), " documents each overwrite it");
  }
  const scan_backward_arguments<Cell, T, typename B::space> all{
      inputs, v, flat_checkpoints(checkpoints), dy, dfinal_states, dinputs, dv, dinitial_states};
  if (scan_backward_varlen_on(b, lengths, all)) return;
  for_each_varlen_group(lengths, [&](const varlen_group& group) {
    std::array<view_on<const T, 4, B>, Cell::inputs> part;
    std::array<view_on<T, 4, B>, Cell::inputs> dpart;
    for (std::size_t i = 0; i < part.size(); ++i) {
      part[i] = varlen_part(inputs[i], group);
      dpart[i] = varlen_part(dinputs[i], group);
    }
    scan_backward<Cell, T>(b, part, varlen_part(v, group),
                           varlen_checkpoints(checkpoints, group, H, K, V), varlen_part(dy, group),
                           varlen_states(dfinal_states, group), dpart, varlen_part(dv, group),
                           varlen_states(dinitial_states, group));
  });
}

}  // namespace radlads::recurrence
