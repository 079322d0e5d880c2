// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/vocabulary.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace radlads::text {
namespace vocabulary_test {

using test::error_of;
using test::says;

TEST(vocabulary, finds_tokens_and_ids) {
  vocabulary tokens;
  EXPECT_EQ(tokens.size(), 0);
  EXPECT_FALSE(tokens.find("a"));
  tokens.insert("a", 2);
  tokens.insert("", 0);
  tokens.insert("a", 2);
  EXPECT_EQ(tokens.find("a"), 2);
  EXPECT_EQ(tokens.find(""), 0);
  EXPECT_EQ(tokens.token(2), "a");
  EXPECT_EQ(tokens.size(), 3);
  EXPECT_FALSE(tokens.contains(1));
  EXPECT_FALSE(tokens.contains(-1));
  EXPECT_FALSE(tokens.contains(3));
}

TEST(vocabulary, grows_and_copies) {
  vocabulary tokens;
  for (int id = 0; id < 5000; ++id) tokens.insert(std::to_string(id * id), id);
  const vocabulary copy = tokens;
  tokens = vocabulary();
  for (int id = 0; id < 5000; ++id) {
    ASSERT_EQ(copy.find(std::to_string(id * id)), id);
    ASSERT_EQ(copy.token(id), std::to_string(id * id));
  }
  EXPECT_FALSE(copy.find("3"));
}

TEST(vocabulary, refuses_ids_it_cannot_hold) {
  vocabulary tokens;
  tokens.insert("a", 1);
  EXPECT_TRUE(says(error_of([&] { tokens.insert("b", 1); }), {"1", "'a'", "'b'"}));
  EXPECT_TRUE(says(error_of([&] { tokens.insert("a", 4); }), {"'a'", "1", "4"}));
  EXPECT_TRUE(says(error_of([&] { tokens.insert("c", -1); }), {"'c'", "-1"}));
  const std::int64_t huge = std::int64_t{1} << 40;
  EXPECT_TRUE(says(error_of([&] { tokens.insert("c", huge); }), {"'c'", std::to_string(huge)}));
}

}  // namespace vocabulary_test
}  // namespace radlads::text
