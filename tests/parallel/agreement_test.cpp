// SPDX-License-Identifier: Apache-2.0
// What one rank knows or fails at, all know and fail at.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/parallel/agreement.hpp"
#include "support/error_of.hpp"
#include "support/thread_ranks.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace radlads::test {
namespace agreement_test {

TEST(agreement, gathers_numbers_by_rank) {
  on_ranks(3, [](thread_ranks& ranks) {
    cpu_backend b({.threads = 1, .poison = true});
    const std::array<double, 2> own{1.0 + ranks.rank(), -0.5};
    EXPECT_EQ(parallel::gather<double>(ranks, b, std::span<const double>(own)),
              (std::vector<double>{1, -0.5, 2, -0.5, 3, -0.5}));
    EXPECT_TRUE(parallel::gather<std::int64_t>(ranks, b, {}).empty());
  });
}

TEST(agreement, hands_out_texts_of_any_length) {
  on_ranks(2, [](thread_ranks& ranks) {
    cpu_backend b({.threads = 1, .poison = true});
    for (const std::string text : {"", "a", "eight by", "nine byte", "\x01\xff text of 23 byte"}) {
      EXPECT_EQ(parallel::broadcast_text(ranks, b, ranks.rank() == 1 ? text : "other", 1), text);
    }
  });
}

TEST(agreement, throws_on_all_ranks_what_one_threw) {
  std::atomic<int> thrown = 0;
  on_ranks(3, [&](thread_ranks& ranks) {
    cpu_backend b({.threads = 1});
    const auto work = [&] {
      if (ranks.rank() > 0) fail("the loss of rank ", ranks.rank(), " is nan");
    };
    EXPECT_EQ(error_of([&] { parallel::together(ranks, b, work); }),
              "rank 1 of 3: the loss of rank 1 is nan");
    ++thrown;
    parallel::together(ranks, b, [] {});
  });
  EXPECT_EQ(thrown, 3);
}

TEST(agreement, keeps_what_kind_of_error_it_was) {
  on_ranks(2, [&](thread_ranks& ranks) {
    cpu_backend b({.threads = 1});
    const auto run = [&](auto&& work) {
      parallel::together(ranks, b, [&] {
        if (ranks.rank() == 1) work();
      });
    };
    EXPECT_THROW(run([] { throw out_of_memory("no memory for 5 bytes"); }), out_of_memory);
    EXPECT_THROW(run([] { throw std::runtime_error("a library's"); }), error);
    EXPECT_THROW(run([] { throw std::bad_alloc(); }), out_of_memory);
  });
}

TEST(agreement, adds_nothing_to_an_error_of_a_single_rank) {
  cpu_backend b({.threads = 1});
  parallel::single alone;
  EXPECT_EQ(error_of([&] { parallel::together(alone, b, [] { fail("as it is"); }); }), "as it is");
}

/// A rank that no longer reaches the other.
struct cut_off {
  int rank() const { return 0; }
  int size() const { return 2; }
  void barrier() { lose(); }
  void all_reduce(auto&, const auto&) { lose(); }
  void reduce_scatter(auto&, const auto&, const auto&) { lose(); }
  void all_gather(auto&, const auto&, const auto&) { lose(); }
  void broadcast(auto&, const auto&, int) { lose(); }
  static void lose() { fail("the connection is broken"); }
};

TEST(together, keeps_its_own_error_where_ranks_no_longer_reach_each_other) {
  cpu_backend b({.threads = 1});
  cut_off ranks;
  EXPECT_EQ(error_of([&] {
              parallel::together(ranks, b, [] { fail("rank 0 has waited 3 seconds for rank 1"); });
            }),
            "rank 0 has waited 3 seconds for rank 1");
  EXPECT_EQ(error_of([&] { parallel::together(ranks, b, [] {}); }), "the connection is broken");
}

}  // namespace agreement_test
}  // namespace radlads::test
