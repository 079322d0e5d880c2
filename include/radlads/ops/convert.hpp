// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers of one scalar into another: float weights rounded to bf16, bf16 weights into a float
// master.

#include "radlads/core/backend.hpp"
#include "radlads/core/parameters.hpp"
#include "radlads/core/scalar.hpp"

#include <string>
#include <type_traits>

namespace radlads::ops {

/// Overwrites `to` (size) with `from` (size), rounded to nearest, ties to even.
template <class From, class To, backend B>
void convert(B& b, view_on<const From, 1, B> from, view_on<To, 1, B> to) {
  require_shape(to, from.sizes(), "convert", "destination");
  if (from.size() > 0) convert_on<From, To>(b, from, to);
}

/// Overwrites every tensor of `to` with that of `from`, whose scalar may be another; the shapes
/// must agree.
template <parameter_set P, parameter_set Q, backend B>
void convert_all(B& b, const P& from, Q& to) {
  P::for_each(
      [&](const std::string& name, const auto& source, auto& target) {
        require(source.sizes() == target.sizes(), "convert_all: ", name, " has another shape");
        using S = typename std::remove_cvref_t<decltype(source)>::element_type;
        using T = typename std::remove_cvref_t<decltype(target)>::element_type;
        convert<S, T>(b, source.flat(), target.flat());
      },
      from, to);
}

}  // namespace radlads::ops
