// SPDX-License-Identifier: Apache-2.0
#pragma once
// Ranks as threads of one process: a communicator by memory that they share. It has nothing in
// common with the library's: sums are made by one loop over whole vectors.

#include "radlads/core/host_copy.hpp"
#include "radlads/core/view.hpp"
#include "radlads/parallel/communicator.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <barrier>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <thread>
#include <vector>

namespace radlads::test {

/// What the threads share.
struct meeting {
  explicit meeting(int count)
      : size(count), addresses(static_cast<std::size_t>(count)), all(count) {}
  int size;
  std::vector<const void*> addresses;
  std::barrier<> all;
};

class thread_ranks {
 public:
  thread_ranks(meeting& shared, int rank) : shared_(shared), rank_(rank) {}

  int rank() const { return rank_; }
  int size() const { return shared_.size; }
  void barrier() { shared_.all.arrive_and_wait(); }

  template <host_backend B, class T>
  void all_reduce(B&, const view<T, 1>& values) {
    const std::vector<T> sum = sum_of(values.pointer, values.size());
    std::copy(sum.begin(), sum.end(), values.pointer);
  }

  template <host_backend B, class From, class T>
  void reduce_scatter(B&, const view<From, 1>& values, const view<T, 1>& own) {
    const parallel::part mine = parallel::part_of(values.size(), rank_, size());
    EXPECT_EQ(own.size(), mine.size());
    const std::vector<T> sum = sum_of<T>(values.pointer, values.size());
    std::copy(sum.begin() + mine.begin, sum.begin() + mine.end, own.pointer);
  }

  template <host_backend B, class From, class T>
  void all_gather(B&, const view<From, 1>& own, const view<T, 1>& values) {
    const std::vector<T> kept(own.pointer, own.pointer + own.size());
    meet(kept.data());
    for (int other = 0; other < size(); ++other) {
      const parallel::part theirs = parallel::part_of(values.size(), other, size());
      std::copy_n(of<T>(other), theirs.size(), values.pointer + theirs.begin);
    }
    barrier();
  }

  template <host_backend B, class T>
  void broadcast(B&, const view<T, 1>& values, int root) {
    const std::vector<T> kept(values.pointer, values.pointer + values.size());
    meet(kept.data());
    std::copy_n(of<T>(root), values.size(), values.pointer);
    barrier();
  }

 private:
  void meet(const void* address) {
    shared_.addresses[static_cast<std::size_t>(rank_)] = address;
    barrier();
  }
  template <class T>
  const T* of(int other) const {
    return static_cast<const T*>(shared_.addresses[static_cast<std::size_t>(other)]);
  }

  template <class T>
  std::vector<T> sum_of(const T* values, std::int64_t count) {
    meet(values);
    std::vector<T> sum(static_cast<std::size_t>(count));
    for (int other = 0; other < size(); ++other) {
      for (std::size_t i = 0; i < sum.size(); ++i) sum[i] += of<T>(other)[i];
    }
    barrier();
    return sum;
  }

  meeting& shared_;
  int rank_;
};

/// Calls work(ranks) on `count` threads, each with its own communicator. Rethrows what the first of
/// them threw; the others go on without it.
template <class F>
void on_ranks(int count, const F& work) {
  meeting shared(count);
  std::vector<std::exception_ptr> problems(static_cast<std::size_t>(count));
  std::vector<std::jthread> threads;
  for (int rank = 0; rank < count; ++rank) {
    threads.emplace_back([&, rank] {
      thread_ranks ranks(shared, rank);
      try {
        work(ranks);
      } catch (...) {
        problems[static_cast<std::size_t>(rank)] = std::current_exception();
        shared.all.arrive_and_drop();
      }
    });
  }
  threads.clear();
  for (const std::exception_ptr& problem : problems) {
    if (problem) std::rethrow_exception(problem);
  }
}

}  // namespace radlads::test
