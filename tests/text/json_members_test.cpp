// SPDX-License-Identifier: Apache-2.0
// Errors of the readers of JSON members name the object, the key and what was found.

#include "radlads/text/json_members.hpp"
#include "support/temporary_directory.hpp"

#include <gtest/gtest.h>

namespace radlads::text::detail {
namespace json_members_test {

using test::error_of;
using test::says;

TEST(json_members, name_what_is_wrong) {
  const json object = {{"a", 1}, {"b", nullptr}, {"s", "text"}, {"t", true}};
  EXPECT_EQ(text_member(object, "s", "place"), "text");
  EXPECT_EQ(find_member(object, "b"), nullptr);
  EXPECT_EQ(find_member(json(3), "b"), nullptr);
  EXPECT_TRUE(flag_member(object, "t", false));
  EXPECT_TRUE(flag_member(object, "b", true));
  EXPECT_TRUE(says(error_of([&] { member(object, "none", "place"); }), {"'place'", "'none'"}));
  EXPECT_TRUE(says(error_of([&] { text_member(object, "a", "place"); }), {"'place.a'", "string"}));
  EXPECT_TRUE(says(error_of([&] { flag_member(object, "a", true); }), {"'a'", "true or false"}));
  EXPECT_TRUE(says(error_of([&] { id_from(json(2.5), "tok"); }), {"'tok'", "2.5", "integer"}));
}

TEST(json_members, list_a_sequence_or_its_only_step) {
  const json step = {{"type", "NFC"}};
  EXPECT_TRUE(sequence_of(nullptr, "steps", "place").empty());
  EXPECT_EQ(sequence_of(&step, "steps", "place").size(), 1u);
  const json list = {{"type", "Sequence"}, {"steps", {step, step}}};
  EXPECT_EQ(sequence_of(&list, "steps", "place").size(), 2u);
  const json nested = {{"type", "Sequence"}, {"steps", {list, {{"type", "NFD"}}, list}}};
  const auto steps = sequence_of(&nested, "steps", "place");
  ASSERT_EQ(steps.size(), 5u);
  EXPECT_EQ(*steps[2], json({{"type", "NFD"}}));
  const json wrong = {{"type", "Sequence"}, {"steps", "NFC"}};
  EXPECT_TRUE(
      says(error_of([&] { sequence_of(&wrong, "steps", "place"); }), {"'place.steps'", "array"}));
}

}  // namespace json_members_test
}  // namespace radlads::text::detail
