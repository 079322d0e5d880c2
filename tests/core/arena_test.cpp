// SPDX-License-Identifier: Apache-2.0
// Scratch: aligned, apart, given back with the scope, and allocated only in the first round.

#include "radlads/core/arena.hpp"
#include "radlads/core/backend.hpp"
#include "radlads/core/cpu/backend.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <new>
#include <set>

namespace arena_test {

using namespace radlads;

TEST(arena, pieces_are_aligned_and_do_not_overlap) {
  cpu_backend backend({.threads = 1});
  scratch_scope scratch(backend);
  const std::byte* end = nullptr;
  for (const std::int64_t size : {1, 63, 64, 65, 1000}) {
    const view<std::byte, 1> piece = scratch.take<std::byte, 1>({size});
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(piece.pointer) % 64, 0u);
    EXPECT_GE(piece.pointer, end);
    end = piece.pointer + size;
    EXPECT_EQ(piece.extent(0), size);
  }
  const view<float, 3> dense = scratch.take<float, 3>({2, 3, 5});
  EXPECT_TRUE(dense.is_dense());
}

TEST(arena, scopes_nest_and_give_back) {
  cpu_backend backend({.threads = 1});
  scratch_scope outer(backend);
  const view<double, 1> kept = outer.take<double, 1>({10});
  kept(9) = 5;
  double* first = nullptr;
  for (int round = 0; round < 3; ++round) {
    scratch_scope inner(backend);
    const view<double, 1> piece = inner.take<double, 1>({10});
    if (round == 0) first = piece.pointer;
    EXPECT_EQ(piece.pointer, first);
    EXPECT_NE(piece.pointer, kept.pointer);
    piece(0) = 1;
  }
  EXPECT_EQ(kept(9), 5);
}

TEST(arena, later_rounds_allocate_nothing) {
  cpu_backend backend({.threads = 1});
  std::set<const void*> places;
  std::size_t after_first = 0;
  for (int round = 0; round < 5; ++round) {
    scratch_scope scratch(backend);
    for (const std::int64_t size : {600000, 600000, 3000000, 7, 900000}) {
      places.insert(scratch.take<char, 1>({size}).pointer);
    }
    if (round == 0) after_first = backend.scratch().capacity();
    EXPECT_EQ(backend.scratch().capacity(), after_first);
    EXPECT_EQ(backend.allocated_bytes(), after_first);
  }
  EXPECT_EQ(places.size(), 5u);
}

TEST(arena, is_given_back_when_an_exception_leaves_the_scope) {
  cpu_backend backend({.threads = 1});
  const auto before = backend.scratch().position();
  try {
    scratch_scope scratch(backend);
    scratch.take<char, 1>({5000});
    fail("leave");
  } catch (const error&) {
  }
  EXPECT_EQ(backend.scratch().position().used, before.used);
}

/// Counts what is allocated.
struct counted_memory {
  void* allocate(std::size_t bytes) {
    ++blocks;
    return ::operator new (bytes, std::align_val_t{64});
  }
  void deallocate(void* pointer, std::size_t) {
    --blocks;
    ::operator delete (pointer, std::align_val_t{64});
  }
  int blocks = 0;
};

TEST(arena, takes_from_lent_memory_first) {
  alignas(256) std::byte lent[1024];
  counted_memory memory;
  {
    arena<counted_memory> scratch(memory);
    scratch.take(100);
    EXPECT_EQ(memory.blocks, 1);
    scratch.rewind({});
    scratch.lend(lent, sizeof(lent));
    EXPECT_EQ(memory.blocks, 0);
    EXPECT_EQ(scratch.take(100), lent);
    EXPECT_EQ(scratch.take(896), lent + 128);
    EXPECT_EQ(scratch.peak(), 1024u);
    const arena<counted_memory>::mark full = scratch.position();
    scratch.rewind({});
    scratch.take(64);
    EXPECT_EQ(scratch.peak(), 1024u);
    scratch.rewind(full);
    EXPECT_EQ(memory.blocks, 0);
    scratch.take(1);
    EXPECT_EQ(memory.blocks, 1);
    scratch.rewind({});
    scratch.lend(nullptr, 0);
    EXPECT_EQ(scratch.capacity(), 0u);
  }
  EXPECT_EQ(memory.blocks, 0);
}

TEST(arena, rejects_lent_memory_in_use_or_unaligned) {
  alignas(256) std::byte lent[1024];
  counted_memory memory;
  arena<counted_memory> scratch(memory);
  EXPECT_EQ(test::error_of([&] { scratch.lend(lent + 64, 512); }),
            "arena: lent memory must begin at a multiple of 256 bytes");
  scratch.take(1);
  EXPECT_EQ(test::error_of([&] { scratch.lend(lent, 1024); }),
            "arena: memory is lent while scratch is in use");
}

}  // namespace arena_test
