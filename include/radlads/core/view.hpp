// SPDX-License-Identifier: Apache-2.0
#pragma once
// A strided window on memory that somebody else owns. The memory space is part of the type, so that
// a host view cannot reach a device function.

#include "radlads/core/config.hpp"
#include "radlads/core/error.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>

namespace radlads {

/// Memory that the host's processor reads and writes.
struct host_space {};
/// Memory of an accelerator.
struct device_space {};

/// Extents of a view or tensor, slowest axis first.
template <int Rank>
using shape = std::array<std::int64_t, Rank>;

/// Pointer, extents and strides (in elements). The last axis is contiguous; the others may be
/// strided. Trivially copyable: passed by value, also to kernels.
template <class T, int Rank, class Space = host_space>
struct view {
  static_assert(Rank >= 1 && Rank <= 4, "a view has one to four axes");
  using element_type = T;
  using space = Space;

  T* pointer = nullptr;
  std::int64_t extents[Rank] = {};
  std::int64_t strides[Rank] = {};

  view() = default;
  /// A dense view: every axis follows the next without a gap.
  RADLADS_HOST_DEVICE view(T* data, const shape<Rank>& sizes) : pointer(data) {
    std::int64_t step = 1;
    for (int axis = Rank - 1; axis >= 0; --axis) {
      extents[axis] = sizes[static_cast<std::size_t>(axis)];
      strides[axis] = step;
      step *= extents[axis];
    }
  }
  /// A view with the distance in elements between neighbours on each axis, as tensors of other
  /// programs have it. Zero repeats an axis. Throws unless the last axis is contiguous.
  view(T* data, const shape<Rank>& sizes, const shape<Rank>& steps) : pointer(data) {
    const std::int64_t last = steps[static_cast<std::size_t>(Rank - 1)];
    require(last == 1 || sizes[static_cast<std::size_t>(Rank - 1)] <= 1,
            "view: the last axis must be contiguous; its stride is ", last, ", expected 1");
    for (int axis = 0; axis < Rank; ++axis) {
      extents[axis] = sizes[static_cast<std::size_t>(axis)];
      strides[axis] = axis == Rank - 1 ? 1 : steps[static_cast<std::size_t>(axis)];
    }
  }
  /// The elements of a span of the host's memory.
  template <class U, std::size_t Size>
  requires(Rank == 1 && std::is_same_v<Space, host_space> &&
           std::is_convertible_v<U (*)[], T (*)[]>) view(std::span<U, Size> values)
      : view(values.data(), {static_cast<std::int64_t>(values.size())}) {}

  RADLADS_HOST_DEVICE T* data() const { return pointer; }
  RADLADS_HOST_DEVICE std::int64_t extent(int axis) const { return extents[axis]; }
  RADLADS_HOST_DEVICE std::int64_t stride(int axis) const { return strides[axis]; }
  RADLADS_HOST_DEVICE bool empty() const { return pointer == nullptr || size() == 0; }

  RADLADS_HOST_DEVICE std::int64_t size() const {
    std::int64_t count = 1;
    for (int axis = 0; axis < Rank; ++axis) count *= extents[axis];
    return count;
  }

  RADLADS_HOST_DEVICE bool is_dense() const {
    std::int64_t step = 1;
    for (int axis = Rank - 1; axis >= 0; --axis) {
      if (extents[axis] != 1 && strides[axis] != step) return false;
      step *= extents[axis];
    }
    return true;
  }

  /// Pointer to the contiguous last axis at the given leading indices.
  template <class... Index>
  RADLADS_HOST_DEVICE T* row(Index... index) const {
    static_assert(sizeof...(Index) == Rank - 1, "row() takes one index for each axis but the last");
    const std::int64_t indices[] = {static_cast<std::int64_t>(index)..., 0};
    std::int64_t offset = 0;
    for (int axis = 0; axis + 1 < Rank; ++axis) offset += indices[axis] * strides[axis];
    return pointer + offset;
  }

  template <class... Index>
  RADLADS_HOST_DEVICE T& operator()(Index... index) const {
    static_assert(sizeof...(Index) == Rank, "one index for each axis");
    const std::int64_t indices[] = {static_cast<std::int64_t>(index)...};
    std::int64_t offset = 0;
    for (int axis = 0; axis < Rank; ++axis) offset += indices[axis] * strides[axis];
    return pointer[offset];
  }

  shape<Rank> sizes() const {
    shape<Rank> result{};
    for (int axis = 0; axis < Rank; ++axis) result[static_cast<std::size_t>(axis)] = extents[axis];
    return result;
  }

  RADLADS_HOST_DEVICE operator view<const T, Rank, Space>() const requires(!std::is_const_v<T>) {
    view<const T, Rank, Space> result;
    result.pointer = pointer;
    for (int axis = 0; axis < Rank; ++axis) {
      result.extents[axis] = extents[axis];
      result.strides[axis] = strides[axis];
    }
    return result;
  }
};

/// A view in the memory of backend `B`. Not deducible on purpose: operations take the scalar as
/// their first template argument, so that tensors convert and a mismatch names both types.
template <class T, int Rank, class B>
using view_on = view<T, Rank, typename B::space>;

/// The same elements in another dense shape. Throws when the view has gaps or the sizes differ.
template <int NewRank, class T, int Rank, class Space>
view<T, NewRank, Space> reshape(const view<T, Rank, Space>& source, const shape<NewRank>& sizes) {
  view<T, NewRank, Space> result(source.pointer, sizes);
  require(source.is_dense(), "reshape: the view has gaps between its rows");
  require(result.size() == source.size(), "reshape: the view holds ", source.size(),
          " elements, the new shape ", result.size());
  return result;
}

/// Text of a shape for messages: "(2, 128, 12, 64)".
template <int Rank>
std::string to_string(const shape<Rank>& sizes) {
  std::string text = "(";
  for (std::size_t axis = 0; axis < sizes.size(); ++axis) {
    text += (axis == 0 ? "" : ", ") + std::to_string(sizes[axis]);
  }
  return text + ")";
}

/// Throws "function: name is (found), expected (expected)" unless the view has this shape.
template <class T, int Rank, class Space>
void require_shape(const view<T, Rank, Space>& found,
                   const std::type_identity_t<shape<Rank>>& expected, const char* function,
                   const char* name) {
  if (found.sizes() == expected) return;
  fail(function, ": ", name, " is ", to_string<Rank>(found.sizes()), ", expected ",
       to_string<Rank>(expected));
}

}  // namespace radlads
