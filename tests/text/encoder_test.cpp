// SPDX-License-Identifier: Apache-2.0
// An encoder gives the ids of its tokenizer, also for what it has seen before.

#include "radlads/text/encoder.hpp"
#include "support/temporary_directory.hpp"
#include "text/small_tokenizer.hpp"

#include <gtest/gtest.h>

#include <string>

namespace radlads::text {
namespace encoder_test {

class encoder_test : public test::temporary_directory {};

TEST_F(encoder_test, gives_the_ids_of_its_tokenizer) {
  for (const auto& file : {test::small_byte_level(), test::small_byte_fallback()}) {
    const tokenizer small = tokenizer::load(put("tokenizer.json", file.dump()));
    encoder many(small);
    encoder copy = many;
    for (int round = 0; round < 3; ++round) {
      for (const std::string text :
           {"hello hell w", "", "hello<end>>he<end>", "ne\u0301 n\u00e9", "\u4e2d ab",
            "hello hello", "a word longer than what is remembered: incomprehensibilities"}) {
        EXPECT_EQ(many.encode(text), small.encode(text)) << text;
        EXPECT_EQ(copy.encode_document(text), small.encode_document(text)) << text;
        EXPECT_EQ(many.encode_document(text, {.add_special = false}), small.encode(text)) << text;
      }
    }
  }
}

}  // namespace encoder_test
}  // namespace radlads::text
