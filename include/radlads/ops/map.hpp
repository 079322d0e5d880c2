// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scalar functions applied to every element: decays, activations, and any product of tensors.

#include "radlads/core/backend.hpp"
#include "radlads/core/config.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"

#include <array>
#include <cstddef>
#include <cstdint>

namespace radlads::ops {

/// The leading axes merged into one: (rows, last axis). Throws when they do not follow each other
/// at one distance.
template <class T, int Rank, class Space>
view<T, 2, Space> rows_of(const view<T, Rank, Space>& x) {
  const std::int64_t columns = x.extent(Rank - 1);
  std::int64_t rows = 1, row_stride = columns;
  for (int axis = Rank - 2; axis >= 0; --axis) {
    if (x.extent(axis) == 1) continue;
    if (rows == 1) row_stride = x.stride(axis);
    require(x.stride(axis) == rows * row_stride, "rows_of: axis ", axis, " of ",
            to_string<Rank>(x.sizes()), " has stride ", x.stride(axis), ", expected ",
            rows * row_stride);
    rows *= x.extent(axis);
    if (rows == 0) break;
  }
  view<T, 2, Space> result(x.pointer, {x.size() == 0 && columns > 0 ? 0 : rows, columns});
  result.strides[0] = row_stride;
  return result;
}
template <class T, int Rank, class B>
view_on<T, 2, B> rows_of(tensor<T, Rank, B>& x) {
  return rows_of(x.whole());
}
template <class T, int Rank, class B>
view_on<const T, 2, B> rows_of(const tensor<T, Rank, B>& x) {
  return rows_of(x.whole());
}

/// The vector in each of `rows` rows, without a copy: a parameter per channel as an input of
/// elementwise.
template <class T, class Space>
view<const T, 2, Space> broadcast_rows(const view<T, 1, Space>& x, std::int64_t rows) {
  view<const T, 2, Space> result(x.pointer, {rows, x.extent(0)});
  result.strides[0] = 0;
  return result;
}
template <class T, class B>
view_on<const T, 2, B> broadcast_rows(const tensor<T, 1, B>& x, std::int64_t rows) {
  return broadcast_rows(x.whole(), rows);
}

/// The tensors or views that elementwise writes, each as rows.
template <class... Each>
auto outputs(Each&&... each) {
  return std::array{rows_of(each)...};
}

/// The tensors or views that elementwise reads, each as rows.
template <class... Each>
auto inputs(const Each&... each) {
  const auto constant = []<class T, class Space>(const view<T, 2, Space>& x) {
    return view<const T, 2, Space>(x);
  };
  return std::array{constant(rows_of(each))...};
}

/// Calls f(in..., out&...) on every element of views of one shape (rows, columns); f is a functor
/// of a named type, whose operator() takes any scalar type: CUDA takes no generic lambda. An output
/// may be the very same view as an input, but not overlap one otherwise. Overwrites the outputs.
template <class T, backend B, class F, std::size_t Outputs, std::size_t Inputs>
void elementwise(B& b, const F& f, const std::array<view_on<T, 2, B>, Outputs>& outputs,
                 const std::array<view_on<const T, 2, B>, Inputs>& inputs) {
  static_assert(Outputs > 0, "elementwise writes at least one output");
  const shape<2> sizes = outputs[0].sizes();
  const auto check = [&](const auto& found, const char* kind, std::size_t index) {
    require(found.sizes() == sizes, "elementwise: ", kind, " ", index, " is ",
            to_string<2>(found.sizes()), ", expected ", to_string<2>(sizes));
  };
  for (std::size_t i = 0; i < Outputs; ++i) {
    check(outputs[i], "output", i);
    require(sizes[0] <= 1 || outputs[i].stride(0) >= sizes[1], "elementwise: the rows of output ",
            i, " overlap: their stride is ", outputs[i].stride(0), ", their length ", sizes[1]);
  }
  for (std::size_t i = 0; i < Inputs; ++i) check(inputs[i], "input", i);
  if (outputs[0].size() > 0) elementwise_on<T>(b, f, outputs, inputs);
}

/// z = x + y, as a functor for elementwise.
struct sum_of_two {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& x, const X& y, X& z) const {
    z = x + y;
  }
};

/// z = x y, as a functor for elementwise.
struct product_of_two {
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& x, const X& y, X& z) const {
    z = x * y;
  }
};

/// y = x scale, as a functor for elementwise; R is real_t of the tensor's scalar.
template <class R>
struct scaled {
  R scale;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& x, X& y) const {
    y = x * scale;
  }
};

/// y = f(z), as a functor for elementwise.
template <class Function>
struct function_value {
  Function function;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& z, X& y) const {
    y = function.value(z);
  }
};

/// dz = dy f'(z), as a functor for elementwise.
template <class Function>
struct function_derivative {
  Function function;
  template <class X>
  RADLADS_HOST_DEVICE RADLADS_INLINE void operator()(const X& z, const X& y, const X& dy,
                                                     X& dz) const {
    dz = dy * function.derivative(z, y);
  }
};

/// y = f(z) for tensors or views of one shape, any rank; what a scalar function offers stands in
/// scalar_functions/concepts.hpp. Overwrites y, which may be z.
template <class T, backend B, class Function, class Z, class Y>
void map_forward(B& b, const Function& function, const Z& z, Y&& y) {
  elementwise<T>(b, function_value<Function>{function}, outputs(y), inputs(z));
}

/// dz = dy f'(z), where y = f(z). Overwrites dz, which may be dy.
template <class T, backend B, class Function, class Z, class Y, class DY, class DZ>
void map_backward(B& b, const Function& function, const Z& z, const Y& y, const DY& dy, DZ&& dz) {
  elementwise<T>(b, function_derivative<Function>{function}, outputs(dz), inputs(z, y, dy));
}

}  // namespace radlads::ops
