// SPDX-License-Identifier: Apache-2.0
#include "radlads/data/sampler.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <numeric>
#include <string>
#include <vector>

namespace radlads::data {
namespace sampler_test {

using slots = std::vector<std::int64_t>;

template <class Sampler>
slots first(const Sampler& sampler, std::int64_t count, std::int64_t start = 0) {
  slots list;
  for (std::int64_t i = 0; i < count; ++i) list.push_back(sampler.slot_at(start + i));
  return list;
}

slots sorted(slots list) {
  std::sort(list.begin(), list.end());
  return list;
}

slots up_to(std::int64_t count) {
  slots list(static_cast<std::size_t>(count));
  std::iota(list.begin(), list.end(), 0);
  return list;
}

TEST(sampler_test, slots_leave_room_for_the_label_of_the_last_row) {
  EXPECT_EQ(count_slots(881475, 512, 512), 1721);
  EXPECT_EQ(count_slots(1024, 512, 512), 2);
  EXPECT_EQ(count_slots(1024, 512, 513), 1);
  EXPECT_EQ(count_slots(1025, 512, 513), 2);
  EXPECT_EQ(count_slots(512, 512, 512), 1);
  EXPECT_EQ(count_slots(513, 512, 513), 1);
}

TEST(sampler_test, text_shorter_than_a_row_names_both_numbers) {
  EXPECT_TRUE(test::says(test::error_of([] { count_slots(511, 512, 512); }), {"511", "512"}));
  EXPECT_TRUE(test::says(test::error_of([] { count_slots(512, 512, 513); }), {"512", "513"}));
  EXPECT_TRUE(test::says(test::error_of([] { count_slots(0, 512, 512); }), {"0 tokens", "512"}));
  EXPECT_THROW(count_slots(10, 0, 0), error);
  EXPECT_THROW(count_slots(10, 2, 4), error);
}

TEST(sampler_test, primes_are_those_of_the_published_configurations) {
  constexpr std::int64_t tokens = 1'500'087'317;
  const std::int64_t expected[][2] = {{256, 5859677}, {512, 2929793}, {2048, 732461},
                                      {4096, 366227}, {8192, 183089}, {16384, 91541}};
  for (const auto& [ctx, prime] : expected) EXPECT_EQ(magic_prime(tokens / ctx), prime) << ctx;
  const std::int64_t small[][2] = {{512, 196523}, {4096, 24551}, {8192, 12281}, {16384, 6131}};
  for (const auto& [ctx, prime] : small) EXPECT_EQ(magic_prime(100'627'834 / ctx), prime) << ctx;
}

TEST(sampler_test, a_published_prime_below_the_largest_may_be_given) {
  // The configuration for 1,024 tokens has 1464917; 1464929 is prime too and also allowed. Step 2
  // uses 2913641 at 512 so that its order differs from step 1's.
  EXPECT_EQ(magic_prime(1'500'087'317 / 1024), 1464929);
  EXPECT_EQ(cubic_sampler(1464929, 1464917, 0).prime(), 1464917);
  EXPECT_GT(cubic_sampler(2929858, 2913641, 0).coverage(), 0.99);
  for (const std::int64_t bad : {0, 1, 3, 7, 8, 23, -1}) {
    EXPECT_TRUE(test::says(test::error_of([&] { cubic_sampler(20, bad, 0); }),
                           {std::to_string(bad), "20 rows", "2 modulo 3"}))
        << bad;
  }
}

TEST(sampler_test, small_primes) {
  const std::int64_t expected[][2] = {{2, 2},   {3, 2},   {4, 2},   {5, 5},   {10, 5},
                                      {11, 11}, {13, 11}, {16, 11}, {17, 17}, {25, 23}};
  for (const auto& [count, prime] : expected) EXPECT_EQ(magic_prime(count), prime) << count;
  EXPECT_TRUE(test::says(test::error_of([] { magic_prime(1); }), {"1 rows", "at least 2"}));
}

TEST(sampler_test, the_first_rows_of_the_stories) {
  const cubic_sampler sampler(1721, magic_prime(1721), 0);
  EXPECT_EQ(sampler.prime(), 1721);
  EXPECT_EQ(sampler.multiplier(), 1063);
  EXPECT_EQ(first(sampler, 4), (slots{1063, 1620, 1165, 913}));
  EXPECT_EQ(sampler.coverage(), 1.0);
}

TEST(sampler_test, an_offset_continues_the_same_order) {
  EXPECT_EQ(first(cubic_sampler(1721, 1721, 0), 100, 39'072),
            first(cubic_sampler(1721, 1721, 39'072), 100));
  EXPECT_NE(first(cubic_sampler(1721, 1721, 0), 4), first(cubic_sampler(1721, 1721, 100'003), 4));
  EXPECT_THROW(cubic_sampler(1721, 1721, -1), error);
  EXPECT_THROW(cubic_sampler(1721, 1721, 0).slot_at(-1), error);
}

TEST(sampler_test, a_cube_visits_each_row_below_the_prime_once) {
  for (const std::int64_t count : {2, 5, 30, 1721}) {
    const cubic_sampler sampler(count, magic_prime(count), 12'345);
    EXPECT_EQ(sorted(first(sampler, sampler.prime(), 77)), up_to(sampler.prime())) << count;
  }
}

TEST(sampler_test, large_positions_and_primes_do_not_wrap) {
  // (multiplier * i^3) mod prime by Python's unbounded integers.
  const cubic_sampler wide(4'000'000'000, magic_prime(4'000'000'000), 0);
  EXPECT_EQ(wide.prime(), 3'999'999'911);
  EXPECT_EQ(wide.slot_at(3'999'999'000), 1'004'479'301);
  const cubic_sampler far(2'929'797, magic_prime(2'929'797), 0);
  EXPECT_EQ(far.prime(), 2'929'793);
  EXPECT_EQ(far.slot_at(1'000'000'000'000), 1'977'928);
}

TEST(sampler_test, an_epoch_visits_each_row_once) {
  for (const std::int64_t count : {1, 2, 3, 4, 5, 16, 17, 1000, 1721}) {
    const epoch_sampler sampler(count, 42);
    for (const std::int64_t epoch : {0, 1, 7}) {
      EXPECT_EQ(sorted(first(sampler, count, epoch * count)), up_to(count)) << count;
    }
  }
}

TEST(sampler_test, epochs_and_seeds_have_orders_of_their_own) {
  const epoch_sampler sampler(1721, 1);
  EXPECT_EQ(first(sampler, 1721), first(epoch_sampler(1721, 1), 1721));
  EXPECT_NE(first(sampler, 1721), first(sampler, 1721, 1721));
  EXPECT_NE(first(sampler, 1721), first(epoch_sampler(1721, 2), 1721));
  EXPECT_NE(first(sampler, 1721), up_to(1721));
  EXPECT_THROW(epoch_sampler(0, 1), error);
  EXPECT_THROW(sampler.slot_at(-1), error);
}

TEST(sampler_test, orders_look_random) {
  // Where row 0 to 9 stand and which row comes first should be uniform over epochs: with 2,000
  // epochs of 10 rows each count is binomial, 200 with a deviation of 13.4; allow five of them.
  const epoch_sampler sampler(10, 7);
  std::vector<std::vector<int>> counts(10, std::vector<int>(10));
  std::vector<std::vector<int>> pairs(10, std::vector<int>(10));
  for (std::int64_t epoch = 0; epoch < 2000; ++epoch) {
    const slots order = first(sampler, 10, 10 * epoch);
    for (std::size_t i = 0; i < 10; ++i) ++counts[i][static_cast<std::size_t>(order[i])];
    ++pairs[static_cast<std::size_t>(order[0])][static_cast<std::size_t>(order[1])];
  }
  for (const auto& row : counts) {
    for (const int count : row) EXPECT_NEAR(count, 200, 67);
  }
  // Ordered pairs of the first two: 2000 / 90 = 22.2 with a deviation of 4.7.
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t j = 0; j < 10; ++j) {
      if (i != j) {
        EXPECT_NEAR(pairs[i][j], 22.2, 23);
      }
    }
  }
}

TEST(sampler_test, rows_start_at_multiples_of_the_context) {
  const std::vector<std::vector<std::int32_t>> documents = {{0, 1, 2, 3}, {4, 5, 6, 7, 8}};
  const token_stream stream = token_stream::from_ids(documents);
  std::vector<std::int32_t> row(5, -1);
  copy_row(stream, 1, 4, row.data(), 4);
  EXPECT_EQ(row, (std::vector<std::int32_t>{4, 5, 6, 7, -1}));
  copy_row(stream, 1, 4, row.data(), 5);
  EXPECT_EQ(row, (std::vector<std::int32_t>{4, 5, 6, 7, 8}));
  EXPECT_THROW(copy_row(stream, 2, 4, row.data(), 4), error);
  EXPECT_THROW(copy_row(stream, -1, 4, row.data(), 4), error);
}

}  // namespace sampler_test
}  // namespace radlads::data
