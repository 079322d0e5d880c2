// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/byte_level.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace radlads::text {
namespace byte_level_test {

TEST(byte_level, has_the_published_alphabet) {
  EXPECT_EQ(byte_character('a'), U'a');
  EXPECT_EQ(byte_character(0x00), 0x100u);
  EXPECT_EQ(byte_character('\n'), 0x10au);
  EXPECT_EQ(byte_character(' '), 0x120u);
  EXPECT_EQ(byte_character(0x7f), 0x121u);
  EXPECT_EQ(byte_character(0xa0), 0x142u);
  EXPECT_EQ(byte_character(0xad), 0x143u);
  EXPECT_EQ(byte_character(0xff), 0xffu);
  std::set<char32_t> characters;
  for (int byte = 0; byte < 256; ++byte) {
    characters.insert(byte_character(static_cast<unsigned char>(byte)));
  }
  EXPECT_EQ(characters.size(), 256u);
}

TEST(byte_level, maps_there_and_back) {
  EXPECT_EQ(to_byte_alphabet(" caf\u00e9\n"), "\u0120caf\u00c3\u00a9\u010a");
  std::string all;
  for (int byte = 0; byte < 256; ++byte) all.push_back(static_cast<char>(byte));
  EXPECT_EQ(from_byte_alphabet(to_byte_alphabet(all)), all);
}

TEST(byte_level, knows_what_is_outside) {
  EXPECT_FALSE(from_byte_alphabet("a b"));
  EXPECT_FALSE(from_byte_alphabet("\u00ad"));
  EXPECT_FALSE(from_byte_alphabet("\u0144"));
  EXPECT_FALSE(from_byte_alphabet("\U0001f600"));
  EXPECT_FALSE(from_byte_alphabet("\xff"));
  EXPECT_EQ(from_byte_alphabet("\u0143"), "\xad");
}

}  // namespace byte_level_test
}  // namespace radlads::text
