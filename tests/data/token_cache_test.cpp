// SPDX-License-Identifier: Apache-2.0
// Ids that are kept come back as they were, from where they could be written; damage is found.

#include "radlads/data/token_cache.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace radlads::data {
namespace token_cache_test {

using problems_type = std::vector<std::string>;

class token_cache_test : public test::temporary_directory {
 protected:
  token_cache_test() { ::setenv("XDG_CACHE_HOME", path("cache").c_str(), 1); }
  ~token_cache_test() override { ::unsetenv("XDG_CACHE_HOME"); }

  token_stream sample() const {
    return token_stream::from_flat({5, -1, 7, 2147483647}, {0, 3, 3, 4});
  }

  token_cache cache(std::uint64_t key = 0xab) const { return {path("text.txt"), key}; }
};

TEST_F(token_cache_test, gives_back_what_it_keeps) {
  problems_type problems;
  EXPECT_FALSE(cache().find(problems));
  EXPECT_TRUE(cache().keep(sample(), problems));
  EXPECT_EQ(list(), std::vector<std::string>{"text.txt.radlads-ids-00000000000000ab.bin"});
  const auto found = cache().find(problems);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->document_offsets(), sample().document_offsets());
  std::vector<std::int32_t> ids(4);
  found->copy(0, 4, ids.data());
  EXPECT_EQ(ids, (std::vector<std::int32_t>{5, -1, 7, 2147483647}));
  EXPECT_FALSE(cache(0xac).find(problems));
  EXPECT_TRUE(problems.empty());
}

TEST_F(token_cache_test, several_files_have_the_name_of_the_first) {
  problems_type problems;
  EXPECT_TRUE(token_cache(path("text.txt.gz"), 0xab, 2).keep(sample(), problems));
  EXPECT_EQ(list(), std::vector<std::string>{"text.txt.gz+2.radlads-ids-00000000000000ab.bin"});
}

TEST_F(token_cache_test, standard_input_has_its_ids_in_the_cache_folder) {
  problems_type problems;
  const token_cache of_input(standard_input, 0xab);
  EXPECT_TRUE(of_input.keep(sample(), problems));
  EXPECT_TRUE(of_input.find(problems));
  EXPECT_EQ(list(), std::vector<std::string>{"cache"});
  EXPECT_TRUE(
      std::filesystem::exists(path("cache/radlads/stdin.radlads-ids-00000000000000ab.bin")));
}

TEST_F(token_cache_test, finds_every_damage) {
  problems_type problems;
  const token_cache kept = cache();
  ASSERT_TRUE(kept.keep(sample(), problems));
  const std::string name = kept.places().front().filename().string(), good = get(name);
  const auto expect_damage = [&](const std::string& bytes) {
    problems.clear();
    put(name, bytes);
    EXPECT_FALSE(kept.find(problems));
    ASSERT_EQ(problems.size(), 1u);
    EXPECT_TRUE(test::says(problems[0], {name, "damaged"}));
  };
  for (std::size_t at = 0; at < good.size(); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 0x10);
    expect_damage(bad);
    expect_damage(good.substr(0, at));
  }
  expect_damage(good + "x");
  // The file of another key under this one's name.
  ASSERT_TRUE(cache(1).keep(sample(), problems));
  std::filesystem::rename(cache(1).places().front(), kept.places().front());
  problems.clear();
  EXPECT_FALSE(kept.find(problems));
  EXPECT_EQ(problems.size(), 1u);
  ASSERT_TRUE(kept.keep(sample(), problems));
  EXPECT_TRUE(kept.find(problems));
}

TEST_F(token_cache_test, goes_to_the_users_folder_where_it_cannot_lie_beside_the_text) {
  // No folder of this name: as little to be written as a folder without permission, also for root.
  const token_cache kept(path("none") / "text.txt", 3);
  problems_type problems;
  EXPECT_TRUE(kept.keep(sample(), problems));
  EXPECT_EQ(problems.size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(path("cache") / "radlads" /
                                      "text.txt.radlads-ids-0000000000000003.bin"));
  EXPECT_TRUE(kept.find(problems));
}

TEST_F(token_cache_test, that_can_lie_nowhere_says_why) {
  put("cache", "a file where the folder would be");
  problems_type problems;
  EXPECT_FALSE(token_cache(path("none") / "text.txt", 3).keep(sample(), problems));
  EXPECT_EQ(problems.size(), 2u);
}

TEST_F(token_cache_test, knows_the_users_folder) {
  EXPECT_EQ(user_cache_folder(), path("cache") / "radlads");
  ::setenv("XDG_CACHE_HOME", "relative", 1);
  EXPECT_EQ(user_cache_folder(), std::filesystem::path(std::getenv("HOME")) / ".cache" / "radlads");
}

}  // namespace token_cache_test
}  // namespace radlads::data
