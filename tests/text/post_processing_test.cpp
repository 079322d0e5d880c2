// SPDX-License-Identifier: Apache-2.0
// Which tokens a post-processor puts around a text.

#include "radlads/text/post_processing.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace radlads::text {
namespace post_processing_test {

using detail::json;
using test::error_of;
using test::says;
using ids_type = std::vector<std::int32_t>;

class post_processing : public testing::Test {
 protected:
  post_processing() {
    tokens_.insert("<s>", 1);
    tokens_.insert("</s>", 2);
  }

  post_processor read(const char* text) const {
    const json value = json::parse(text);
    return detail::read_post_processor(&value, tokens_);
  }

  vocabulary tokens_;
};

TEST_F(post_processing, of_a_template_surrounds_the_text) {
  const post_processor both = read(R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
               {"SpecialToken": {"id": "</s>", "type_id": 0}}],
    "special_tokens": {"<s>": {"id": "<s>", "ids": [1], "tokens": ["<s>"]},
                       "</s>": {"id": "</s>", "ids": [2], "tokens": ["</s>"]}}})");
  EXPECT_TRUE(both.is_given());
  ids_type ids{7, 8};
  both.wrap(ids);
  EXPECT_EQ(ids, (ids_type{1, 7, 8, 2}));
}

TEST_F(post_processing, of_byte_level_adds_nothing_but_is_given) {
  const post_processor none = read(R"({"type": "ByteLevel", "trim_offsets": false})");
  EXPECT_TRUE(none.is_given());
  EXPECT_TRUE(none.prefix().empty());
  EXPECT_TRUE(none.suffix().empty());
  EXPECT_FALSE(detail::read_post_processor(nullptr, tokens_).is_given());
}

TEST_F(post_processing, refuses_ids_that_are_no_tokens) {
  EXPECT_TRUE(says(error_of([&] {
                     read(R"({"type": "TemplateProcessing",
    "single": [{"SpecialToken": {"id": "x", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
    "special_tokens": {"x": {"id": "x", "ids": [9], "tokens": ["x"]}}})");
                   }),
                   {"9", "no token"}));
}

}  // namespace post_processing_test
}  // namespace radlads::text
