// SPDX-License-Identifier: Apache-2.0
// A parameter set as one row, its buckets, and its sum over ranks.

#include "radlads/core/cpu/backend.hpp"
#include "radlads/core/tensor.hpp"
#include "radlads/parallel/flat_tensors.hpp"
#include "support/error_of.hpp"
#include "support/thread_ranks.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <numeric>
#include <string>
#include <tuple>
#include <vector>

namespace radlads::test {
namespace flat_tensors_test {

/// Three tensors of 6, 0 and 5 numbers, and one that is left out.
struct three_tensors {
  tensor<double, 2, cpu_backend> a;
  tensor<double, 1, cpu_backend> none, frozen, z;

  template <class F, class P, class... Rest>
  static void for_each(F&& f, P& p, Rest&... rest) {
    visit(f, "a", p.a, rest.a...);
    visit(f, "none", p.none, rest.none...);
    visit(f, "frozen", p.frozen, rest.frozen...);
    visit(f, "z", p.z, rest.z...);
  }

  /// Counts up from `first` over all tensors.
  void fill(cpu_backend& b, double first) {
    a.resize(b, {2, 3});
    frozen.resize(b, {4});
    z.resize(b, {5});
    for_each(
        [&](const std::string&, auto& each) {
          std::iota(each.data(), each.data() + each.size(), first);
          first += static_cast<double>(each.size());
        },
        *this);
  }
};
const auto is_trained = [](const tensor_info& info) { return info.name != "frozen"; };

struct flat_tensors_test : testing::Test {
  flat_tensors_test() { set.fill(b, 0); }
  cpu_backend b{{.threads = 1, .poison = true}};
  three_tensors set;
};

TEST_F(flat_tensors_test, are_the_chosen_ones_in_their_order) {
  const parallel::flat_tensors<double> row(set, is_trained);
  EXPECT_EQ(row.size(), 11);
  std::vector<double> all(11);
  row.read(b, {0, 11}, all.data());
  EXPECT_EQ(all, (std::vector<double>{0, 1, 2, 3, 4, 5, 10, 11, 12, 13, 14}));
  std::vector<double> middle(4);
  row.read(b, {4, 8}, middle.data());
  EXPECT_EQ(middle, (std::vector<double>{4, 5, 10, 11}));
}

TEST_F(flat_tensors_test, say_what_a_range_has_of_each) {
  const parallel::flat_tensors<const double> row(std::as_const(set), is_trained);
  std::vector<std::tuple<std::string, std::int64_t, std::int64_t, std::int64_t>> pieces;
  const auto take = [&](const auto& each, auto offset, auto position, auto count) {
    pieces.emplace_back(each.info.name, offset, position, count);
  };
  row.for_each_piece({5, 8}, take);
  row.for_each_piece({6, 7}, take);
  row.for_each_piece({3, 3}, take);
  row.for_each_piece({11, 11}, take);
  EXPECT_EQ(pieces, (decltype(pieces){{"a", 5, 5, 1}, {"z", 0, 6, 2}, {"z", 0, 6, 1}}));
}

TEST_F(flat_tensors_test, are_written_where_they_lie) {
  const parallel::flat_tensors<double> row(set, is_trained);
  const std::vector<double> values{-1, -2, -3};
  row.write(b, {5, 8}, values.data());
  EXPECT_EQ(set.a.data()[5], -1);
  EXPECT_EQ(set.z.data()[0], -2);
  EXPECT_EQ(set.z.data()[1], -3);
  EXPECT_EQ(set.z.data()[2], 12);
  EXPECT_EQ(set.frozen.data()[0], 6);
}

TEST(buckets, give_each_rank_its_part_of_each) {
  std::vector<int> owners(11, -1);
  for (int rank = 0; rank < 3; ++rank) {
    std::int64_t total = 0;
    parallel::for_each_bucket(
        11, 4, rank, 3,
        [&](const parallel::part& bucket, const parallel::part& own, std::int64_t offset) {
          EXPECT_EQ(bucket.begin % 4, 0);
          EXPECT_EQ(offset, total);
          total += own.size();
          for (std::int64_t i = own.begin; i < own.end; ++i) {
            EXPECT_EQ(owners.at(static_cast<std::size_t>(i)), -1);
            owners.at(static_cast<std::size_t>(i)) = rank;
          }
        });
    EXPECT_EQ(parallel::own_count(11, 4, rank, 3), total);
  }
  EXPECT_EQ(owners, (std::vector<int>{0, 1, 2, 2, 0, 1, 2, 2, 0, 1, 2}));
  EXPECT_EQ(error_of([] { parallel::own_count(1, 0, 0, 1); }), "buckets of 0 elements");
}

TEST(sum_over_ranks, sums_what_is_trained_in_buckets_of_any_size) {
  for (const std::int64_t bucket : {1, 3, 100}) {
    on_ranks(3, [&](thread_ranks& ranks) {
      cpu_backend b({.threads = 1, .poison = true});
      three_tensors own;
      own.fill(b, 100 * ranks.rank());
      parallel::sum_over_ranks<double>(ranks, b, own, is_trained, bucket);
      for (int i = 0; i < 6; ++i) EXPECT_EQ(own.a.data()[i], 300 + 3 * i);
      for (int i = 0; i < 5; ++i) EXPECT_EQ(own.z.data()[i], 330 + 3 * i);
      EXPECT_EQ(own.frozen.data()[1], 100 * ranks.rank() + 7);
    });
  }
}

}  // namespace flat_tensors_test
}  // namespace radlads::test
