// SPDX-License-Identifier: Apache-2.0
// The merge engine against a quadratic loop written from the definition.

#include "radlads/text/bpe.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <utility>
#include <vector>

namespace radlads::text {
namespace bpe_test {

using ids_type = std::vector<std::int32_t>;

ids_type merged(const ids_type& symbols, const merge_table& merges) {
  bpe_word word;
  for (const std::int32_t id : symbols) word.add(id);
  ids_type ids;
  word.merge_into(ids, merges);
  return ids;
}

/// Joins the leftmost pair of lowest rank until none is left.
ids_type merged_by_definition(ids_type ids, const std::vector<merge>& merges) {
  std::map<std::pair<std::int32_t, std::int32_t>, std::pair<std::size_t, std::int32_t>> table;
  for (std::size_t rank = 0; rank < merges.size(); ++rank) {
    table[{merges[rank].left, merges[rank].right}] = {rank, merges[rank].result};
  }
  for (;;) {
    std::size_t best = ids.size(), best_rank = merges.size();
    for (std::size_t i = 0; i + 1 < ids.size(); ++i) {
      const auto found = table.find({ids[i], ids[i + 1]});
      if (found == table.end() || found->second.first >= best_rank) continue;
      best = i;
      best_rank = found->second.first;
    }
    if (best == ids.size()) return ids;
    ids[best] = table[{ids[best], ids[best + 1]}].second;
    ids.erase(ids.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

TEST(bpe, merges_by_rank_and_then_from_the_left) {
  const std::vector<merge> merges = {{2, 3, 10}, {1, 2, 11}, {1, 1, 12}, {12, 1, 13}};
  const merge_table table(merges);
  EXPECT_EQ(merged({}, table), ids_type{});
  EXPECT_EQ(merged({7}, table), ids_type{7});
  EXPECT_EQ(merged({1, 2, 3}, table), (ids_type{1, 10}));
  EXPECT_EQ(merged({1, 2, 2}, table), (ids_type{11, 2}));
  EXPECT_EQ(merged({1, 1, 1}, table), ids_type{13});
  EXPECT_EQ(merged({1, 1, 1, 1}, table), (ids_type{12, 12}));
}

TEST(bpe, without_merges_changes_nothing) {
  EXPECT_EQ(merged({1, 2, 3}, merge_table()), (ids_type{1, 2, 3}));
}

TEST(bpe, of_two_merges_of_one_pair_the_later_counts) {
  const std::vector<merge> merges = {{1, 2, 10}, {2, 3, 11}, {1, 2, 12}};
  EXPECT_EQ(merged({1, 2}, merge_table(merges)), ids_type{12});
  EXPECT_EQ(merged({1, 2, 3}, merge_table(merges)), (ids_type{1, 11}));
}

TEST(bpe, equals_its_definition_on_random_words) {
  std::mt19937 random(7);
  const auto below = [&](std::size_t limit) { return random() % limit; };
  for (int round = 0; round < 300; ++round) {
    const std::int32_t letters = 3;
    // As in a vocabulary, one result stands for one string.
    std::vector<std::vector<int>> strings = {{0}, {1}, {2}};
    std::vector<merge> merges;
    for (int m = 0; m < 40; ++m) {
      const auto left = below(strings.size()), right = below(strings.size());
      std::vector<int> joined = strings[left];
      joined.insert(joined.end(), strings[right].begin(), strings[right].end());
      std::size_t result = 0;
      while (result < strings.size() && strings[result] != joined) ++result;
      if (result == strings.size()) strings.push_back(joined);
      merges.push_back({static_cast<std::int32_t>(left), static_cast<std::int32_t>(right),
                        static_cast<std::int32_t>(result)});
    }
    ids_type word(below(80));
    for (auto& id : word) id = static_cast<std::int32_t>(below(letters));
    ASSERT_EQ(merged(word, merge_table(merges)), merged_by_definition(word, merges));
  }
}

TEST(bpe, keeps_no_memory_of_the_word_before) {
  const std::vector<merge> merges = {{1, 2, 10}};
  const merge_table table(merges);
  bpe_word word;
  ids_type ids;
  word.add(1);
  word.merge_into(ids, table);
  word.clear();
  word.add(2);
  word.merge_into(ids, table);
  EXPECT_EQ(ids, (ids_type{1, 2}));
}

}  // namespace bpe_test
}  // namespace radlads::text
