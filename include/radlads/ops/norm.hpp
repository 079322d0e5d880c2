// SPDX-License-Identifier: Apache-2.0
#pragma once
// Normalisation of rows: root mean square, layer norm, and group norm of one group a head.
// Statistics are kept in accumulate_t<T>. Gradients of weights and biases may be left out by an
// empty view.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

namespace radlads::ops {

/// y = x / sqrt(mean(x^2) + epsilon) weight, along rows of x and y (N, C); `inverse` (N) receives
/// the factor 1 / sqrt(...). y may be x if no backward follows.
template <class T, backend B>
void rms_norm_forward(B& b, double epsilon, view_on<const T, 1, B> weight, view_on<const T, 2, B> x,
                      view_on<T, 2, B> y, view_on<accumulate_t<T>, 1, B> inverse) {
  require_shape(weight, {x.extent(1)}, "rms_norm_forward", "weight");
  require_shape(y, x.sizes(), "rms_norm_forward", "y");
  require_shape(inverse, {x.extent(0)}, "rms_norm_forward", "inverse");
  if (x.size() > 0) rms_norm_forward_on<T>(b, epsilon, weight, x, y, inverse);
}

/// Overwrites dx, which may be dy; adds to dweight (C) unless it is empty. `inverse` comes from the
/// forward call.
template <class T, backend B>
void rms_norm_backward(B& b, view_on<const T, 1, B> weight, view_on<const T, 2, B> x,
                       view_on<const accumulate_t<T>, 1, B> inverse, view_on<const T, 2, B> dy,
                       view_on<T, 2, B> dx, view_on<T, 1, B> dweight) {
  require_shape(weight, {x.extent(1)}, "rms_norm_backward", "weight");
  require_shape(inverse, {x.extent(0)}, "rms_norm_backward", "inverse");
  require_shape(dy, x.sizes(), "rms_norm_backward", "dy");
  require_shape(dx, x.sizes(), "rms_norm_backward", "dx");
  if (!dweight.empty()) require_shape(dweight, weight.sizes(), "rms_norm_backward", "dweight");
  if (x.size() > 0) rms_norm_backward_on<T>(b, weight, x, inverse, dy, dx, dweight);
}

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias for each head of x and y (N, H, K);
/// weight and bias are (H K), mean and inverse (N, H) are saved. The variance is the biased one.
template <class T, backend B>
void group_norm_forward(B& b, double epsilon, view_on<const T, 1, B> weight,
                        view_on<const T, 1, B> bias, view_on<const T, 3, B> x, view_on<T, 3, B> y,
                        view_on<accumulate_t<T>, 2, B> mean,
                        view_on<accumulate_t<T>, 2, B> inverse) {
  require_shape(weight, {x.extent(1) * x.extent(2)}, "group_norm_forward", "weight");
  require_shape(bias, weight.sizes(), "group_norm_forward", "bias");
  require_shape(y, x.sizes(), "group_norm_forward", "y");
  require_shape(mean, {x.extent(0), x.extent(1)}, "group_norm_forward", "mean");
  require_shape(inverse, {x.extent(0), x.extent(1)}, "group_norm_forward", "inverse");
  if (x.size() > 0) group_norm_forward_on<T>(b, epsilon, weight, bias, x, y, mean, inverse);
}

/// Overwrites dx, which may be dy; adds to dweight and dbias (H K) unless they are empty.
template <class T, backend B>
void group_norm_backward(B& b, view_on<const T, 1, B> weight, view_on<const T, 3, B> x,
                         view_on<const accumulate_t<T>, 2, B> mean,
                         view_on<const accumulate_t<T>, 2, B> inverse, view_on<const T, 3, B> dy,
                         view_on<T, 3, B> dx, view_on<T, 1, B> dweight, view_on<T, 1, B> dbias) {
  require_shape(weight, {x.extent(1) * x.extent(2)}, "group_norm_backward", "weight");
  require_shape(mean, {x.extent(0), x.extent(1)}, "group_norm_backward", "mean");
  require_shape(inverse, {x.extent(0), x.extent(1)}, "group_norm_backward", "inverse");
  require_shape(dy, x.sizes(), "group_norm_backward", "dy");
  require_shape(dx, x.sizes(), "group_norm_backward", "dx");
  if (!dweight.empty()) require_shape(dweight, weight.sizes(), "group_norm_backward", "dweight");
  if (!dbias.empty()) require_shape(dbias, weight.sizes(), "group_norm_backward", "dbias");
  if (x.size() > 0) group_norm_backward_on<T>(b, weight, x, mean, inverse, dy, dx, dweight, dbias);
}

/// The rows of a matrix as one head each: (N, C) becomes (N, 1, C).
template <class T, class Space>
view<T, 3, Space> one_head(const view<T, 2, Space>& x) {
  view<T, 3, Space> result(x.pointer, {x.extent(0), 1, x.extent(1)});
  result.strides[0] = x.stride(0);
  return result;
}

/// y = (x - mean) / sqrt(variance + epsilon) weight + bias along rows of x and y (N, C); mean and
/// inverse (N) are saved.
template <class T, backend B>
void layer_norm_forward(B& b, double epsilon, view_on<const T, 1, B> weight,
                        view_on<const T, 1, B> bias, view_on<const T, 2, B> x, view_on<T, 2, B> y,
                        view_on<accumulate_t<T>, 1, B> mean,
                        view_on<accumulate_t<T>, 1, B> inverse) {
  require_shape(weight, {x.extent(1)}, "layer_norm_forward", "weight");
  require_shape(bias, {x.extent(1)}, "layer_norm_forward", "bias");
  require_shape(y, x.sizes(), "layer_norm_forward", "y");
  require_shape(mean, {x.extent(0)}, "layer_norm_forward", "mean");
  require_shape(inverse, {x.extent(0)}, "layer_norm_forward", "inverse");
  const shape<2> rows = {x.extent(0), 1};
  if (x.size() > 0) {
    group_norm_forward_on<T>(b, epsilon, weight, bias, one_head(x), one_head(y),
                             reshape<2>(mean, rows), reshape<2>(inverse, rows));
  }
}

/// Overwrites dx, which may be dy; adds to dweight and dbias (C) unless they are empty.
template <class T, backend B>
void layer_norm_backward(B& b, view_on<const T, 1, B> weight, view_on<const T, 2, B> x,
                         view_on<const accumulate_t<T>, 1, B> mean,
                         view_on<const accumulate_t<T>, 1, B> inverse, view_on<const T, 2, B> dy,
                         view_on<T, 2, B> dx, view_on<T, 1, B> dweight, view_on<T, 1, B> dbias) {
  require_shape(weight, {x.extent(1)}, "layer_norm_backward", "weight");
  require_shape(mean, {x.extent(0)}, "layer_norm_backward", "mean");
  require_shape(inverse, {x.extent(0)}, "layer_norm_backward", "inverse");
  require_shape(dy, x.sizes(), "layer_norm_backward", "dy");
  require_shape(dx, x.sizes(), "layer_norm_backward", "dx");
  if (!dweight.empty()) require_shape(dweight, weight.sizes(), "layer_norm_backward", "dweight");
  if (!dbias.empty()) require_shape(dbias, weight.sizes(), "layer_norm_backward", "dbias");
  const shape<2> rows = {x.extent(0), 1};
  if (x.size() > 0) {
    group_norm_backward_on<T>(b, weight, one_head(x), reshape<2>(mean, rows),
                              reshape<2>(inverse, rows), one_head(dy), one_head(dx), dweight,
                              dbias);
  }
}

}  // namespace radlads::ops
