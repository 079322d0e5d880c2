// SPDX-License-Identifier: Apache-2.0
#include "radlads/core/hash.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <set>
#include <string>

namespace radlads {
namespace hash_test {

std::uint64_t hash_of(const std::string& bytes) { return stream_hash().update(bytes).value(); }

TEST(hash_test, names_have_the_published_values_of_fnv1a) {
  EXPECT_EQ(fnv1a(""), 0xcbf29ce484222325u);
  EXPECT_EQ(fnv1a("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(fnv1a("foobar"), 0x85944171f73967e8u);
  EXPECT_EQ(fnv1a("bar", fnv1a("foo")), fnv1a("foobar"));
}

TEST(hash_test, parts_give_the_hash_of_the_whole) {
  std::string bytes;
  for (int i = 0; i < 200; ++i) bytes.push_back(static_cast<char>(i * 37 + 11));
  for (std::size_t cut = 0; cut <= bytes.size(); ++cut) {
    stream_hash parts;
    parts.update(bytes.substr(0, cut)).update(bytes.substr(cut));
    EXPECT_EQ(parts.value(), hash_of(bytes)) << cut;
  }
}

TEST(hash_test, every_flipped_bit_and_every_two_in_one_lane_change_the_hash) {
  const std::string bytes(100, '\x5a');
  std::set<std::uint64_t> seen = {hash_of(bytes)};
  std::size_t count = 1;
  for (std::size_t bit = 0; bit < 8 * bytes.size(); ++bit) {
    std::string one = bytes;
    one[bit / 8] = static_cast<char>(one[bit / 8] ^ (1 << bit % 8));
    seen.insert(hash_of(one));
    ++count;
    // The same bit a stripe later meets the same lane.
    if (bit / 8 + 32 >= bytes.size()) continue;
    one[bit / 8 + 32] = static_cast<char>(one[bit / 8 + 32] ^ (1 << bit % 8));
    seen.insert(hash_of(one));
    ++count;
  }
  EXPECT_EQ(seen.size(), count);
}

TEST(hash_test, lengths_and_places_count) {
  std::set<std::uint64_t> seen;
  for (std::size_t size = 0; size < 100; ++size) seen.insert(hash_of(std::string(size, '\0')));
  EXPECT_EQ(seen.size(), 100u);
  std::string bytes(64, 'x');
  bytes.replace(0, 8, "12345678");
  std::string swapped(64, 'x');
  swapped.replace(8, 8, "12345678");
  EXPECT_NE(hash_of(bytes), hash_of(swapped));
}

}  // namespace hash_test
}  // namespace radlads
