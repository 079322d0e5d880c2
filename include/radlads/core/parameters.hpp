// SPDX-License-Identifier: Apache-2.0
#pragma once
// Parameters, gradients and moments of a model share one type and one visitor:
//   P::for_each(f, p, g, ...)  calls  f(info, p.tensor, g.tensor, ...)
// for every tensor that the first instance has; `info` is a tensor_info. Everything that treats all
// tensors alike is here.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/tensor_info.hpp"

#include <concepts>
#include <cstdint>
#include <string>

namespace radlads {

/// Calls f(info, first, rest...) unless `first` is empty: an absent tensor is an empty one. The
/// building block of every for_each.
template <class F, class First, class... Rest>
void visit(F&& f, const tensor_info& info, First& first, Rest&... rest) {
  if (!first.empty()) f(info, first, rest...);
}

/// As above, for a tensor of which nothing but its name is known.
template <class F, class First, class... Rest>
void visit(F&& f, const std::string& name, First& first, Rest&... rest) {
  if (!first.empty()) f(tensor_info{name}, first, rest...);
}

/// Stands in for a visitor where a parameter set is checked. Not a lambda: nvcc rejects those here.
struct visitor_probe {
  template <class... Each>
  void operator()(const tensor_info&, Each&...) const {}
};

/// An aggregate of tensors with one visitor that takes any number of instances.
template <class P>
concept parameter_set = requires(P& p, const P& c, const visitor_probe& f) {
  P::for_each(f, p);
  P::for_each(f, c, p);
};

/// Number of scalars in all tensors.
template <parameter_set P>
std::int64_t parameter_count(const P& p) {
  std::int64_t count = 0;
  P::for_each([&](const std::string&, const auto& each) { count += each.size(); }, p);
  return count;
}

/// Takes every tensor.
struct every_tensor {
  bool operator()(const tensor_info&) const { return true; }
};

/// Gives the tensors of `target` that are `wanted(info)` the shapes of those of `source`, whose
/// scalar may be another, and fills them with zeros. The others are left as they are.
template <parameter_set P, parameter_set Q, backend B, class Wanted = every_tensor>
void allocate_like(B& b, const P& source, Q& target, const Wanted& wanted = {}) {
  if constexpr (requires { target.match(source); }) target.match(source);
  P::for_each(
      [&](const tensor_info& info, const auto& from, auto& to) {
        if (!wanted(info)) return;
        to.resize(b, from.sizes());
        b.set_zero(to.data(), static_cast<std::size_t>(to.size()) * sizeof(*to.data()));
      },
      source, target);
}

/// Sets every tensor to zero.
template <parameter_set P, backend B>
void set_zero_all(B& b, P& p) {
  P::for_each(
      [&](const std::string&, auto& each) {
        b.set_zero(each.data(), static_cast<std::size_t>(each.size()) * sizeof(*each.data()));
      },
      p);
}

/// Copies every tensor; shapes must agree.
template <parameter_set P, backend B>
void copy_all(B& b, const P& from, P& to) {
  P::for_each(
      [&](const std::string& name, const auto& source, auto& target) {
        require(source.sizes() == target.sizes(), "copy_all: ", name, " has another shape");
        b.copy(target.data(), source.data(),
               static_cast<std::size_t>(source.size()) * sizeof(*source.data()));
      },
      from, to);
}

}  // namespace radlads
