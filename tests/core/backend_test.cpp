// SPDX-License-Identifier: Apache-2.0
// The CPU backend: how ranges are split, exceptions from threads, and many jobs in a row.

#include "radlads/core/backend.hpp"
#include "radlads/core/cpu/backend.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

namespace backend_test {

using namespace radlads;

TEST(backend, every_index_is_visited_once) {
  for (const int threads : {1, 2, 3, 8}) {
    cpu_backend backend({.threads = threads});
    EXPECT_EQ(backend.threads(), threads);
    for (const std::int64_t count : {0, 1, 2, 7, 8, 1000}) {
      for (const std::int64_t grain : {0, 1, 3, 5000}) {
        std::vector<std::atomic<int>> visits(static_cast<std::size_t>(count));
        std::vector<std::atomic<int>> parts(static_cast<std::size_t>(threads));
        backend.parallel_for(count, grain, [&](std::int64_t begin, std::int64_t end, int worker) {
          EXPECT_LT(begin, end);
          EXPECT_EQ(parts.at(static_cast<std::size_t>(worker))++, 0);
          for (std::int64_t i = begin; i < end; ++i) ++visits[static_cast<std::size_t>(i)];
        });
        for (const auto& each : visits) ASSERT_EQ(each, 1);
      }
    }
  }
}

TEST(backend, no_part_is_shorter_than_the_grain) {
  cpu_backend backend({.threads = 4});
  for (const std::int64_t count : {1, 9, 10, 11, 29, 39, 40, 41, 1000}) {
    std::atomic<std::int64_t> shortest = std::numeric_limits<std::int64_t>::max();
    std::atomic<int> parts = 0;
    backend.parallel_for(count, 10, [&](std::int64_t begin, std::int64_t end, int) {
      ++parts;
      std::int64_t seen = shortest;
      while (end - begin < seen && !shortest.compare_exchange_weak(seen, end - begin)) {
      }
    });
    EXPECT_GE(shortest, std::min<std::int64_t>(count, 10));
    EXPECT_EQ(parts, count < 20 ? 1 : count < 30 ? 2 : count < 40 ? 3 : 4) << count;
  }
}

TEST(backend, an_exception_of_any_thread_reaches_the_caller) {
  cpu_backend backend({.threads = 3});
  for (int thrower = 0; thrower < 3; ++thrower) {
    std::atomic<int> finished = 0;
    try {
      backend.parallel_for(3, 1, [&](std::int64_t, std::int64_t, int worker) {
        require(worker != thrower, "worker ", worker, " fails");
        ++finished;
      });
      FAIL() << "nothing was thrown";
    } catch (const error& thrown) {
      EXPECT_EQ(thrown.what(), concatenate("worker ", thrower, " fails"));
    }
    EXPECT_EQ(finished, 2) << "the others end first";
  }
  int visits = 0;
  backend.parallel_for(1, 1, [&](std::int64_t, std::int64_t, int) { ++visits; });
  EXPECT_EQ(visits, 1) << "usable after an error";
}

TEST(backend, survives_several_exceptions_at_once) {
  cpu_backend backend({.threads = 4});
  for (int round = 0; round < 50; ++round) {
    EXPECT_THROW(backend.parallel_for(4, 1, [](std::int64_t, std::int64_t, int) { fail("all"); }),
                 error);
  }
}

TEST(backend, many_short_jobs_in_a_row) {
  cpu_backend backend({.threads = 2});
  std::vector<int> cells(2);
  for (int round = 0; round < 20000; ++round) {
    backend.parallel_for(2, 1, [&](std::int64_t begin, std::int64_t end, int) {
      for (std::int64_t i = begin; i < end; ++i) ++cells[static_cast<std::size_t>(i)];
    });
  }
  EXPECT_EQ(cells, (std::vector<int>{20000, 20000}));
}

TEST(backend, counts_memory) {
  cpu_backend backend({.threads = 1});
  void* first = backend.allocate(100);
  void* second = backend.allocate(0);
  EXPECT_NE(second, nullptr);
  EXPECT_EQ(backend.allocated_bytes(), 100u);
  backend.deallocate(first, 100);
  backend.deallocate(second, 0);
  EXPECT_EQ(backend.allocated_bytes(), 0u);
  EXPECT_EQ(backend.peak_bytes(), 100u);
}

TEST(backend, says_how_much_memory_is_missing) {
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
  GTEST_SKIP() << "A sanitizer ends the program on an allocation of this size.";
#endif
  cpu_backend backend({.threads = 1});
  try {
    backend.allocate(std::size_t{1} << 62);
    FAIL() << "nothing was thrown";
  } catch (const error& thrown) {
    EXPECT_NE(std::strstr(thrown.what(), "no memory for 4611686018427387904 bytes"), nullptr);
    EXPECT_NE(dynamic_cast<const out_of_memory*>(&thrown), nullptr);
  }
}

}  // namespace backend_test
