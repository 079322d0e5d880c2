// SPDX-License-Identifier: Apache-2.0
#pragma once
// A backend that computes nothing and counts memory: what is built and run on it says how much the
// same needs on a GPU, before anything is loaded and where no GPU is.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/error.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace radlads {

namespace dry_run_detail {

/// Base of dry_run_backend, so that a call with one finds by its argument what this namespace has:
/// each operation, without doing it.
struct operations {};

}  // namespace dry_run_detail

/// Hands out addresses that nobody may use. Operations on it check shapes and take the scratch that
/// grows with them on CUDA; what is copied to the host is zero.
class dry_run_backend : dry_run_detail::operations {
 public:
  using space = device_space;

  dry_run_backend() : scratch_(*this) {}
  dry_run_backend(const dry_run_backend&) = delete;
  dry_run_backend& operator=(const dry_run_backend&) = delete;

  void* allocate(std::size_t bytes) {
    constexpr std::uintptr_t alignment = 256;
    // Far from the last address, so that no sum of sizes overflows.
    if (bytes > most || next_ - first > most) {
      throw out_of_memory(concatenate("dry_run_backend: ", bytes, " bytes beside ", allocated_,
                                      " are more than ", most, ", all that it counts"));
    }
    void* const pointer = reinterpret_cast<void*>(next_);
    next_ += (bytes / alignment + 1) * alignment;
    allocated_ += bytes;
    peak_ = std::max(peak_, allocated_);
    return pointer;
  }
  void deallocate(void*, std::size_t bytes) { allocated_ -= bytes; }
  void set_zero(void*, std::size_t) {}
  void copy(void* to, const void* from, std::size_t bytes) {
    if (is_own(to) || bytes == 0) return;
    if (is_own(from)) {
      std::memset(to, 0, bytes);
    } else {
      std::memcpy(to, from, bytes);
    }
  }
  void synchronize() {}
  arena<dry_run_backend>& scratch() { return scratch_; }

  std::size_t allocated_bytes() const { return allocated_; }
  std::size_t peak_bytes() const { return peak_; }

 private:
  // Beyond what processors address, so that a mistake is a fault and not a wrong number.
  static constexpr std::uintptr_t first = std::uintptr_t{1} << 60;
  static constexpr std::uintptr_t most = std::uintptr_t{1} << 60;
  static bool is_own(const void* pointer) {
    return reinterpret_cast<std::uintptr_t>(pointer) >= first;
  }

  std::uintptr_t next_ = first;
  std::size_t allocated_ = 0;
  std::size_t peak_ = 0;
  arena<dry_run_backend> scratch_;
};

static_assert(backend<dry_run_backend>);

}  // namespace radlads
