// SPDX-License-Identifier: Apache-2.0
#pragma once
// Per-head elementwise map with L2 normalisation: scalar functions of the vectors of heads, of
// their unit vectors, and of any other tensors. The vectors may have fewer heads, each for as many
// neighbours: grouped keys and values are read where they are, and the gradients of a group are
// summed on the way back. What stands between the projections of a delta rule and its recurrence is
// one pass over memory so.

#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace radlads::ops {

/// Throws unless rows hold whole groups of the heads of x (N, G, K) and are of one shape.
template <class T, std::size_t Outputs, std::size_t Inputs, class Space>
void require_l2norm_map(const char* function, const view<const T, 3, Space>& x,
                        const std::array<view<T, 2, Space>, Outputs>& outputs,
                        const std::array<view<const T, 2, Space>, Inputs>& inputs) {
  static_assert(Outputs > 0 && Inputs > 0, "l2norm_map reads and writes at least one tensor");
  const shape<2> sizes = outputs[0].sizes();
  const std::int64_t width = x.extent(1) * x.extent(2);
  const bool is_whole = width > 0 ? sizes[1] > 0 && sizes[1] % width == 0 : sizes[1] == 0;
  require(sizes[0] == x.extent(0) && is_whole, function, ": output 0 is ", to_string<2>(sizes),
          ", expected ", x.extent(0), " rows of whole groups of x's ", x.extent(1), " heads of ",
          x.extent(2));
  for (std::size_t i = 0; i < Outputs; ++i) {
    require(outputs[i].sizes() == sizes, function, ": output ", i, " is ",
            to_string<2>(outputs[i].sizes()), ", expected ", to_string<2>(sizes));
  }
  for (std::size_t i = 0; i < Inputs; ++i) {
    require(inputs[i].sizes() == sizes, function, ": input ", i, " is ",
            to_string<2>(inputs[i].sizes()), ", expected ", to_string<2>(sizes));
  }
}

/// Calls f(x, in..., out&...) for every number of every head, or, where F::reads_unit_vector, f(x,
/// unit_vector, in..., out&...) with unit_vector = x / max(|x|, 1e-12) of the head. x is (N, G, K),
/// inputs and outputs (N, H K) with H a multiple of G: head h has the vector of head h / (H / G). f
/// is a functor of a named type that takes any scalar type. Overwrites the outputs; one may be the
/// very same view as an input, but not overlap one otherwise.
template <class T, backend B, class F, std::size_t Outputs, std::size_t Inputs>
void l2norm_map_forward(B& b, const F& f, view_on<const T, 3, B> x,
                        const std::array<view_on<T, 2, B>, Outputs>& outputs,
                        const std::array<view_on<const T, 2, B>, Inputs>& inputs) {
  require_l2norm_map("l2norm_map_forward", x, outputs, inputs);
  if (outputs[0].size() > 0) l2norm_map_forward_on<T>(b, f, x, outputs, inputs);
}

/// Calls f(x, in..., dx&, out&...), or f(x, unit_vector, in..., dx&, dunit_vector&, out&...),
/// likewise, and overwrites dx (N, G, K) with the gradient of the vectors: over the heads that
/// share one, the sum of dx and of what dunit_vector is through the unit vector, (dunit_vector -
/// unit_vector (unit_vector . dunit_vector)) / |x|, without the projection where |x| < 1e-12. An
/// output may be an input that dx and dunit_vector do not depend on, and without a unit vector any
/// input.
template <class T, backend B, class F, std::size_t Outputs, std::size_t Inputs>
void l2norm_map_backward(B& b, const F& f, view_on<const T, 3, B> x, view_on<T, 3, B> dx,
                         const std::array<view_on<T, 2, B>, Outputs>& outputs,
                         const std::array<view_on<const T, 2, B>, Inputs>& inputs) {
  require_l2norm_map("l2norm_map_backward", x, outputs, inputs);
  require_shape(dx, x.sizes(), "l2norm_map_backward", "dx");
  if (outputs[0].size() > 0) l2norm_map_backward_on<T>(b, f, x, dx, outputs, inputs);
}

}  // namespace radlads::ops
