// SPDX-License-Identifier: Apache-2.0
#pragma once
// Scratch memory with the lifetime of a scope: taken in order, given back all at once, never freed
// between calls, so that a training step allocates only in its first round. A caller may lend the
// memory.

#include "radlads/core/error.hpp"
#include "radlads/core/view.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace radlads {

/// Stack of scratch blocks on top of any memory that offers allocate(bytes) and
/// deallocate(pointer).
template <class Memory>
class arena {
 public:
  explicit arena(Memory& memory) : memory_(&memory) {}
  arena(const arena&) = delete;
  arena& operator=(const arena&) = delete;
  ~arena() { release(); }

  /// Scratch is taken from `bytes` bytes of the caller's first, until lend is called again. Frees
  /// the arena's own blocks. Throws while scratch is in use and unless the memory begins at a
  /// multiple of 256 bytes.
  void lend(void* pointer, std::size_t bytes) {
    require(current_ == 0 && used_ == 0, "arena: memory is lent while scratch is in use");
    require(reinterpret_cast<std::uintptr_t>(pointer) % 256 == 0,
            "arena: lent memory must begin at a multiple of 256 bytes");
    release();
    if (bytes > 0) blocks_.push_back({pointer, bytes, false});
    peak_ = 0;
  }

  struct mark {
    std::size_t block = 0;
    std::size_t used = 0;
  };
  mark position() const { return {current_, used_}; }
  void rewind(const mark& to) {
    current_ = to.block;
    used_ = to.used;
  }

  /// 64-byte aligned memory, valid until the enclosing scope ends. Contents are undefined.
  void* take(std::size_t bytes) {
    const std::size_t size = (bytes + alignment - 1) / alignment * alignment;
    while (current_ < blocks_.size() && used_ + size > blocks_[current_].size) {
      ++current_;
      used_ = 0;
    }
    if (current_ == blocks_.size()) {
      const std::size_t capacity = std::max(size, smallest_block);
      blocks_.push_back({memory_->allocate(capacity), capacity, true});
    }
    void* result = static_cast<std::byte*>(blocks_[current_].pointer) + used_;
    used_ += size;
    peak_ = std::max(peak_, used_);
    return result;
  }

  std::size_t capacity() const {
    std::size_t total = 0;
    for (const block& each : blocks_) total += each.size;
    return total;
  }

  /// Most bytes that were taken at once from one block.
  std::size_t peak() const { return peak_; }

 private:
  static constexpr std::size_t alignment = 64;
  static constexpr std::size_t smallest_block = std::size_t{1} << 20;
  struct block {
    void* pointer;
    std::size_t size;
    bool is_own;
  };
  void release() {
    for (const block& each : blocks_) {
      if (each.is_own) memory_->deallocate(each.pointer, each.size);
    }
    blocks_.clear();
  }

  Memory* memory_;
  std::vector<block> blocks_;
  std::size_t current_ = 0;
  std::size_t used_ = 0;
  std::size_t peak_ = 0;
};

/// Gives back on destruction everything taken from the backend's scratch arena through it.
template <class B>
class scratch_scope {
 public:
  explicit scratch_scope(B& backend) : backend_(&backend), start_(backend.scratch().position()) {}
  scratch_scope(const scratch_scope&) = delete;
  scratch_scope& operator=(const scratch_scope&) = delete;
  ~scratch_scope() { backend_->scratch().rewind(start_); }

  /// A dense view with undefined contents.
  template <class T, int Rank>
  view<T, Rank, typename B::space> take(const shape<Rank>& sizes) {
    std::size_t count = 1;
    for (const std::int64_t size : sizes) count *= static_cast<std::size_t>(size);
    return {static_cast<T*>(backend_->scratch().take(count * sizeof(T))), sizes};
  }

 private:
  B* backend_;
  decltype(std::declval<B&>().scratch().position()) start_;
};

}  // namespace radlads
