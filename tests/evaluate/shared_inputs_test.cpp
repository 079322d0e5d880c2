// SPDX-License-Identifier: Apache-2.0
#include "radlads/evaluate/shared_inputs.hpp"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace radlads::evaluate {
namespace {

using ids = std::vector<std::int32_t>;

TEST(shared_inputs, the_last_id_is_not_read) {
  EXPECT_EQ(input_of({{1, 2}, {3, 4}}), (ids{1, 2, 3}));
  EXPECT_EQ(input_of({{1}, {2}}), (ids{1}));
}

TEST(shared_inputs, choices_of_one_token_share_their_context) {
  const std::vector<request> all{{{7}, {1}}, {{5, 6}, {1}}, {{5, 6}, {2}}, {{5, 6}, {3}}};
  const std::vector<shared_input> found = share_inputs(all);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].ids, (ids{5, 6}));
  EXPECT_EQ(found[0].requests, (std::vector<std::size_t>{1, 2, 3}));
  EXPECT_EQ(found[1].ids, (ids{7}));
  EXPECT_EQ(found[1].requests, (std::vector<std::size_t>{0}));
}

TEST(shared_inputs, beginnings_share_the_longest_input) {
  const std::vector<request> all{{{1, 2}, {9}}, {{1}, {2, 3, 8}}, {{1}, {5}}, {{1, 2}, {4, 4}}};
  const std::vector<shared_input> found = share_inputs(all);
  // [1, 2] and [1] begin [1, 2, 4] and [1, 2, 3]; they go with either of them.
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(found[0].ids.size(), 3u);
  EXPECT_EQ(found[1].ids.size(), 3u);
  EXPECT_EQ(found[0].requests.size() + found[1].requests.size(), 4u);
}

/// Every request is in one input, which begins with its ids, and no input begins another.
TEST(shared_inputs, all_requests_are_held_once) {
  std::vector<request> all;
  for (int i = 0; i < 400; ++i) {
    request r{{i % 3}, {}};
    for (int j = 0; j < 1 + i * 7 % 5; ++j) r.continuation.push_back((i >> j) & 1);
    all.push_back(r);
  }
  const std::vector<shared_input> found = share_inputs(all);
  std::set<std::size_t> held;
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i > 0) {
      EXPECT_LE(found[i].ids.size(), found[i - 1].ids.size());
    }
    for (const std::size_t index : found[i].requests) {
      EXPECT_TRUE(held.insert(index).second) << index;
      const ids own = input_of(all[index]);
      ASSERT_LE(own.size(), found[i].ids.size());
      EXPECT_EQ(own, ids(found[i].ids.begin(),
                         found[i].ids.begin() + static_cast<std::ptrdiff_t>(own.size())));
    }
    for (std::size_t j = 0; j < found.size(); ++j) {
      if (i == j || found[j].ids.size() < found[i].ids.size()) continue;
      const ids start(found[j].ids.begin(),
                      found[j].ids.begin() + static_cast<std::ptrdiff_t>(found[i].ids.size()));
      EXPECT_NE(start, found[i].ids);
    }
  }
  EXPECT_EQ(held.size(), all.size());
}

TEST(shared_inputs, no_requests_have_no_inputs) { EXPECT_TRUE(share_inputs({}).empty()); }

}  // namespace
}  // namespace radlads::evaluate
