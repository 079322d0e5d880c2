// SPDX-License-Identifier: Apache-2.0
// Parts of rows, the communicator of one rank, and the one that tests use.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/dry_run.hpp"
#include "radlads/parallel/communicator.hpp"
#include "support/error_of.hpp"
#include "support/thread_ranks.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

namespace radlads::test {
namespace communicator_test {

static_assert(parallel::communicator<parallel::single, cpu_backend>);
static_assert(parallel::communicator<parallel::single, dry_run_backend>);
static_assert(parallel::communicator<thread_ranks, cpu_backend>);
static_assert(!parallel::communicator<thread_ranks, dry_run_backend>);
static_assert(!parallel::communicator<int, cpu_backend>);

TEST(parts, cover_every_element_once_and_evenly) {
  for (const std::int64_t count : {0, 1, 2, 7, 8, 1000003}) {
    for (const int size : {1, 2, 3, 5, 8}) {
      std::int64_t next = 0, least = count, most = 0;
      for (int rank = 0; rank < size; ++rank) {
        const parallel::part p = parallel::part_of(count, rank, size);
        EXPECT_EQ(p.begin, next);
        next = p.end;
        least = std::min(least, p.size());
        most = std::max(most, p.size());
      }
      EXPECT_EQ(next, count);
      EXPECT_LE(most - least, 1) << count << " on " << size;
    }
  }
}

TEST(parts, of_more_elements_than_32_bits_count) {
  const std::int64_t count = (std::int64_t{1} << 62) + 5;
  EXPECT_EQ(parallel::part_of(count, 2, 3).end, count);
  EXPECT_EQ(parallel::part_of(count, 1, 4).begin, count / 4);
}

TEST(single, leaves_sums_and_hands_parts_on) {
  cpu_backend b({.threads = 1, .poison = true});
  parallel::single alone;
  EXPECT_EQ(alone.rank(), 0);
  EXPECT_EQ(alone.size(), 1);
  std::vector<float> values{1, 2, 3}, own(3), gathered(3);
  const view<float, 1> all(values.data(), {3});
  alone.all_reduce(b, all);
  alone.reduce_scatter(b, view<const float, 1>(all), view<float, 1>(own.data(), {3}));
  alone.all_gather(b, view<const float, 1>(own.data(), {3}), view<float, 1>(gathered.data(), {3}));
  alone.broadcast(b, all, 0);
  alone.barrier();
  EXPECT_EQ(values, (std::vector<float>{1, 2, 3}));
  EXPECT_EQ(own, values);
  EXPECT_EQ(gathered, values);
  EXPECT_EQ(error_of([&] { alone.broadcast(b, all, 1); }),
            "broadcast: there is no rank 1, only rank 0");
  EXPECT_EQ(error_of([&] { alone.all_gather(b, view<const float, 1>(own.data(), {2}), all); }),
            "all_gather: rank 0 of 1 has 3 of 3 elements, and its view has 2");
}

TEST(thread_ranks, sum_and_gather) {
  on_ranks(3, [](thread_ranks& ranks) {
    cpu_backend b({.threads = 1, .poison = true});
    const int rank = ranks.rank();
    std::vector<std::int64_t> values{rank, 10, 5 * rank, 1}, all(4);
    const view<std::int64_t, 1> whole(values.data(), {4});
    const parallel::part mine = parallel::part_of(4, rank, 3);
    std::vector<std::int64_t> own(static_cast<std::size_t>(mine.size()));
    const view<std::int64_t, 1> part(own.data(), {mine.size()});
    ranks.reduce_scatter(b, whole, part);
    ranks.all_gather(b, part, view<std::int64_t, 1>(all.data(), {4}));
    EXPECT_EQ(all, (std::vector<std::int64_t>{3, 30, 15, 3}));
    ranks.all_reduce(b, whole);
    EXPECT_EQ(values, all);
    values.assign(4, rank);
    ranks.broadcast(b, whole, 2);
    EXPECT_EQ(values, (std::vector<std::int64_t>{2, 2, 2, 2}));
  });
}

}  // namespace communicator_test
}  // namespace radlads::test
