// SPDX-License-Identifier: Apache-2.0
// The communicator on NCCL against sums made here. nccl.sh starts it once for each GPU; without a
// GPU every case reports itself as skipped.

#include "radlads/core/cuda/backend.cuh"
#include "radlads/core/host_copy.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/parallel/agreement.hpp"
#include "radlads/parallel/communicator.hpp"
#include "radlads/parallel/cuda/nccl.cuh"
#include "radlads/parallel/placement.hpp"
#include "support/error_of.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cuda_runtime.h>
#include <memory>
#include <span>
#include <string>
#include <thread>
#include <vector>

namespace radlads::test {
namespace nccl_ranks {

static_assert(parallel::communicator<parallel::nccl, cuda_backend>);

/// Both are made once: ranks meet once.
struct place {
  std::unique_ptr<cuda_backend> backend;
  std::unique_ptr<parallel::nccl> ranks;
};
place& here() {
  static place one;
  return one;
}

class nccl : public ::testing::Test {
 protected:
  static void SetUpTestSuite() {
    int count = 0;
    if (cudaGetDeviceCount(&count) != cudaSuccess || count == 0) return;
    const parallel::placement p = parallel::read_placement();
    here().backend = std::make_unique<cuda_backend>(cuda_options{.device = p.local_rank});
    here().ranks =
        std::make_unique<parallel::nccl>(p.local_rank, p.rank, p.size, parallel::make_nccl_id());
  }
  static void TearDownTestSuite() { here() = {}; }
  void SetUp() override {
    if (!here().ranks) GTEST_SKIP() << "there is no CUDA device";
  }

  cuda_backend& b() { return *here().backend; }
  parallel::nccl& ranks() { return *here().ranks; }

  /// The numbers of a rank.
  template <class T>
  static std::vector<T> numbers(std::int64_t count, int rank) {
    std::vector<T> values(static_cast<std::size_t>(count));
    for (std::size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<T>((static_cast<int>(i) * 7 + rank * 31) % 101);
    return values;
  }
  template <class T>
  std::vector<T> sums(std::int64_t count) {
    std::vector<T> total(static_cast<std::size_t>(count));
    for (int rank = 0; rank < ranks().size(); ++rank) {
      const auto each = numbers<T>(count, rank);
      for (std::size_t i = 0; i < total.size(); ++i) total[i] += each[i];
    }
    return total;
  }
  template <class T>
  tensor<T, 1, cuda_backend> on_device(const std::vector<T>& values) {
    tensor<T, 1, cuda_backend> result(b(), {std::ssize(values)});
    write_on_host(b(), result, [&](T* to) { std::copy(values.begin(), values.end(), to); });
    return result;
  }
  template <class T>
  std::vector<T> on_host(const tensor<T, 1, cuda_backend>& from) {
    ranks().wait(b());
    return to_host(b(), from);
  }

  /// All calls, of a length that ranks share evenly and of others.
  template <class T>
  void check_calls() {
    for (const std::int64_t count : {1, 8, 997, 100'000}) {
      const auto total = sums<T>(count);
      const auto mine = parallel::part_of(count, ranks().rank(), ranks().size());
      auto all = on_device(numbers<T>(count, ranks().rank()));
      tensor<T, 1, cuda_backend> own(b(), {mine.size()});
      ranks().reduce_scatter(b(), all.read(), own.flat());
      EXPECT_EQ(on_host(own), std::vector<T>(total.begin() + mine.begin, total.begin() + mine.end));
      ranks().all_reduce(b(), all.flat());
      EXPECT_EQ(on_host(all), total);
      auto gathered = on_device(numbers<T>(count, ranks().rank()));
      ranks().all_gather(b(), own.read(), gathered.flat());
      EXPECT_EQ(on_host(gathered), total);
      const int last = ranks().size() - 1;
      auto spread = on_device(numbers<T>(count, ranks().rank()));
      ranks().broadcast(b(), spread.flat(), last);
      EXPECT_EQ(on_host(spread), numbers<T>(count, last));
    }
  }
};

TEST_F(nccl, sums_and_gathers_floats) { check_calls<float>(); }
TEST_F(nccl, sums_and_gathers_doubles) { check_calls<double>(); }
TEST_F(nccl, sums_and_gathers_integers) { check_calls<std::int64_t>(); }

TEST_F(nccl, carries_numbers_of_the_host_without_memory_of_the_backend) {
  const std::int64_t before = b().allocations();
  for (const std::int64_t count : {1, 5, 20'000}) {
    const auto own = numbers<double>(count, ranks().rank());
    const auto all = parallel::gather<double>(ranks(), b(), std::span<const double>(own));
    std::vector<double> expected;
    for (int rank = 0; rank < ranks().size(); ++rank) {
      const auto each = numbers<double>(count, rank);
      expected.insert(expected.end(), each.begin(), each.end());
    }
    EXPECT_EQ(all, expected);
  }
  const int last = ranks().size() - 1;
  const std::string longer(100'000, static_cast<char>('a' + ranks().rank()));
  EXPECT_EQ(parallel::broadcast_text(ranks(), b(), longer, last),
            std::string(100'000, static_cast<char>('a' + last)));
  EXPECT_EQ(b().allocations(), before);
}

TEST_F(nccl, is_in_order_on_two_streams) {
  cuda_backend beside(cuda_options{.device = b().device()});
  auto values = on_device(std::vector<double>(1 << 20, 1));
  double expected = 1;
  for (int i = 0; i < 5; ++i) {
    ranks().all_reduce(i % 2 == 0 ? b() : beside, values.flat());
    expected *= ranks().size();
  }
  ranks().wait(beside);
  EXPECT_EQ(on_host(values), std::vector<double>(1 << 20, expected));
}

TEST_F(nccl, refuses_a_captured_graph_and_ranks_that_are_not_there) {
  auto values = on_device(std::vector<float>(4, 1));
  EXPECT_THROW(b().capture([&] { ranks().all_reduce(b(), values.flat()); }), not_capturable);
  const int size = ranks().size();
  EXPECT_EQ(error_of([&] { ranks().broadcast(b(), values.flat(), size); }),
            concatenate("broadcast: there is no rank ", size, ", only ranks 0 to ", size - 1));
}

TEST_F(nccl, fails_together) {
  const std::string said = error_of([&] {
    parallel::together(ranks(), b(),
                       [&] { require(ranks().rank() != ranks().size() - 1, "no more rows"); });
  });
  const int last = ranks().size() - 1;
  EXPECT_EQ(said, last == 0 ? "no more rows"
                            : concatenate("rank ", last, " of ", last + 1, ": no more rows"));
}

// The last one: the ranks are out of step afterwards.
TEST_F(nccl, rank_that_waits_too_long_says_for_whom) {
  if (ranks().size() == 1) GTEST_SKIP() << "there is one CUDA device";
  ranks().barrier();
  if (ranks().rank() > 0) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return ranks().abort();
  }
  ranks().options().time_limit = 0.5;
  const std::string missing = ranks().size() == 2 ? "rank 1" : "others";
  EXPECT_EQ(
      error_of([&] { ranks().barrier(); }),
      concatenate("barrier: rank 0 of ", ranks().size(), " has waited 0.5 seconds for ", missing));
  EXPECT_EQ(error_of([&] { ranks().barrier(); }),
            "nccl: an earlier call failed, and no other may follow");
}

}  // namespace nccl_ranks
}  // namespace radlads::test
