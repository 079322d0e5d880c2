// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/piece_cache.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::text {
namespace piece_cache_test {

using ids_type = std::vector<std::int32_t>;

TEST(piece_cache, appends_what_it_remembers) {
  piece_cache cache;
  ids_type ids{7};
  EXPECT_FALSE(cache.find("word", ids));
  cache.insert("word", ids_type{1, 2});
  EXPECT_TRUE(cache.find("word", ids));
  EXPECT_EQ(ids, (ids_type{7, 1, 2}));
  cache.insert("gone", {});
  EXPECT_TRUE(cache.find("gone", ids));
  EXPECT_EQ(ids.size(), 3u);
}

TEST(piece_cache, tells_all_pieces_apart) {
  // Pieces that differ by zero bytes, by length and by their last byte alone.
  const std::vector<std::string> pieces = {"",
                                           std::string(1, '\0'),
                                           std::string(2, '\0'),
                                           "a",
                                           std::string("a\0", 2),
                                           "fourteen bytes",
                                           "fifteen bytes !",
                                           "fifteen bytes ?"};
  for (const std::string& inserted : pieces) {
    piece_cache cache;
    cache.insert(inserted, ids_type{5});
    for (const std::string& asked : pieces) {
      ids_type ids;
      EXPECT_EQ(cache.find(asked, ids), asked == inserted) << asked << ", " << inserted;
    }
  }
}

TEST(piece_cache, leaves_out_long_pieces_and_long_lists) {
  piece_cache cache;
  ids_type ids;
  cache.insert(std::string(16, 'a'), ids_type{1});
  cache.insert("b", ids_type(6, 1));
  EXPECT_FALSE(cache.find(std::string(16, 'a'), ids));
  EXPECT_FALSE(cache.find("b", ids));
  cache.insert("b", ids_type(5, 1));
  EXPECT_TRUE(cache.find("b", ids));
}

TEST(piece_cache, gives_the_ids_of_many_pieces_or_nothing) {
  piece_cache cache;
  std::size_t remembered = 0;
  for (std::int32_t i = 0; i < 100000; ++i) cache.insert(std::to_string(i), ids_type{i, -i});
  for (std::int32_t i = 0; i < 100000; ++i) {
    ids_type ids;
    if (!cache.find(std::to_string(i), ids)) continue;
    EXPECT_EQ(ids, (ids_type{i, -i}));
    ++remembered;
  }
  EXPECT_GT(remembered, 10000u);  // of 16,384 places
}

}  // namespace piece_cache_test
}  // namespace radlads::text
