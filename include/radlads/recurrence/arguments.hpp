// SPDX-License-Identifier: Apache-2.0
#pragma once
// What the contract in scan.hpp takes, and what it hands to a backend, checked: the latter is
// trivially copyable, so that a kernel may take it whole.

#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <array>
#include <concepts>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace radlads::recurrence {

/// A tensor or view as an argument of a recurrence, or `{}` for one that is absent. Anything else
/// is one sentence at compile time.
template <class T, int Rank, class Space>
struct view_argument {
  view<T, Rank, Space> value;

  view_argument() = default;
  view_argument(T* pointer, const shape<Rank>& sizes) : value(pointer, sizes) {}
  template <class X>
  requires(!std::same_as<std::remove_cvref_t<X>, view_argument>) view_argument(X&& x) {
    constexpr bool is_view = std::is_convertible_v<X, view<T, Rank, Space>>;
    static_assert(is_view,
                  "a recurrence takes tensors and views of its scalar, in the backend's memory; a "
                  "pointer becomes one by radlads::view<float, 4>(pointer, {B, T, H, V})");
    if constexpr (is_view) value = as_view(std::forward<X>(x));
  }

 private:
  static view<T, Rank, Space> as_view(view<T, Rank, Space> x) { return x; }
};

/// The inputs of a cell, or their gradients, in the order of its enum: a braced list of tensors and
/// views, or an array of views. A list that is too short or too long, or has anything else in it,
/// is one sentence at compile time.
template <class Cell, class T, class Space>
struct input_arguments {
  using array = std::array<view<T, 4, Space>, Cell::inputs>;
  array views;

  input_arguments(const array& given) : views(given) {}
  template <class... Each>
  requires(sizeof...(Each) != 1 || (!std::convertible_to<Each, array> && ...))
      input_arguments(Each&&... each) {
    constexpr bool is_complete = sizeof...(Each) == Cell::inputs;
    constexpr bool are_views = (std::is_convertible_v<Each, view<T, 4, Space>> && ...);
    static_assert(is_complete,
                  "a recurrence needs each input of its cell, in the order of the cell's enum");
    static_assert(are_views,
                  "the inputs of a recurrence are tensors and views of its scalar, in the "
                  "backend's memory; a pointer becomes one by "
                  "radlads::view<const float, 4>(pointer, {B, T, H, K})");
    if constexpr (is_complete && are_views) views = {{as_view(std::forward<Each>(each))...}};
  }

 private:
  static view<T, 4, Space> as_view(view<T, 4, Space> x) { return x; }
};

/// Takes the place of any argument, where a call is to be refused with a sentence.
struct any_argument {
  template <class... X>
  any_argument(X&&...) {}
};
template <class>
inline constexpr bool is_scalar_written = false;

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
