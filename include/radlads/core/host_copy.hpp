// SPDX-License-Identifier: Apache-2.0
#pragma once
// Numbers of tensors where the host can read and write them, whichever backend they live on. In the
// host's own memory nothing is copied.

#include "radlads/core/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/core/view.hpp"

#include <cstddef>
#include <memory>
#include <type_traits>
#include <vector>

namespace radlads {

/// A backend whose memory the host reads and writes.
template <class B>
concept host_backend = backend<B> && std::is_same_v<typename B::space, host_space>;

/// A copy of a tensor's elements. Waits for the backend.
template <class T, int Rank, backend B>
std::vector<T> to_host(B& b, const tensor<T, Rank, B>& from) {
  std::vector<T> values(static_cast<std::size_t>(from.size()));
  if (!values.empty()) b.copy(values.data(), from.data(), values.size() * sizeof(T));
  b.synchronize();
  return values;
}

/// Calls read(pointer) on the tensor's elements, on the host; the pointer is valid during the call.
template <class T, int Rank, backend B, class F>
void read_on_host(B& b, const tensor<T, Rank, B>& from, F&& read) {
  if constexpr (host_backend<B>) {
    b.synchronize();
    read(from.data());
  } else {
    const std::vector<T> values = to_host(b, from);
    read(values.data());
  }
}

/// Calls write(pointer), which sets all elements of the tensor, on the host.
template <class T, int Rank, backend B, class F>
void write_on_host(B& b, tensor<T, Rank, B>& to, F&& write) {
  if constexpr (host_backend<B>) {
    b.synchronize();
    write(to.data());
  } else {
    std::vector<T> values(static_cast<std::size_t>(to.size()));
    write(values.data());
    if (!values.empty()) b.copy(to.data(), values.data(), values.size() * sizeof(T));
    b.synchronize();
  }
}

/// Keeps copies of what lies elsewhere until it is destroyed: for writers that take pointers first
/// and read them later.
template <backend B>
class host_copies {
 public:
  explicit host_copies(B& b) : backend_(b) {}

  /// The tensor's elements on the host.
  template <class T, int Rank>
  const T* of(const tensor<T, Rank, B>& from) {
    if constexpr (host_backend<B>) {
      return from.data();
    } else {
      const auto size = static_cast<std::size_t>(from.size()) * sizeof(T);
      auto& kept = kept_.emplace_back(std::make_unique<std::byte[]>(size));
      if (size > 0) backend_.copy(kept.get(), from.data(), size);
      backend_.synchronize();
      return reinterpret_cast<const T*>(kept.get());
    }
  }

 private:
  B& backend_;
  std::vector<std::unique_ptr<std::byte[]>> kept_;
};

}  // namespace radlads
