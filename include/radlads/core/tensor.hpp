// SPDX-License-Identifier: Apache-2.0
#pragma once
// Memory with a shape. Move-only; converts to views; copying between backends is a named function.

#include "radlads/core/backend.hpp"
#include "radlads/core/scalar.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <utility>

namespace radlads {

/// Owns a dense array of `Rank` axes in the memory of backend `B`, which must outlive it.
template <class T, int Rank, class B>
class tensor {
 public:
  using element_type = T;
  using backend_type = B;
  using view_type = view_on<T, Rank, B>;
  using const_view_type = view_on<const T, Rank, B>;
  static constexpr int rank = Rank;

  tensor() = default;
  /// Allocates; contents are undefined.
  tensor(B& backend, const shape<Rank>& sizes) { resize(backend, sizes); }
  tensor(tensor&& other) noexcept { swap(other); }
  tensor& operator=(tensor&& other) noexcept {
    swap(other);
    return *this;
  }
  tensor(const tensor&) = delete;
  tensor& operator=(const tensor&) = delete;
  ~tensor() { release(); }

  /// Gives the tensor a shape. Memory is kept when it suffices; contents are undefined afterwards.
  void resize(B& backend, const shape<Rank>& sizes) {
    const std::size_t bytes = bytes_of(sizes);
    if (bytes > capacity_ || backend_ != &backend) {
      release();
      pointer_ = static_cast<T*>(backend.allocate(bytes));
      backend_ = &backend;
      capacity_ = bytes;
    }
    sizes_ = sizes;
  }

  /// Frees the memory; the tensor is empty afterwards.
  void release() {
    if (pointer_ != nullptr) backend_->deallocate(pointer_, capacity_);
    pointer_ = nullptr;
    capacity_ = 0;
    sizes_ = {};
  }

  bool empty() const { return size() == 0; }
  std::int64_t size() const {
    std::int64_t count = 1;
    for (const std::int64_t each : sizes_) count *= each;
    return count;
  }
  const shape<Rank>& sizes() const { return sizes_; }
  std::int64_t extent(int axis) const { return sizes_[static_cast<std::size_t>(axis)]; }
  T* data() { return pointer_; }
  const T* data() const { return pointer_; }

  view_type whole() { return {pointer_, sizes_}; }
  const_view_type whole() const { return {pointer_, sizes_}; }
  /// A view to read from, also of a tensor that may be written.
  const_view_type read() const { return {pointer_, sizes_}; }
  operator view_type() { return whole(); }
  operator const_view_type() const { return whole(); }

  /// All elements as one axis.
  view_on<T, 1, B> flat() { return {pointer_, {size()}}; }
  view_on<const T, 1, B> flat() const { return {pointer_, {size()}}; }

 private:
  /// Throws on negative extents and where the bytes, or any product of extents, pass 63 bits. A
  /// zero extent does not hide that: strides are products of the others.
  static std::size_t bytes_of(const shape<Rank>& sizes) {
    constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
    std::int64_t bytes = sizeof(T);
    bool is_empty = false;
    for (const std::int64_t size : sizes) {
      require(size >= 0, "tensor: a shape has the negative extent ", size);
      is_empty |= size == 0;
      if (size > 0 && bytes > most / size) {
        throw out_of_memory(concatenate("tensor: the shape ", to_string<Rank>(sizes), " of ",
                                        sizeof(T),
                                        "-byte elements has more bytes than 63 bits count"));
      }
      bytes *= std::max<std::int64_t>(size, 1);
    }
    return is_empty ? 0 : static_cast<std::size_t>(bytes);
  }

  void swap(tensor& other) {
    std::swap(backend_, other.backend_);
    std::swap(pointer_, other.pointer_);
    std::swap(capacity_, other.capacity_);
    std::swap(sizes_, other.sizes_);
  }

  B* backend_ = nullptr;
  T* pointer_ = nullptr;
  std::size_t capacity_ = 0;
  shape<Rank> sizes_{};
};

}  // namespace radlads
