// SPDX-License-Identifier: Apache-2.0
// A description made by hand, as readers of other files make it, is enough for a tokenizer.

#include "radlads/text/tokenizer.hpp"
#include "radlads/text/tokenizer_description.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

namespace radlads::text {
namespace tokenizer_description_test {

TEST(tokenizer_description, made_by_hand_is_enough) {
  tokenizer_description description;
  std::int32_t next = 0;
  for (const char* token : {"a", "b", "\u0120", "\u0120a", "ab"}) {
    description.tokens.insert(token, next++);
  }
  description.merges = {{2, 0, 3}, {0, 1, 4}};
  description.is_byte_level = description.detokenizer.is_byte_level = true;
  description.pre_tokenizer = pre_tokenizer({split_step{split_pattern::gpt2}});
  const tokenizer made(description);
  EXPECT_EQ(made.encode("ab ab"), (std::vector<std::int32_t>{4, 3, 1}));
  EXPECT_EQ(made.decode(std::vector<std::int32_t>{4, 3, 1}), "ab ab");
}

}  // namespace tokenizer_description_test
}  // namespace radlads::text
