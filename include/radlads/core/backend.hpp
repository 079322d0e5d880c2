// SPDX-License-Identifier: Apache-2.0
#pragma once
// What a backend offers: a memory space, memory in it, and scratch. Every operation takes one as
// its first argument; the library keeps no global backend.

#include "radlads/core/view.hpp"

#include <concepts>
#include <cstddef>

namespace radlads {

/// Where things run and the resources to run there.
template <class B>
concept backend = requires(B& b, void* pointer, const void* source, std::size_t bytes) {
  typename B::space;
  { b.allocate(bytes) } -> std::same_as<void*>;
  b.deallocate(pointer, bytes);
  b.set_zero(pointer, bytes);
  b.copy(pointer, source, bytes);
  b.synchronize();
  b.scratch();
};

/// Copies elements between two dense views of one shape in the backend's memory.
template <class T, int Rank, backend B>
void copy(B& b, view_on<const T, Rank, B> from, view_on<T, Rank, B> to) {
  require_shape(to, from.sizes(), "copy", "destination");
  require(from.is_dense() && to.is_dense(), "copy: both views must be dense");
  if (from.size() > 0)
    b.copy(to.pointer, from.pointer, static_cast<std::size_t>(from.size()) * sizeof(T));
}

/// Sets every element of a dense view to zero.
template <class T, int Rank, backend B>
void set_zero(B& b, view_on<T, Rank, B> to) {
  require(to.is_dense(), "set_zero: the view must be dense");
  if (to.size() > 0) b.set_zero(to.pointer, static_cast<std::size_t>(to.size()) * sizeof(T));
}

}  // namespace radlads
