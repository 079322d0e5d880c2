// SPDX-License-Identifier: Apache-2.0
// The communicator on MPI. ctest runs these once more under mpirun (parallel.mpi); started alone
// they are skipped, because one rank would prove nothing.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/mpi.hpp"
#include "radlads/parallel/placement.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace radlads::test {
namespace mpi_test {

#if defined(RADLADS_MPI)

static_assert(parallel::communicator<parallel::mpi, cpu_backend>);

class mpi_test : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    if (parallel::read_placement().size > 1) shared = std::make_unique<parallel::mpi>();
  }
  static void TearDownTestSuite() { shared.reset(); }
  void SetUp() override {
    if (!shared) GTEST_SKIP() << "Started without mpirun; parallel.mpi runs this with three ranks.";
  }

  static std::unique_ptr<parallel::mpi> shared;
  cpu_backend b{{.threads = 1, .poison = true}};
};
std::unique_ptr<parallel::mpi> mpi_test::shared;

/// A number of a rank that takes all the digits that T has.
template <class T>
T value_of(int rank, std::int64_t index) {
  if constexpr (std::is_same_v<T, std::int64_t>) return (index + 1) * (rank + 3) - 5;
  return static_cast<T>(static_cast<double>((index * 7919 + rank * 104729) % 1000003) / 3.0 - 1e5);
}

/// The sum in the order of ranks, of floats in double, rounded once.
template <class T>
T sum_of(int size, std::int64_t index) {
  using wide = std::conditional_t<std::is_same_v<T, float>, double, T>;
  wide sum = 0;
  for (int rank = 0; rank < size; ++rank) sum += static_cast<wide>(value_of<T>(rank, index));
  return static_cast<T>(sum);
}

template <class T>
void sums_and_parts(parallel::mpi& ranks, cpu_backend& b, std::int64_t count) {
  std::vector<T> values(static_cast<std::size_t>(count)), expected = values, all = values;
  for (std::int64_t i = 0; i < count; ++i) {
    values[static_cast<std::size_t>(i)] = value_of<T>(ranks.rank(), i);
    expected[static_cast<std::size_t>(i)] = sum_of<T>(ranks.size(), i);
  }
  const std::vector<T> before = values;
  const view<T, 1> whole(values.data(), {count});
  const parallel::part mine = parallel::part_of(count, ranks.rank(), ranks.size());
  std::vector<T> own(static_cast<std::size_t>(mine.size()));
  const view<T, 1> part(own.data(), {mine.size()});
  ranks.reduce_scatter(b, whole, part);
  EXPECT_EQ(values, before);
  ranks.all_gather(b, part, view<T, 1>(all.data(), {count}));
  EXPECT_TRUE(all == expected) << count;
  ranks.all_reduce(b, whole);
  EXPECT_TRUE(values == expected) << count;
}

TEST_F(mpi_test, sums_in_the_order_of_ranks) {
  ASSERT_GT(shared->size(), 1);
  // Beyond one message for each rank, and not a multiple of anything.
  for (const std::int64_t count : {0, 1, 2, 5, 1000, 3 * 262144 + 7}) {
    sums_and_parts<float>(*shared, b, count);
    sums_and_parts<double>(*shared, b, count);
    sums_and_parts<std::int64_t>(*shared, b, count);
  }
}

TEST_F(mpi_test, broadcasts_from_any_rank) {
  const std::int64_t count = 262144 + 3;
  for (int root = 0; root < shared->size(); ++root) {
    std::vector<double> values(static_cast<std::size_t>(count), shared->rank());
    shared->broadcast(b, view<double, 1>(values.data(), {count}), root);
    EXPECT_TRUE(values == std::vector<double>(values.size(), root));
  }
  view<double, 1> none;
  EXPECT_EQ(error_of([&] { shared->broadcast(b, none, -1); }).substr(0, 32),
            "broadcast: there is no rank -1, ");
}

TEST_F(mpi_test, waits_for_all_at_a_barrier) {
  using clock = std::chrono::steady_clock;
  shared->barrier();
  const auto start = clock::now();
  if (shared->rank() == 1) std::this_thread::sleep_for(std::chrono::milliseconds(60));
  shared->barrier();
  EXPECT_GE(clock::now() - start, std::chrono::milliseconds(50));
}

TEST_F(mpi_test, hands_on_an_error) {
  EXPECT_EQ(error_of([&] {
              parallel::together(*shared, b, [&] {
                if (shared->rank() == 1) fail("gone wrong");
              });
            }),
            concatenate("rank 1 of ", shared->size(), ": gone wrong"));
}

TEST_F(mpi_test, names_the_rank_that_keeps_it_waiting) {
  double longest = 0;
  {
    parallel::mpi short_of_time({.time_limit = 0.2, .on_wait = [&](double s) { longest = s; }});
    if (shared->rank() == 1) {
      EXPECT_EQ(error_of([&] { short_of_time.barrier(); }).substr(0, 40),
                "barrier: rank 1 of 3 has waited 0.2 seco");
      EXPECT_GT(longest, 0.1);
      EXPECT_EQ(error_of([&] { short_of_time.barrier(); }),
                "mpi: an earlier call failed, and only abort() may follow");
    }
  }
  shared->barrier();
}

#else

TEST(mpi, is_there) { GTEST_SKIP() << "RADLADS_MPI is off: MPI was not found, or is not wanted."; }

#endif

}  // namespace mpi_test
}  // namespace radlads::test
