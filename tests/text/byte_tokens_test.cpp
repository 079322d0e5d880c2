// SPDX-License-Identifier: Apache-2.0
#include "radlads/text/byte_tokens.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::text {
namespace byte_tokens_test {

TEST(byte_tokens, spell_all_bytes_or_none) {
  vocabulary tokens;
  tokens.insert("<0xC3>", 7);
  tokens.insert("<0xA9>", 8);
  tokens.insert("<0x41>", 9);
  const std::vector<bool> added{false, false, false, false, false,
                                false, false, false, false, true};
  const byte_tokens bytes(model_tokens{tokens, added});
  std::vector<std::int32_t> ids;
  const auto add = [&](std::int32_t id) { ids.push_back(id); };
  EXPECT_TRUE(bytes.spell("\u00e9", add));
  EXPECT_EQ(ids, (std::vector<std::int32_t>{7, 8}));
  EXPECT_FALSE(bytes.spell("\u00e8", add));  // C3 A8
  EXPECT_FALSE(bytes.spell("A", add));       // only an added token
  EXPECT_EQ(ids.size(), 2u);
}

}  // namespace byte_tokens_test
}  // namespace radlads::text
