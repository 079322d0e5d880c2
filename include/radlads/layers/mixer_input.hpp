// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a mixer reads and what its backward returns: the layer's input and the value of the first
// layer, which RWKV-7 hands to later layers.

#include "radlads/core/view.hpp"

namespace radlads::layers {

/// Input of a mixer. The provider of v_first writes it, later layers read it; mixers without a
/// value residual ignore it.
template <class T, class B>
struct mixer_input {
  view_on<const T, 3, B> x;  // (B, T, C), normalised
  view_on<T, 3, B> v_first;  // (B, T, D_a)
};

/// Gradients of a mixer_input. `dx` is overwritten, or not wanted when empty; `dv_first` is added
/// to by readers and read by the provider, whose backward comes last.
template <class T, class B>
struct mixer_input_gradient {
  view_on<T, 3, B> dx;        // (B, T, C)
  view_on<T, 3, B> dv_first;  // (B, T, D_a)
};

}  // namespace radlads::layers
