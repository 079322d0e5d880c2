// SPDX-License-Identifier: Apache-2.0
// Which tokens a post-processor puts around a text.

#include "radlads/text/post_processing.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
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

/// A template of the given tokens around a text; around two texts it has none.
std::string around(const std::string& before, const std::string& behind) {
  const auto token = [](const std::string& name) {
    return R"({"SpecialToken": {"id": ")" + name + R"(", "type_id": 0}})";
  };
  const auto sequence = [](const char* id) {
    return std::string(R"({"Sequence": {"type_id": 0, "id": ")") + id + R"("}})";
  };
  return R"({"type": "TemplateProcessing", "single": [)" +
         (before.empty() ? "" : token(before) + ",") + sequence("A") +
         (behind.empty() ? "" : "," + token(behind)) + R"(], "pair": [)" + sequence("A") + "," +
         sequence("B") + R"(], "special_tokens": {"<s>": {"ids": [1]}, "</s>": {"ids": [2]}}})";
}

const std::string roberta =
    R"({"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]})";
const std::string bert = R"({"type": "BertProcessing", "sep": ["</s>", 2], "cls": ["<s>", 1]})";

TEST_F(post_processing, of_several_steps_is_what_the_reference_library_makes) {
  const auto wrapped = [&](const std::string& steps) {
    ids_type ids{7};
    read((R"({"type": "Sequence", "processors": [)" + steps + "]}").c_str()).wrap(ids);
    return ids;
  };
  EXPECT_EQ(wrapped(roberta), (ids_type{1, 7, 2}));
  EXPECT_EQ(wrapped(bert), (ids_type{1, 7, 2}));
  EXPECT_EQ(wrapped(R"({"type": "ByteLevel"},)" + around("<s>", "")), (ids_type{1, 7}));
  EXPECT_EQ(wrapped(bert + "," + bert), (ids_type{1, 1, 7, 2, 2}));
  EXPECT_EQ(wrapped(roberta + "," + around("", "</s>")), (ids_type{1, 7, 2, 2}));
  EXPECT_EQ(wrapped(around("", "") + "," + around("", "</s>")), (ids_type{7, 2}));
  // A token and a text are two parts, for which the second template has none of its own.
  EXPECT_EQ(wrapped(around("<s>", "") + "," + around("", "</s>")), (ids_type{1, 7}));
  EXPECT_EQ(wrapped(around("", "</s>") + "," + bert), (ids_type{1, 7, 2, 2, 2}));
  EXPECT_EQ(wrapped(around("", "</s>") + "," + roberta), (ids_type{1, 7, 2, 2, 2, 2}));
  EXPECT_EQ(wrapped(around("<s>", "") + "," + roberta), (ids_type{1, 1, 2, 2, 7, 2}));
  EXPECT_EQ(wrapped(around("<s>", "</s>") + "," + roberta), (ids_type{1, 1, 2, 2, 7, 2, 2, 2, 2}));
  EXPECT_EQ(wrapped(around("<s>", "</s>") + "," + bert), (ids_type{1, 1, 2, 7, 2, 2, 2}));
}

TEST_F(post_processing, refuses_what_the_reference_library_does_not_do) {
  const auto error_for = [&](const std::string& text) {
    return error_of([&] { read(text.c_str()); });
  };
  EXPECT_TRUE(says(error_for(R"({"type": "Sequence", "processors": [)" + around("<s>", "</s>") +
                             "," + around("", "</s>") + "]}"),
                   {"3 parts", "one or two"}));
  EXPECT_TRUE(says(error_for(R"({"type": "TemplateProcessing", "single": []})"), {"0 times"}));
  const std::string text = R"({"Sequence": {"id": "A"}})";
  EXPECT_TRUE(
      says(error_for(R"({"type": "TemplateProcessing", "single": [)" + text + "," + text + "]}"),
           {"2 times"}));
  EXPECT_TRUE(
      says(error_for(R"({"type": "TemplateProcessing", "single": [{"Sequence": {"id": "B"}}]})"),
           {"'B'", "expected A"}));
  EXPECT_TRUE(
      says(error_for(R"({"type": "BertProcessing", "sep": ["</s>", 9], "cls": ["<s>", 1]})"),
           {"9", "no token"}));
  EXPECT_TRUE(says(error_for(R"({"type": "BertProcessing", "sep": 2, "cls": ["<s>", 1]})"),
                   {"'post_processor.sep'"}));
  EXPECT_TRUE(says(error_for(R"({"type": "Padding"})"), {"'Padding'", "RobertaProcessing"}));
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
